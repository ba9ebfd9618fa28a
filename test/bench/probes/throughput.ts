/**
 * Owns the measuring of throughput: how fast lines of a watch become committed, readable tasks, beside what only parsing them costs.
 */
import { get } from 'node:http';
import { LineSplitter } from '../../../src/kubernetes/lines.js';
import { command } from '../feeder-client.js';
import { measureLoopLag } from '../loop-lag.js';
import type { LoopLag } from '../loop-lag.js';
import { FIRST_VERSION, FLAPPED, FLAPPING, PodLines, stepOf } from '../pod-lines.js';
import { cpuSince, median } from '../statistics.js';
import { createSubject } from '../subject.js';
import type { Subject } from '../subject.js';
import type { ProbeInput } from '../surroundings.js';
import { profiled } from '../profile.js';

export interface ThroughputInput extends ProbeInput {
  /** Tasks of a round; each is told ten lines. */
  readonly tasks: number;
  readonly rounds: number;
  /** Tasks told before the first round, so that no round measures a cold process. */
  readonly warmUp: number;
  /** Tasks whose lines are parsed for the floor, before and after each round. */
  readonly floorTasks: number;
}

/** A rate, and the CPU of this process, all threads, for one of what it counts. */
interface Rate {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

export interface ThroughputFigures {
  readonly bytesPerLine: number;
  readonly pipeline: Rate;
  readonly floor: Rate;
  /** Receiving the same bytes over loopback and cutting them into lines. */
  readonly transport: Rate;
  /** Of each round: pipeline by floor. */
  readonly ratios: readonly number[];
  readonly lag: LoopLag;
}

export async function throughput(input: ThroughputInput): Promise<ThroughputFigures> {
  const { feeder, tasks, rounds, warmUp } = input;
  const pods = new PodLines(input.recordings, FLAPPING);
  const subject = createSubject(input.directory, feeder);
  await subject.start();
  await subject.synced();
  await command(feeder, 'prepare', { story: 'flapping', first: 0, tasks: warmUp, block: warmUp });
  await command(feeder, 'feed', {});
  let told = warmUp * pods.steps;
  await subject.changed(told);

  const pipelines: Rate[] = [];
  const floors: Rate[] = [];
  const transports: Rate[] = [];
  const lags: LoopLag[] = [];
  const ratios: number[] = [];
  let bytesPerLine = 0;
  for (let round = 0; round < rounds; round += 1) {
    const first = warmUp + round * tasks;
    const { lines, bytes } = await command(feeder, 'prepare', { story: 'flapping', first, tasks, block: tasks });
    bytesPerLine = bytes / lines;
    const before = parseOnly(pods, first, input.floorTasks);
    transports.push(await receiveOnly(feeder, lines));
    told += lines;
    const endLag = measureLoopLag();
    const pipeline = await profiled(input.profiles, 'throughput', () =>
      rateOf(lines, async () => {
        await command(feeder, 'feed', {});
        await subject.changed(told);
      }),
    );
    lags.push(endLag());
    const after = parseOnly(pods, first, input.floorTasks);
    check(subject, pods, first, tasks);
    pipelines.push(pipeline);
    floors.push(before, after);
    ratios.push(pipeline.perSecond / ((before.perSecond + after.perSecond) / 2));
  }
  await subject.stop();
  return {
    bytesPerLine,
    pipeline: medianOf(pipelines),
    floor: medianOf(floors),
    transport: medianOf(transports),
    ratios,
    lag: {
      p50: median(lags.map(({ p50 }) => p50)),
      p99: median(lags.map(({ p99 }) => p99)),
      max: Math.max(...lags.map(({ max }) => max)),
    },
  };
}

async function rateOf(count: number, work: () => Promise<void> | void): Promise<Rate> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  return { perSecond: count / seconds, cpuMicroseconds: cpuSince(cpu) / count };
}

/** The floor: JSON.parse of the same lines, as strings in memory, and nothing else. */
function parseOnly(pods: PodLines, first: number, tasks: number): Rate {
  const lines = Array.from({ length: tasks * pods.steps }, (_, index) => {
    const [task, step] = stepOf(index, tasks, pods.steps, tasks);
    return pods.line(first + task, step, FIRST_VERSION + index);
  });
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let parsed = 0;
  for (const line of lines) if (typeof JSON.parse(line) === 'object') parsed += 1;
  const seconds = (performance.now() - begun) / 1000;
  return { perSecond: parsed / seconds, cpuMicroseconds: cpuSince(cpu) / parsed };
}

async function receiveOnly(feeder: string, lines: number): Promise<Rate> {
  let received = 0;
  const rate = await rateOf(
    lines,
    () =>
      new Promise((resolve, reject) => {
        const outgoing = get(`${feeder}/-/lines`, (incoming) => {
          const splitter = new LineSplitter();
          incoming.on('data', (chunk: Buffer) => (received += splitter.push(chunk).length));
          incoming.on('end', resolve);
          incoming.on('error', reject);
        });
        outgoing.on('error', reject);
      }),
  );
  if (received !== lines) throw new Error(`${received} of ${lines} lines were received`);
  return rate;
}

const medianOf = (rates: readonly Rate[]): Rate => ({
  perSecond: median(rates.map(({ perSecond }) => perSecond)),
  cpuMicroseconds: median(rates.map(({ cpuMicroseconds }) => cpuMicroseconds)),
});

/** A pipeline that loses or garbles events is not fast. */
function check({ state }: Subject, pods: PodLines, first: number, tasks: number): void {
  for (let task = first; task < first + tasks; task += 1) {
    const found = state.task(pods.taskArn(task));
    if (found?.lastStatus !== FLAPPED.lastStatus || found.context.healthStatus !== FLAPPED.healthStatus) {
      throw new Error(`task ${task} is ${found?.lastStatus} and ${found?.context.healthStatus} after its last line`);
    }
  }
}

/**
 * Owns what the bench measures: each measurement by its name, its size, and the rows that it gives.
 */
import { command } from './feeder-client.js';
import { withFeeder } from './processes.js';
import { countRollout } from './rollout.js';
import type { Row, Section } from './report.js';
import type { Surroundings } from './surroundings.js';

export interface Sizes {
  readonly throughput: {
    readonly tasks: number;
    readonly rounds: number;
    readonly warmUp: number;
    readonly floorTasks: number;
  };
  readonly lag: { readonly tasks: number; readonly block: number; readonly rate: number };
  readonly populations: readonly number[];
  readonly api: { readonly tasks: number; readonly milliseconds: number };
  readonly rollout: { readonly replicas: number };
}

/** Under three minutes in all. */
export const FULL: Sizes = {
  throughput: { tasks: 5_000, rounds: 3, warmUp: 1_000, floorTasks: 1_000 },
  lag: { tasks: 2_500, block: 250, rate: 1_000 },
  populations: [1_000, 10_000, 100_000],
  api: { tasks: 10_000, milliseconds: 2_000 },
  rollout: { replicas: 100 },
};
/** A smoke test: every row, no figure worth anything. */
export const QUICK: Sizes = {
  throughput: { tasks: 300, rounds: 1, warmUp: 100, floorTasks: 100 },
  lag: { tasks: 100, block: 50, rate: 1_000 },
  populations: [500],
  api: { tasks: 500, milliseconds: 150 },
  rollout: { replicas: 10 },
};

type Measurement = (sizes: Sizes, surroundings: Surroundings) => Promise<Section>;

const throughput: Measurement = async ({ throughput: size }, surroundings) => {
  const figures = await withFeeder(surroundings, (run) => run('throughput', size));
  const { pipeline, floor, transport, lag, ratios, bytesPerLine } = figures;
  const parse = (value: number) => ({ what: 'JSON.parse of the same lines', value });
  return {
    name: 'throughput',
    what:
      `${size.tasks} tasks × 10 pod changes of ${Math.round(bytesPerLine)} bytes, as fast as they are taken: watch over HTTP → decoded → observed → actor → ` +
      `committed → readable; median of ${ratios.length} (ratios ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
    rows: [
      {
        figure: 'events per second',
        value: pipeline.perSecond,
        unit: '/s',
        floor: parse(floor.perSecond),
        aim: '≥ 0.60 ×',
      },
      { figure: 'CPU per event', value: pipeline.cpuMicroseconds, unit: 'µs', floor: parse(floor.cpuMicroseconds) },
      { figure: 'transport and split only', value: transport.perSecond, unit: '/s', floor: parse(floor.perSecond) },
      { figure: 'CPU of that', value: transport.cpuMicroseconds, unit: 'µs', floor: parse(floor.cpuMicroseconds) },
      { figure: 'event-loop lag p50', value: lag.p50, unit: 'ms' },
      { figure: 'event-loop lag p99', value: lag.p99, unit: 'ms', aim: '≤ 50 ms' },
      { figure: 'event-loop lag max', value: lag.max, unit: 'ms' },
    ],
    leavesOut: [
      'TLS and gzip; Events; pods of several containers; a cluster that makes lines slower than they are taken',
    ],
  };
};

const lag: Measurement = async ({ lag: size }, surroundings) => {
  const { fromArrival, fromSending, commit, loop, samples, rate } = await withFeeder(surroundings, (run) =>
    run('lag', size),
  );
  const durable = (value: number) => ({ what: 'one durable commit of an idle store', value });
  return {
    name: 'lag',
    what: `${size.tasks} tasks come, run, are stopped and go at ${Math.round(rate)} pod changes a second; ${samples} transitions, each until a reader of durable state sees it`,
    rows: [
      { figure: 'from arrival, p50', value: fromArrival.p50, unit: 'ms', floor: durable(commit.p50) },
      { figure: 'from arrival, p99', value: fromArrival.p99, unit: 'ms', floor: durable(commit.p99), aim: '≤ 50 ms' },
      { figure: 'from arrival, max', value: fromArrival.max, unit: 'ms' },
      { figure: 'from sending, p50', value: fromSending.p50, unit: 'ms', floor: durable(commit.p50) },
      { figure: 'from sending, p99', value: fromSending.p99, unit: 'ms', floor: durable(commit.p99) },
      { figure: 'event-loop lag p99', value: loop.p99, unit: 'ms' },
    ],
    leavesOut: ['the way of a change through the API server and the network; a disk that others write to'],
  };
};

const population: Measurement = async ({ populations }, surroundings) => {
  const rows: Row[] = [];
  for (const tasks of populations) rows.push(...(await measurePopulation(tasks, surroundings)));
  return {
    name: 'population',
    what: 'running tasks at rest: first list, heap after garbage collection, restart with and without a new list, and what is left of each when its pod is deleted',
    rows,
    leavesOut: ['a cold page cache; the recovery of a damaged store; the heap of clients and streams'],
  };
};

async function measurePopulation(tasks: number, surroundings: Surroundings): Promise<readonly Row[]> {
  return withFeeder(surroundings, async (run, feeder) => {
    await command(feeder, 'list', { tasks });
    const cold = await run('cold', { tasks });
    const resumed = await run('restart', { tasks });
    await command(feeder, 'expire', {});
    const relisted = await run('restart', { tasks });
    const stopped = await run('stopped', { tasks });
    const of = (what: string): string => `${tasks.toLocaleString('en-GB').replaceAll(',', ' ')} tasks: ${what}`;
    const parse = { what: 'JSON.parse of its pods', value: (cold.parsePerPod * tasks) / 1000 };
    const read = { what: 'read and parse every row', value: resumed.readAll / 1000 };
    return [
      { figure: of('first list to ready'), value: cold.ready / 1000, unit: 's', floor: parse },
      { figure: of('heap per live task'), value: cold.heapPerLiveTask / 1024, unit: 'KiB' },
      { figure: of('RSS then'), value: cold.rss / 2 ** 20, unit: 'MiB' },
      { figure: of('restart to ready'), value: resumed.ready / 1000, unit: 's', floor: read },
      { figure: of('… from process start'), value: resumed.sinceProcess / 1000, unit: 's' },
      { figure: of('heap per quiet task'), value: resumed.heapPerTask / 1024, unit: 'KiB' },
      { figure: of('restart to ready, relist'), value: relisted.ready / 1000, unit: 's', floor: { ...parse } },
      { figure: of('heap per stopped task'), value: stopped.heapPerStoppedTask / 1024, unit: 'KiB' },
    ];
  });
}

const api: Measurement = async ({ api: size }, surroundings) => {
  const operations = await withFeeder(surroundings, async (run, feeder) => {
    await command(feeder, 'list', { tasks: size.tasks });
    return run('api', size);
  });
  return {
    name: 'api',
    what: `the ECS API with ${size.tasks} running tasks: one caller, then eight`,
    rows: operations.flatMap(({ name, alone, together, floor }): readonly Row[] => {
      const bare = `bare node:http, ${Math.round(floor.bytesPerAnswer)} bytes`;
      const rate = ({ calls, milliseconds }: typeof floor): number => (calls * 1000) / milliseconds;
      return [
        { figure: `${name}: p50 alone`, value: alone.latency.p50, unit: 'ms' },
        { figure: `${name}: p99 alone`, value: alone.latency.p99, unit: 'ms' },
        {
          figure: `${name}: p99 of eight`,
          value: together.latency.p99,
          unit: 'ms',
          floor: { what: bare, value: floor.latency.p99 },
        },
        {
          figure: `${name}: calls per second`,
          value: rate(together),
          unit: '/s',
          floor: { what: bare, value: rate(floor) },
        },
      ];
    }),
    leavesOut: ['reads while the cluster changes; SigV4, which is not checked; clients on other machines'],
  };
};

const rollout: Measurement = async ({ rollout: { replicas } }) => {
  const { told, written, commits } = await countRollout(replicas);
  return {
    name: 'rollout',
    what: `a service of ${replicas} replicas is created, and all of them are replaced, ten times as fast as life: how often the service is written`,
    rows: [
      {
        figure: 'writes of the service',
        value: written,
        unit: '',
        floor: { what: 'changes that the cluster told of it', value: told },
        aim: '≤ 1 ×',
      },
      { figure: 'writes a replica', value: written / replicas, unit: '' },
      { figure: 'commits', value: commits, unit: '' },
    ],
    leavesOut: ['Events; a cluster that is so slow that each change is a turn of its own'],
  };
};

export const MEASUREMENTS = { throughput, lag, population, api, rollout } as const satisfies Readonly<
  Record<string, Measurement>
>;
export type MeasurementName = keyof typeof MEASUREMENTS;

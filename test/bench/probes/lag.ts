/**
 * Owns the measuring of lag: how long after a line came, and after it was sent, a reader sees what it changed, durable, at a steady rate.
 *
 * Each sample is one transition of a task, from the arrival of its line's last byte in this process to the call of a listener of committed state.
 */
import type { Readable } from 'node:stream';
import { Connection } from '../../../src/kubernetes/connection.js';
import type { RequestOptions } from '../../../src/kubernetes/connection.js';
import type { HttpResponse } from '../../../src/kubernetes/http-client.js';
import { openStore } from '../../../src/store/open-store.js';
import { command } from '../feeder-client.js';
import { measureLoopLag } from '../loop-lag.js';
import type { LoopLag } from '../loop-lag.js';
import { machineTime } from '../machine-time.js';
import { LIFE, LIFE_STATUSES, PodLines, lineOf } from '../pod-lines.js';
import { profiled } from '../profile.js';
import { percentile } from '../statistics.js';
import { createSubject } from '../subject.js';
import type { ProbeInput } from '../surroundings.js';

export interface LagInput extends ProbeInput {
  /** Tasks that live, each through eight lines. */
  readonly tasks: number;
  /** Tasks that are alive at a time. */
  readonly block: number;
  /** Lines a second. */
  readonly rate: number;
}

/** Milliseconds. */
export interface Lag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LagFigures {
  readonly samples: number;
  /** Lines a second that the feeder achieved. */
  readonly rate: number;
  readonly fromArrival: Lag;
  readonly fromSending: Lag;
  /** One small commit of an idle store, synced to disk: nothing durable can be quicker. */
  readonly commit: Lag;
  readonly loop: LoopLag;
}

/** Commits by which the floor is measured. */
const FLOOR_COMMITS = 200;

export async function lag(input: LagInput): Promise<LagFigures> {
  const { feeder, tasks, block } = input;
  const pods = new PodLines(input.recordings, LIFE);
  const commit = await commitFloor(`${input.directory}-floor`);
  const arrivals: number[] = [];
  const seen = new Map<number, number>();
  const subject = createSubject(input.directory, feeder, (options) => new ListeningConnection(options, arrivals));
  await subject.start();
  await subject.synced();
  subject.state.onTransitions((transitions) => {
    const now = machineTime();
    for (const { taskArn, to } of transitions) {
      seen.set(lineOf(pods.taskOf(taskArn), LIFE_STATUSES.indexOf(to as never), pods.steps, block), now); // -1 is refused below
    }
  });
  const { lines } = await command(feeder, 'prepare', { story: 'life', first: 0, tasks, block });
  const endLoop = measureLoopLag();
  const sent = await profiled(input.profiles, 'lag', async () => {
    const fed = await command(feeder, 'feed', { rate: input.rate });
    await subject.changed(lines);
    return fed.sent;
  });
  const loop = endLoop();
  await subject.stop();

  const expected = tasks * LIFE_STATUSES.filter((status) => status !== undefined).length;
  if (seen.size !== expected || seen.has(-1)) throw new Error(`${seen.size} of ${expected} transitions were seen`);
  const since = (starts: readonly number[]): Lag => lagOf(Array.from(seen, ([line, at]) => at - (starts[line] ?? 0)));
  const elapsed = ((sent.at(-1) ?? 0) - (sent[0] ?? 0)) / 1000;
  return {
    samples: seen.size,
    rate: lines / elapsed,
    fromArrival: since(arrivals),
    fromSending: since(sent),
    commit,
    loop,
  };
}

const lagOf = (values: readonly number[]): Lag => ({
  p50: percentile(values, 0.5),
  p99: percentile(values, 0.99),
  max: values.reduce((most, value) => Math.max(most, value), 0),
});

async function commitFloor(directory: string): Promise<Lag> {
  const store = await openStore({ directory, writer: 'bench', now: () => Date.now() });
  const durations: number[] = [];
  for (let index = 0; index < FLOOR_COMMITS; index += 1) {
    const begun = performance.now();
    await store.commit([{ table: 'cursors', key: 'bench', value: String(index) }]);
    durations.push(performance.now() - begun);
  }
  await store.close();
  return lagOf(durations);
}

/** Notes when the last byte of each line of the pods' watch came. */
class ListeningConnection extends Connection {
  readonly #arrivals: number[];

  constructor(options: ConstructorParameters<typeof Connection>[0], arrivals: number[]) {
    super(options);
    this.#arrivals = arrivals;
  }

  override async request(method: string, path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    const response = await super.request(method, path, options);
    const { query } = options;
    if (query?.['watch'] === true && String(query['labelSelector']).startsWith('kecs.dev/'))
      this.#listen(response.body);
    return response;
  }

  /** Where the parser of HTTP puts what came: a listener for `data` would take it from the reader. */
  #listen(body: Readable): void {
    const push = body.push.bind(body);
    body.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      const now = machineTime();
      if (Buffer.isBuffer(chunk))
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.#arrivals.push(now);
      return push(chunk, encoding);
    };
  }
}

/**
 * Owns the measuring of many tasks at rest: the first list of a cluster, the heap that a live and a stopped task takes, and the way back
 * after a restart, with and without a new list.
 */
import { openStore } from '../../../src/store/open-store.js';
import { command } from '../feeder-client.js';
import { FIRST_VERSION, FLAPPING, PodLines, READY_STEP } from '../pod-lines.js';
import { profiled } from '../profile.js';
import { createSubject } from '../subject.js';
import type { Subject } from '../subject.js';
import type { ProbeInput } from '../surroundings.js';

export interface PopulationInput extends ProbeInput {
  readonly tasks: number;
}

export interface ColdFigures {
  /** From the start of the sidecar to ready, every task listed and committed, in milliseconds. */
  readonly ready: number;
  /** JSON.parse of one listed pod, in milliseconds. */
  readonly parsePerPod: number;
  readonly heapPerLiveTask: number;
  readonly rss: number;
}

/** A store that is new: list everything; weigh it. */
export async function cold({ feeder, directory, tasks, recordings, profiles }: PopulationInput): Promise<ColdFigures> {
  const parsePerPod = parseFloor(recordings, Math.min(tasks, 2_000));
  const subject = createSubject(directory, feeder);
  const empty = heap();
  const ready = await profiled(profiles, 'first-list', () => untilReady(subject));
  if (count(subject.state.tasks()) !== tasks) throw new Error('not every listed pod became a task');
  const heapPerLiveTask = (heap() - empty) / tasks;
  const { rss } = process.memoryUsage();
  await subject.stop();
  return { ready, parsePerPod, heapPerLiveTask, rss };
}

export interface RestartFigures {
  /** From the start of the sidecar to ready, in milliseconds. */
  readonly ready: number;
  /** From the start of the process. */
  readonly sinceProcess: number;
  /** Of one quiet task after it: known, and without an actor. */
  readonly heapPerTask: number;
  /** Reading and parsing every row of the store, in milliseconds: what a restart has to do at least. */
  readonly readAll: number;
}

/** A store that knows every task; the watches go on where they were, or (when the feeder was told to) begin with a list. */
export async function restart({ feeder, directory, tasks, profiles }: PopulationInput): Promise<RestartFigures> {
  const subject = createSubject(directory, feeder);
  const empty = heap();
  const ready = await profiled(profiles, 'restart', () => untilReady(subject));
  const sinceProcess = performance.now();
  if (count(subject.state.tasks()) !== tasks) throw new Error('not every persisted task came back');
  const heapPerTask = (heap() - empty) / tasks;
  await subject.stop();
  return { ready, sinceProcess, heapPerTask, readAll: await readFloor(directory) };
}

export interface StoppedFigures {
  readonly heapPerStoppedTask: number;
}

/** Every pod is deleted; what is left in memory of its task is weighed. */
export async function stopped({ feeder, directory, tasks }: PopulationInput): Promise<StoppedFigures> {
  const subject = createSubject(directory, feeder);
  const empty = heap();
  await subject.start();
  await subject.synced();
  const { lines } = await command(feeder, 'prepare', {
    story: 'flapping',
    first: 0,
    tasks,
    block: tasks,
    deleted: true,
  });
  await command(feeder, 'feed', {});
  await subject.changed(lines);
  for (const { lastStatus } of subject.state.tasks())
    if (lastStatus !== 'STOPPED') throw new Error(`a deleted pod's task is ${lastStatus}`);
  const heapPerStoppedTask = (heap() - empty) / tasks;
  await subject.stop();
  return { heapPerStoppedTask };
}

/** Milliseconds from the start to ready, with all that was listed committed. */
async function untilReady(subject: Subject): Promise<number> {
  const begun = performance.now();
  await subject.start();
  await subject.synced();
  await subject.committed();
  return performance.now() - begun;
}

/** What is alive, in bytes. */
function heap(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('the bench must be run with --expose-gc');
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

function count(items: Iterable<unknown>): number {
  let total = 0;
  for (const _ of items) total += 1;
  return total;
}

function parseFloor(recordings: string, pods: number): number {
  const lines = new PodLines(recordings, FLAPPING);
  const items = Array.from({ length: pods }, (_, task) => lines.item(task, READY_STEP, FIRST_VERSION + task));
  const begun = performance.now();
  for (const item of items) JSON.parse(item);
  return (performance.now() - begun) / pods;
}

async function readFloor(directory: string): Promise<number> {
  const store = await openStore({ directory, writer: 'bench', now: () => Date.now() });
  const begun = performance.now();
  for (const { value } of store.range('snapshots')) JSON.parse(value);
  const duration = performance.now() - begun;
  await store.close();
  return duration;
}

/**
 * Owns the lives of the crash tests' pods: what real pods went through (test/recordings), told again under other names, many at once and
 * mixed, in an order that a seed decides.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEPLOYMENTS, EVENTS, PODS, REPLICASETS, VERSION_MARK, type Change } from './scripted-cluster.js';

const DIRECTORY = join(import.meta.dirname, '../recordings');

/** A number from 0 inclusive to 1 exclusive; the same seed gives the same numbers (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One pod, from its creation to what the recording last saw of it. */
export interface Life {
  readonly recording: string;
  readonly taskId: string;
  readonly taskArn: string;
  readonly changes: readonly Change[];
  /** The lastStatus values that its task must go through, as a person read them from the recording (expected.json). */
  readonly path: readonly string[];
}

interface RecordedLine {
  readonly t: number;
  readonly event: {
    readonly type: string;
    readonly object: {
      readonly metadata: {
        readonly name: string;
        readonly namespace: string;
        readonly uid: string;
        readonly resourceVersion: string;
        readonly labels?: Readonly<Record<string, string>>;
      };
      readonly involvedObject?: { readonly kind: string; readonly uid?: string };
    };
  };
}

/** The lines of a recording's file; these are files of this repository, whose form its README promises. */
const linesOf = (recording: string, file: string): readonly RecordedLine[] =>
  readFileSync(join(DIRECTORY, recording, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedLine);

interface Expected {
  readonly tasks: readonly { readonly history: readonly { readonly to: string }[] }[];
}

/**
 * The life of a recording's first pod, told of the pod number `number`.
 *
 * @param withEvents the Events about it too, where they stood in the recording.
 */
export function lifeOf(recording: string, number: number, withEvents: boolean): Life {
  const lines = linesOf(recording, 'pods.jsonl').filter(({ event }) => event.type !== 'BOOKMARK');
  const pod = lines[0]?.event.object.metadata;
  if (pod === undefined) throw new Error(`The recording ${recording} has no pod.`);
  const pods = lines.filter(({ event }) => event.object.metadata.uid === pod.uid);
  const events = withEvents ? linesOf(recording, 'events.jsonl') : [];
  const taskId = number.toString(16).padStart(32, '0');
  const uid = `00000000-0000-0000-0000-${taskId.slice(20)}`;
  // A service's pod has its task's id in a label alone.
  const formerId = pod.labels?.['kecs.dev/task-id'] ?? pod.name;
  const cluster = pod.labels?.['kecs.dev/cluster'] ?? '';
  const renamed = (text: string): string =>
    text
      .replaceAll(pod.name, taskId)
      .replaceAll(formerId, taskId)
      .replaceAll(pod.uid, uid)
      // One cluster for all: a reader asks cluster by cluster.
      .replaceAll(`${cluster}-us-east-1`, 'default-us-east-1')
      .replaceAll(`"kecs.dev/cluster":"${cluster}"`, '"kecs.dev/cluster":"default"')
      .replaceAll(`:task/${cluster}/`, ':task/default/')
      .replaceAll(`:service/${cluster}/`, ':service/default/');
  const changes = inOrder([
    ...pods.map((line) => ({ line, collection: PODS }) as const),
    ...events
      .filter(({ event }) => event.object.involvedObject?.uid === pod.uid)
      .map((line) => ({ line, collection: EVENTS }) as const),
  ]).map((change) => ({ ...change, key: renamed(change.key), json: renamed(change.json) }));
  const expected = JSON.parse(readFileSync(join(DIRECTORY, recording, 'expected.json'), 'utf8')) as Expected; // likewise
  return {
    recording,
    taskId,
    taskArn: `arn:aws:ecs:us-east-1:000000000000:task/default/${taskId}`,
    changes,
    path: expected.tasks[0]?.history.map(({ to }) => to) ?? [],
  };
}

/** Recordings of one pod each, among them every way to end. */
const RECORDINGS = [
  'task-success',
  'task-exit-3',
  'task-fast-exit',
  'stop-sigterm-0',
  'stop-sigterm-143',
  'stop-sigkill',
  'stop-prestop',
  'stop-while-unscheduled',
  'oom',
  'start-error',
  'init-failure',
  'init-success',
  'multi-all-succeed',
  'multi-sidecar-fails',
  'multi-one-image-missing',
  'deadline-exceeded',
  'evicted-storage',
  'image-missing',
  'crash-always',
  'readiness-flapping',
] as const;

/** Lines of several streams as changes, in the order in which they were received. */
const inOrder = (
  lines: readonly { readonly line: RecordedLine; readonly collection: Change['collection'] }[],
): readonly Change[] =>
  lines
    .filter(({ line: { event } }) => event.type !== 'BOOKMARK')
    .toSorted((a, b) => a.line.t - b.line.t)
    .map(({ line: { event }, collection }): Change => {
      const { metadata, involvedObject } = event.object;
      return {
        collection,
        // What is not a bookmark is one of these three.
        type: event.type as Change['type'],
        key: `${metadata.namespace}/${metadata.name}`,
        labels: metadata.labels ?? {},
        ...(involvedObject !== undefined && { fields: { 'involvedObject.kind': involvedObject.kind } }),
        json: JSON.stringify(event.object).replace(`"resourceVersion":"${metadata.resourceVersion}"`, VERSION_MARK),
      };
    });

/** What became of a whole service: its Deployment, ReplicaSets and pods, and the Events about them, under their own names. */
export function serviceLife(recording: string): readonly Change[] {
  const streams = [
    ['deployments.jsonl', DEPLOYMENTS],
    ['replicasets.jsonl', REPLICASETS],
    ['pods.jsonl', PODS],
    ['events.jsonl', EVENTS],
  ] as const;
  return inOrder(
    streams.flatMap(([file, collection]) => linesOf(recording, file).map((line) => ({ line, collection }))),
  );
}

/** So many lives, one recording after the other, under the numbers from 1. */
export const livesFor = (count: number, withEvents: boolean): readonly Life[] =>
  Array.from({ length: count }, (_, index) =>
    lifeOf(RECORDINGS[index % RECORDINGS.length] ?? 'task-success', index + 1, withEvents),
  );

/** The changes of all lives, mixed: each life in its own order, and about `together` of them going on at a time. */
export function mixed(
  lives: readonly Pick<Life, 'changes'>[],
  together: number,
  random: () => number,
): readonly Change[] {
  const waiting = lives.map(({ changes }) => [...changes]);
  const living: Change[][] = [];
  const order: Change[] = [];
  for (;;) {
    while (living.length < together) {
      const next = waiting.shift();
      if (next === undefined) break;
      living.push(next);
    }
    const index = Math.floor(random() * living.length);
    const change = living[index]?.shift();
    if (change === undefined) return order;
    order.push(change);
    if (living[index]?.length === 0) living.splice(index, 1);
  }
}

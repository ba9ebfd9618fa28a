/**
 * Owns the pods that the bench watches: recorded lines of a real cluster, told again of as many tasks as are wanted.
 *
 * A line is a recorded one byte for byte, but for what makes it another pod's: name, uid, task id, service, resourceVersion, pod IP, container id, every instant
 * (moved to the present, and apart by up to {@link SPREAD}), and an environment of twelve variables with its managedFields, which the recorded
 * pods lack and a task definition has.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A life to tell: which pod of which recording, and how many of its lines. */
export interface Story {
  readonly recording: string;
  /** Which of its pods, in the order of their first lines. */
  readonly pod: number;
  readonly lines: number;
}

/** A service's task comes up, and its readiness fails and comes back until the story ends: ten lines, of which nine change its task. */
export const FLAPPING: Story = { recording: 'readiness-flapping', pod: 0, lines: 10 };
/** A task comes up, is stopped and goes: eight lines; see {@link LIFE_STATUSES}. */
export const LIFE: Story = { recording: 'stop-sigterm-143', pod: 0, lines: 8 };

/** The lastStatus that each line of {@link LIFE} leads to; undefined where it leads nowhere else. */
export const LIFE_STATUSES = [
  'PROVISIONING',
  undefined,
  'PENDING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;
/** The line of {@link FLAPPING} that shows a running, ready pod. */
export const READY_STEP = 4;
/** What the last line of {@link FLAPPING} leaves. */
export const FLAPPED = { lastStatus: 'RUNNING', healthStatus: 'UNHEALTHY' } as const;

/** The first resourceVersion of a told line; lists are older. */
export const FIRST_VERSION = 1_000_000;

/** Tasks of one service; they are neighbours, as those of a deployment are. */
export const TASKS_PER_SERVICE = 10;
/** How far apart the pods of a story are created, in seconds. */
const SPREAD = 600;

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['APP_ENV', 'production'],
  ['AWS_REGION', 'us-east-1'],
  ['CACHE_URL', 'redis://cache.internal:6379/0'],
  ['DATABASE_HOST', 'orders.cluster-c0ffee.internal'],
  ['DATABASE_NAME', 'orders'],
  ['DATABASE_PORT', '5432'],
  ['DATABASE_USER', 'orders-service'],
  ['FEATURE_FLAGS', 'checkout-v2,express-refunds'],
  ['HTTP_PORT', '8080'],
  ['LOG_LEVEL', 'info'],
  ['QUEUE_URL', 'http://queue.internal:4566/000000000000/orders'],
  ['TRACE_SAMPLE_RATE', '0.05'],
];

type Field = 'name' | 'uid' | 'taskId' | 'version' | 'ip' | 'container' | 'service' | 'replicaSetUid';
/** A text that is the same in every line, a field of the task, or an instant in epoch milliseconds. */
type Piece = string | { readonly field: Field } | { readonly instant: number };

/** The lines of one story, ready to be told of any task. */
export class PodLines {
  readonly #steps: readonly (readonly Piece[])[];
  readonly #namePrefix: string;
  /** From the recording's time to the present, in milliseconds: what ended hours ago would be forgotten at once. */
  readonly #shift: number;
  /** The ARN of a task of this story, without its id. */
  readonly arnPrefix: string;
  readonly clusterArn: string;

  /** @param recordings the directory of the recordings */
  constructor(recordings: string, story: Story) {
    const texts = readPod(join(recordings, story.recording, 'pods.jsonl'), story.pod).slice(0, story.lines);
    if (texts.length < story.lines) throw new Error(`${story.recording} has fewer than ${story.lines} lines of a pod`);
    const { name, taskId, cluster, namePrefix, createdAt } = describePod(texts);
    this.#namePrefix = namePrefix;
    this.#shift = Math.floor((Date.now() - createdAt) / 1000) * 1000 - SPREAD * 1000;
    this.arnPrefix = `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/`;
    this.clusterArn = `arn:aws:ecs:us-east-1:000000000000:cluster/${cluster}`;
    this.#steps = texts.map((text) => compile(withEnvironment(text), { name, taskId }));
  }

  /** Lines of one task. */
  get steps(): number {
    return this.#steps.length;
  }

  taskId(task: number): string {
    return hex(task, 32);
  }

  taskArn(task: number): string {
    return this.arnPrefix + this.taskId(task);
  }

  /** The number of the task with this ARN. */
  taskOf(taskArn: string): number {
    return Number.parseInt(taskArn.slice(this.arnPrefix.length), 16);
  }

  /** The watch event of one step of one task, without its newline. */
  line(task: number, step: number, version: number): string {
    const taskId = this.taskId(task);
    const values: Readonly<Record<Field, string>> = {
      taskId,
      name: this.#namePrefix === '' ? taskId : this.#namePrefix + task.toString(36).padStart(5, '0'),
      uid: `${hex(task, 8)}-5d17-4460-8a0d-beea66473c88`,
      version: String(version),
      ip: `10.${128 + (task >> 16)}.${(task >> 8) & 255}.${task & 255}`,
      container: hex(task, 64),
      service: `web-${Math.floor(task / TASKS_PER_SERVICE)}`,
      replicaSetUid: `${hex(Math.floor(task / TASKS_PER_SERVICE), 8)}-949f-443a-b614-b3c53a5f686c`,
    };
    let text = '';
    for (const piece of this.#steps[step] ?? []) {
      if (typeof piece === 'string') text += piece;
      else if ('field' in piece) text += values[piece.field];
      else text += `${new Date(piece.instant + this.#shift + (task % SPREAD) * 1000).toISOString().slice(0, 19)}Z`;
    }
    return text;
  }

  /** The object of a line as a list has it: without kind and apiVersion. */
  item(task: number, step: number, version: number): string {
    const line = this.line(task, step, version);
    return `{${line.slice(line.indexOf('"metadata":'), -1)}`;
  }
}

/** The place of a task's step among the lines of `tasks` tasks that are told in blocks: step by step, each of every task of the block. */
export function lineOf(task: number, step: number, steps: number, block: number): number {
  return Math.floor(task / block) * block * steps + step * block + (task % block);
}

/** The inverse of {@link lineOf}; every block but the last must be full. */
export function stepOf(
  line: number,
  tasks: number,
  steps: number,
  block: number,
): readonly [task: number, step: number] {
  const first = Math.floor(line / (block * steps)) * block;
  const size = Math.min(block, tasks - first);
  const within = line - first * steps;
  return [first + (within % size), Math.floor(within / size)];
}

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

/** The wire bytes of one pod's lines: what a recording holds under `event`. */
function readPod(path: string, which: number): readonly string[] {
  const byUid = new Map<string, string[]>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const text = line.slice(line.indexOf('"event":') + '"event":'.length, line.lastIndexOf('}'));
    const uid = /"uid":"([^"]+)","resourceVersion"/.exec(text)?.[1];
    if (uid === undefined) continue;
    byUid.set(uid, [...(byUid.get(uid) ?? []), text]);
  }
  return [...byUid.values()][which] ?? [];
}

function describePod(texts: readonly string[]): {
  readonly name: string;
  readonly taskId: string;
  readonly cluster: string;
  readonly namePrefix: string;
  readonly createdAt: number;
} {
  const [first = ''] = texts;
  const found = (pattern: RegExp): string => pattern.exec(first)?.[1] ?? '';
  return {
    name: found(/"metadata":\{"name":"([^"]+)"/),
    taskId: found(/"kecs\.dev\/task-id":"([^"]+)"/),
    cluster: found(/"kecs\.dev\/cluster":"([^"]+)"/),
    namePrefix: found(/"generateName":"([^"]+)"/),
    createdAt: Date.parse(found(/"creationTimestamp":"([^"]+)"/)),
  };
}

/** As the API server prints it: `env` follows `command`, and managedFields name each variable. */
function withEnvironment(text: string): string {
  const variables = ENVIRONMENT.map(([name, value]) => JSON.stringify({ name, value })).join(',');
  const owned = ENVIRONMENT.map(([name]) => `"k:{\\"name\\":\\"${name}\\"}":{".":{},"f:name":{},"f:value":{}}`).join(
    ',',
  );
  return text
    .replace('"f:command":{},', `"f:command":{},"f:env":{".":{},${owned}},`)
    .replace('],"resources":{', `],"env":[${variables}],"resources":{`);
}

function compile(text: string, pod: { readonly name: string; readonly taskId: string }): readonly Piece[] {
  const found = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';
  const uid = found(/"uid":"([^"]+)","resourceVersion"/);
  const service = found(/"kecs\.dev\/service":"([^"]+)"/);
  const replicaSetUid = found(/"kind":"ReplicaSet","name":"[^"]+","uid":"([^"]+)"/);
  const patterns: Readonly<Record<Field | 'instant', string>> = {
    taskId: pod.taskId,
    name: pod.name,
    uid,
    version: String.raw`(?<="resourceVersion":")\d+`,
    ip: String.raw`10\.244\.\d+\.\d+`,
    container: String.raw`(?<=containerd://)[0-9a-f]{64}`,
    // A RunTask pod has neither of these two.
    service: `(?<="kecs.dev/service":"|:service/[^/"]+/)${service || '(?!)'}(?=")`,
    replicaSetUid: replicaSetUid || '(?!)',
    instant: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
  };
  const pattern = new RegExp(
    Object.entries(patterns)
      .map(([name, source]) => `(?<${name}>${source})`)
      .join('|'),
    'g',
  );
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [name] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    pieces.push(text.slice(end, match.index));
    pieces.push(name === 'instant' ? { instant: Date.parse(match[0]) } : { field: name as Field }); // the groups are named by it
    end = match.index + match[0].length;
  }
  return [...pieces, text.slice(end)];
}

/**
 * Owns the reader of the crash tests: somebody who asks the ECS API again and again, remembers every answer, also from before the
 * process was killed, and says so when a later one contradicts an earlier.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LAST_STATUSES } from '../../machines/task/task.types.js';

export type Json = Readonly<Record<string, unknown>>;

/** One row of a task's history, as the API gives it. */
export interface HistoryRow {
  readonly from: string | null;
  readonly to: string;
  readonly at: number;
  readonly version: number;
  readonly cause: string;
}

/** A task and its history. */
export interface Seen {
  readonly task: Json;
  readonly history: readonly HistoryRow[];
}

/** Written once (T6). pullStoppedAt is that of the last pull. */
const INSTANTS = ['createdAt', 'pullStartedAt', 'startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt'] as const;

const PREFIX = 'AmazonEC2ContainerServiceV20141113.';

export async function ask(url: string, operation: string, input: Json): Promise<Json> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${PREFIX}${operation}` },
    body: JSON.stringify(input),
  });
  const answer = (await response.json()) as Json; // JSON of the ECS API, whose fields are read as unknown
  if (!response.ok) throw new Error(`${operation} failed: ${JSON.stringify(answer)}`);
  return answer;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * Every task that can be described, in all clusters, with its history.
 *
 * @param known what this same process answered before: the history of a task whose version has not changed is not read again.
 */
export async function readAll(url: string, known?: ReadonlyMap<string, Seen>): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>();
  const { clusterArns } = await ask(url, 'ListClusters', {});
  for (const cluster of list(clusterArns)) {
    for (const desiredStatus of ['RUNNING', 'STOPPED']) {
      let nextToken: unknown;
      do {
        const page = await ask(url, 'ListTasks', { cluster, desiredStatus, ...(nextToken ? { nextToken } : {}) });
        nextToken = page['nextToken'];
        const arns = list(page['taskArns']);
        if (arns.length === 0) continue;
        const { tasks } = await ask(url, 'DescribeTasks', { cluster, tasks: arns });
        // Tasks of the ECS API are objects.
        for (const task of list(tasks) as readonly Json[]) {
          const taskArn = String(task['taskArn']);
          const before = known?.get(taskArn);
          const history =
            before?.task['version'] === task['version'] ? before?.history : await readHistory(url, taskArn);
          seen.set(taskArn, { task, history: history ?? [] });
        }
      } while (nextToken !== undefined);
    }
  }
  return seen;
}

export async function readHistory(url: string, taskArn: string): Promise<readonly HistoryRow[]> {
  const response = await fetch(`${url}/api/tasks/${encodeURIComponent(taskArn)}/history`);
  const { history } = (await response.json()) as { readonly history: readonly HistoryRow[] }; // src/http/routes/history.ts
  return history;
}

export const isKnown = async (url: string, taskArn: string): Promise<boolean> =>
  (await fetch(`${url}/api/tasks/${encodeURIComponent(taskArn)}/history`)).ok;

const rank = (status: unknown): number => LAST_STATUSES.findIndex((known) => known === status);

/** What is wrong with a history by itself: versions and states rise, each row goes on from the one before. */
export function faultsOf({ task, history }: Seen): readonly string[] {
  const faults: string[] = [];
  const arn = String(task['taskArn']);
  for (const [index, row] of history.entries()) {
    const before = history[index - 1];
    if ((before?.to ?? null) !== row.from)
      faults.push(`${arn}: row ${index} begins at ${row.from}, after ${before?.to}`);
    if (before !== undefined && row.version <= before.version)
      faults.push(`${arn}: row ${index} has version ${row.version}, after ${before.version}`);
    if (before !== undefined && rank(row.to) <= rank(before.to)) faults.push(`${arn}: ${before.to} → ${row.to}`);
    if (before !== undefined && row.at < before.at) faults.push(`${arn}: row ${index} is earlier than the one before`);
  }
  const last = history.at(-1);
  if (last === undefined) faults.push(`${arn} has no history`);
  else if (last.version > Number(task['version'])) faults.push(`${arn}: its version is behind its history`);
  else if (rank(last.to) > rank(task['lastStatus'])) faults.push(`${arn}: its history ends at ${last.to}, ahead of it`);
  return faults;
}

/** What contradicts what was seen before. Reads are of one task and then its history, so the history may be ahead of the task. */
function contradictions(before: Seen, now: Seen): readonly string[] {
  const faults: string[] = [];
  const arn = String(now.task['taskArn']);
  const [a, b] = [before.task, now.task];
  const differs = (field: string): void => {
    faults.push(`${arn}: ${field} was ${JSON.stringify(a[field])} and is ${JSON.stringify(b[field])}`);
  };
  for (const field of [...INSTANTS, 'stopCode', 'stoppedReason'])
    if (a[field] !== undefined && a[field] !== b[field]) differs(field);
  if (Number(b['version']) < Number(a['version'])) differs('version');
  if (rank(b['lastStatus']) < rank(a['lastStatus'])) differs('lastStatus');
  if (a['desiredStatus'] === 'STOPPED' && b['desiredStatus'] !== 'STOPPED') differs('desiredStatus');
  if (a['version'] === b['version'] && withoutHealth(a) !== withoutHealth(b))
    faults.push(`${arn}: version ${String(a['version'])} was ${withoutHealth(a)} and is ${withoutHealth(b)}`);
  for (const [index, row] of before.history.entries()) {
    if (JSON.stringify(row) !== JSON.stringify(now.history[index]))
      faults.push(`${arn}: row ${index} was ${JSON.stringify(row)} and is ${JSON.stringify(now.history[index])}`);
  }
  return faults;
}

/** Health alone does not move the version (T7). */
const withoutHealth = (task: Json): string =>
  JSON.stringify(task, (key: string, value: unknown) => (key === 'healthStatus' ? undefined : value));

export class Reader {
  readonly #known = new Map<string, Seen>();
  #sequence = 0;
  readonly #published = new Map<number, string>();
  /** Each contradiction, in words. */
  readonly faults: string[] = [];
  /** How many answers were compared. */
  looks = 0;

  readonly #pause: number;
  /** Of the process that was asked last. */
  #url = '';

  /** @param pause milliseconds between two readings: reading costs the sidecar as much as it costs the reader. */
  constructor(pause = 25) {
    this.#pause = pause;
  }

  get known(): ReadonlyMap<string, Seen> {
    return this.#known;
  }

  /** Asks once, and compares with everything before. */
  async look(url: string): Promise<void> {
    const now = await readAll(url, url === this.#url ? this.#known : undefined);
    this.#url = url;
    this.looks += 1;
    for (const [arn, before] of this.#known) {
      const seen = now.get(arn);
      if (seen === undefined) this.faults.push(`${arn} was there and is gone`);
      else this.faults.push(...contradictions(before, seen));
    }
    for (const [arn, seen] of now) this.#known.set(arn, seen);
  }

  /** Asks again and again until the process answers no more; the answer that breaks off is forgotten. */
  async watch(url: string): Promise<void> {
    await Promise.all([this.#lookOnAndOn(url), this.#follow(url)]);
  }

  async #lookOnAndOn(url: string): Promise<void> {
    try {
      for (;;) {
        await this.look(url);
        await pause(this.#pause);
      }
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    }
  }

  /** Reads the stream of transitions: its sequence rises over all processes, and what it said once stays true. */
  async #follow(url: string): Promise<void> {
    try {
      const response = await fetch(`${url}/api/transitions`);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        const frames = text.split('\n\n');
        text = frames.pop() ?? '';
        for (const frame of frames) {
          const data = /^data: (.*)$/m.exec(frame)?.[1];
          if (data !== undefined) this.#hear(data);
        }
      }
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    }
  }

  #hear(data: string): void {
    const { sequence } = JSON.parse(data) as { readonly sequence: number }; // src/http/routes/transitions.ts
    if (sequence <= this.#sequence) this.faults.push(`sequence ${sequence} came after ${this.#sequence}: ${data}`);
    this.#sequence = sequence;
    this.#published.set(sequence, data);
  }

  /** Transitions that were published and are not in the histories, as they are now. */
  missing(): readonly string[] {
    const rows = new Set<string>();
    for (const [taskArn, { history }] of this.#known)
      for (const { from, to, at, cause, version } of history)
        rows.add(JSON.stringify({ taskArn, from, to, at, cause, version }));
    return [...this.#published.values()].filter((data) => {
      const { sequence: _, ...row } = JSON.parse(data) as Json; // as above
      return !rows.has(JSON.stringify(row));
    });
  }
}

/** What fetch throws when the other side is killed; any other error is one of the test or of the API. */
const isDisconnection = (error: unknown): boolean =>
  error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated');

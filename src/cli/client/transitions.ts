/**
 * Owns the following of `GET /api/transitions`: one endless sequence of transitions over as many connections as it takes.
 *
 * - F1 the first connection has to succeed; every later one is tried again until it does.
 * - F2 after a loss the sidecar is asked for what came after the last transition seen (Last-Event-ID); where it cannot tell, it says so.
 * - F3 a connection on which nothing is heard, not even the sidecar's heartbeat, is given up.
 */
import { RetryableError } from '../../errors.js';
import type { Clock, Timer } from '../../system/clock.js';
import { instantOf, isObject, textOf } from './ecs-json.js';
import { readEvents, type StreamEvent } from './event-stream.js';
import type { SidecarClient } from './sidecar-client.js';

/** Milliseconds before a lost connection is tried again, doubling up to the longest. */
export const RECONNECT = { first: 500, longest: 10_000 } as const;
/** Milliseconds without a sound after which a connection counts as lost: three of the sidecar's heartbeats. */
export const SILENCE_LIMIT = 45_000;

const SILENCE = `nothing was heard for ${SILENCE_LIMIT / 1000} s`;

export interface Transition {
  readonly taskArn: string;
  readonly from: string | null;
  readonly to: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly cause: string;
  /** The JSON as the sidecar sent it. */
  readonly json: string;
}

export type Following =
  | { readonly type: 'connected'; readonly again: boolean }
  | { readonly type: 'transition'; readonly transition: Transition }
  /** The sidecar does not know any more whether anything came between the last transition and the next. */
  | { readonly type: 'gap' }
  /** `retryIn`: milliseconds until the next try. */
  | { readonly type: 'lost'; readonly reason: string; readonly retryIn: number };

export interface FollowOptions {
  readonly client: SidecarClient;
  readonly clock: Clock;
  readonly cluster: string | undefined;
  /** A task's ARN. */
  readonly task: string | undefined;
  /** Ends the following. */
  readonly signal: AbortSignal;
}

/**
 * Transitions as they happen, until `signal` is aborted.
 *
 * @throws RetryableError SIDECAR_UNREACHABLE when the first connection fails (F1); what the sidecar refuses, at any time.
 */
export async function* followTransitions(options: FollowOptions): AsyncGenerator<Following> {
  const { clock, signal } = options;
  let lastId = '';
  let attempt = 0;
  let connected = false;
  while (!signal.aborted) {
    let reason = 'the sidecar ended the stream';
    const connection = new Connection(options);
    try {
      const body = await connection.open(lastId);
      yield { type: 'connected', again: connected };
      connected = true;
      attempt = 0;
      for await (const event of readEvents(body, () => connection.heard())) {
        if (event.id !== '') lastId = event.id;
        if (event.event === 'lagging') reason = 'this reader was too slow';
        if (event.event === 'gap') yield { type: 'gap' };
        const transition = event.event === 'transition' ? transitionOf(event) : undefined;
        if (transition !== undefined) yield { type: 'transition', transition };
      }
      if (connection.silent) reason = SILENCE;
    } catch (error) {
      if (signal.aborted) return;
      const passing = error instanceof RetryableError || connection.isOpen || connection.silent;
      // What was refused would be refused again.
      if (!passing) throw error;
      reason = connection.silent ? SILENCE : lossWords(error);
      // F1
      if (!connected) throw error instanceof RetryableError ? error : options.client.unreachable(reason, error);
    } finally {
      connection.close();
    }
    if (signal.aborted) return;
    const retryIn = Math.min(RECONNECT.first * 2 ** attempt, RECONNECT.longest);
    attempt += 1;
    yield { type: 'lost', reason, retryIn };
    await pause(clock, retryIn, signal);
  }
}

/**
 * One connection, from the request to its end.
 *
 * It is given up by hand as well as by fetch's signal: fetch holds that weakly in Node.js 20, and forgets it once it was collected.
 */
class Connection {
  readonly #options: FollowOptions;
  readonly #abort = new AbortController();
  readonly #giveUp = (): void => {
    this.#abort.abort();
    // Fails where the abort was heard.
    this.#reader?.cancel().catch(() => {});
  };
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timer: Timer | undefined;
  /** It was given up for its silence (F3). */
  silent = false;
  /** The sidecar accepted it. */
  isOpen = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', this.#giveUp);
  }

  async open(lastId: string): Promise<AsyncIterable<Uint8Array>> {
    const { client, cluster, task } = this.#options;
    const query = new URLSearchParams();
    if (cluster !== undefined) query.set('cluster', cluster);
    if (task !== undefined) query.set('task', task);
    this.heard();
    const { signal } = this.#abort;
    const opening = client.openStream(`/api/transitions${query.size === 0 ? '' : `?${query.toString()}`}`, {
      headers: { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) },
      signal,
    });
    const givenUp = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the connection was given up')));
    });
    const body = await Promise.race([opening, givenUp]);
    this.isOpen = true;
    const reader = body.getReader();
    this.#reader = reader;
    return chunksOf(reader);
  }

  /** Something came, or is to come. */
  heard(): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.silent = true;
      this.#giveUp();
    }, SILENCE_LIMIT);
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#giveUp);
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#giveUp();
  }
}

async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function transitionOf({ data }: StreamEvent): Transition | undefined {
  let body: unknown;
  try {
    body = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (!isObject(body)) return undefined;
  const taskArn = textOf(body, 'taskArn');
  const to = textOf(body, 'to');
  if (taskArn === undefined || to === undefined) return undefined;
  return {
    taskArn,
    from: textOf(body, 'from') ?? null,
    to,
    at: instantOf(body, 'at') ?? 0,
    cause: textOf(body, 'cause') ?? '',
    json: data,
  };
}

/** In the middle of a stream fetch says no more than "terminated". */
function lossWords(error: unknown): string {
  return error instanceof RetryableError ? 'no sidecar answers' : 'the connection broke';
}

async function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, delay);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

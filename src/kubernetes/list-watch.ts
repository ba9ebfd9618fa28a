/**
 * Owns the loop that keeps a consumer informed of one kind: list, watch, and again, whatever happens to the cluster in between.
 *
 * What comes next is decided by the statechart of machines/watch, one actor a loop. This driver performs the effect of the state the
 * actor is in, tells it what happened, and looks again; everything that needs a clock, a socket or a random number is here.
 * client-node's informer is not used: it stops for good on any error but 410, asks for no bookmarks and no pages, and is blind to a
 * silent connection.
 */
import { createActor, type Actor, type SnapshotFrom } from 'xstate';
import { BACKOFF_CEILING } from '../../machines/watch/backoff.js';
import { compareResourceVersions, newerResourceVersion } from '../../machines/watch/resource-version.js';
import { watchMachine, watchState } from '../../machines/watch/watch.machine.js';
import type { WatchContext, WatchError, WatchMessage, WatchState } from '../../machines/watch/watch.types.js';
import { EcstateError, RetryableError } from '../errors.js';
import type { Clock } from '../system/clock.js';
import type { Connection } from './connection.js';
import { fetchPage, presentVersion, type Malformed } from './list-page.js';
import { SilenceError } from './network-error.js';
import { kubernetesStatus } from './status-error.js';
import { openWatch } from './watch-stream.js';
import { WatchLog, type ListWatchStatus } from './watch-log.js';
import type { Logger, WatchedKind, WatchMetrics, WatchSink } from './watched-kind.js';

/**
 * The shortest time after which the cluster is asked to end a watch, in seconds; each watch draws its own, up to twice this, so that
 * they do not all come back together. As in client-go.
 */
export const WATCH_TIMEOUT_SECONDS = 300;

/** How long a watch must have been open to count as healthy, in milliseconds: one that ends sooner waits before it is opened again. */
export const SETTLED_AFTER = 10_000;

export interface ListWatchOptions<T> {
  readonly connection: Connection;
  readonly kind: WatchedKind<T>;
  /** One namespace; absent: all. One that does not exist is empty, and no error. */
  readonly namespace?: string;
  readonly sink: WatchSink<T>;
  readonly clock: Clock;
  /** Draws a number from 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly logger: Logger;
  /** Where to go on from; absent: list first. */
  readonly resourceVersion?: string | undefined;
  readonly metrics?: WatchMetrics;
}

export type { ListWatchStatus } from './watch-log.js';

/** Told of each message that changed something, with the status before and after. */
export type TransitionListener = (status: ListWatchStatus, before: ListWatchStatus, message: WatchMessage) => void;

/** What the consumer threw. */
class SinkError extends Error {}

type Snapshot = SnapshotFrom<typeof watchMachine>;

export class ListWatch<T> {
  readonly #options: ListWatchOptions<T>;
  readonly #path: string;
  readonly #name: string;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<TransitionListener>();
  readonly #log: WatchLog;
  #actor: Actor<typeof watchMachine>;
  /** Why the actor stopped for good, when it did. */
  #broken: unknown;
  /** The exception behind the last failure that is not the cluster's, for the log. */
  #cause: unknown;
  #running: Promise<void> | undefined;

  constructor(options: ListWatchOptions<T>) {
    const { kind, namespace } = options;
    this.#options = options;
    this.#path = namespace === undefined ? kind.path : kind.namespacedPath(namespace);
    this.#name = namespace === undefined ? kind.name : `${kind.name} in ${namespace}`;
    this.#log = new WatchLog(options.logger, this.#name, {
      kind: kind.name,
      ...(namespace !== undefined && { namespace }),
    });
    this.#actor = this.#newActor(options.resourceVersion);
  }

  get status(): ListWatchStatus {
    return statusOf(this.#actor.getSnapshot());
  }

  /** Begins to list, or to watch from where the consumer was; once. Resolves when the loop is over: after {@link stop}. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Ends the loop. Resolves when the consumer has had its last call. */
  async stop(): Promise<void> {
    this.#send({ type: 'STOP', at: this.#options.clock.now() });
    this.#stopping.abort();
    await this.#running;
  }

  /** Calls back after each transition; gives back the way to end that. */
  onTransition(listener: TransitionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #newActor(resourceVersion: string | undefined): Actor<typeof watchMachine> {
    const actor = createActor(watchMachine, {
      input: { name: this.#name, ...(resourceVersion !== undefined && { resourceVersion }) },
    });
    // An actor in which something throws stops for good, and takes the process with it where nobody observes.
    actor.subscribe({ error: (error) => (this.#broken = error) });
    return actor.start();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#send({ type: 'START', at: clock.now() });
      while (this.#actor.getSnapshot().status === 'active') this.#send(await this.#perform(this.status));
      if (this.#broken === undefined) return;
      this.#log.broken(this.#broken);
      this.#broken = undefined;
      await this.#wait(BACKOFF_CEILING);
      this.#actor = this.#newActor(undefined);
    }
  }

  #send(message: WatchMessage): void {
    const before = this.#actor.getSnapshot();
    if (before.status !== 'active') return;
    this.#actor.send(message);
    const after = this.#actor.getSnapshot();
    if (before === after) return;
    const status = statusOf(after);
    this.#log.transition(status, statusOf(before), message, message.type === 'FAILED' ? this.#cause : undefined);
    for (const listener of this.#listeners) {
      try {
        listener(status, statusOf(before), message);
      } catch (err) {
        this.#log.listenerFailed(err);
      }
    }
  }

  /** The effect of a state; gives back what came of it. */
  async #perform({ state, context }: ListWatchStatus): Promise<WatchMessage> {
    const { clock, random } = this.#options;
    try {
      switch (state) {
        case 'verifying':
          return await this.#verify(context.resourceVersion ?? '');
        case 'listing':
          return await this.#listPage(context);
        case 'watching.connecting':
          return await this.#watch(context.resourceVersion ?? '');
        case 'expired':
          return { type: 'RELIST', at: clock.now(), jitter: random() };
        case 'backingOff':
          await this.#wait((context.retryAt ?? 0) - clock.now());
          return { type: 'RETRY', at: clock.now() };
        default:
          // The other states of `watching` are passed through within #watch; the rest is not active.
          throw new Error(`There is nothing to do in the state ${state}.`);
      }
    } catch (error) {
      return this.#failure(error, state, context);
    }
  }

  async #listPage({ list }: WatchContext): Promise<WatchMessage> {
    const { connection, kind, sink, clock, metrics } = this.#options;
    const page = await fetchPage(connection, kind, this.#path, list?.continueToken ?? null, this.#stopping.signal);
    this.#noteMalformed(page.malformed);
    await this.#hand(() =>
      sink.listed(page.objects, {
        first: list === null,
        last: page.continueToken === null,
        resourceVersion: list?.resourceVersion ?? page.resourceVersion,
        undecoded: page.malformed.flatMap(({ uid }) => uid ?? []),
      }),
    );
    metrics?.count('listed', kind.name, page.objects.length);
    const { resourceVersion, continueToken, objects } = page;
    return { type: 'PAGE_LISTED', at: clock.now(), resourceVersion, continueToken, objects: objects.length };
  }

  /** Machine invariant W7. */
  async #verify(resourceVersion: string): Promise<WatchMessage> {
    const { connection, clock } = this.#options;
    const present = await presentVersion(connection, this.#path, this.#stopping.signal);
    const order = compareResourceVersions(resourceVersion, present);
    const at = clock.now();
    if (order === undefined || order <= 0) return { type: 'VERIFIED', at };
    const message = `The cluster is at version ${present} and was at ${resourceVersion} when it was last heard: it was restored, or is another one.`;
    return { type: 'EXPIRED', at, message };
  }

  async #watch(resourceVersion: string): Promise<WatchMessage> {
    const { connection, kind, sink, clock, random, metrics } = this.#options;
    const timeoutSeconds = Math.floor(WATCH_TIMEOUT_SECONDS * (1 + random()));
    const batches = await openWatch({
      connection,
      kind,
      path: this.#path,
      resourceVersion,
      timeoutSeconds,
      clock,
      signal: this.#stopping.signal,
    });
    this.#send({ type: 'WATCH_OPENED', at: clock.now() });
    metrics?.count('watches', kind.name, 1);
    const settling = clock.setTimeout(() => this.#send({ type: 'SETTLED', at: clock.now() }), SETTLED_AFTER, {
      unref: true,
    });
    let reached = resourceVersion;
    try {
      for await (const batch of batches) {
        this.#noteMalformed(batch.malformed);
        if (batch.duplicates > 0) metrics?.count('duplicates', kind.name, batch.duplicates);
        if (batch.resourceVersion === undefined) continue;
        reached = newerResourceVersion(reached, batch.resourceVersion);
        await this.#hand(() =>
          batch.changes.length > 0 ? sink.changed(batch.changes, reached) : sink.bookmark(reached),
        );
        metrics?.count('changes', kind.name, batch.changes.length);
        metrics?.count('bookmarks', kind.name, batch.bookmarks);
        this.#send({ type: 'PROGRESSED', at: clock.now(), resourceVersion: reached });
      }
      return { type: 'WATCH_ENDED', at: clock.now(), cause: 'ended', jitter: random() };
    } catch (error) {
      if (!(error instanceof SilenceError)) throw error;
      return { type: 'WATCH_ENDED', at: clock.now(), cause: 'silent', jitter: random() };
    } finally {
      clock.clearTimeout(settling);
    }
  }

  /** Hands something over. Nothing is, once the loop was stopped. */
  async #hand(deliver: () => Promise<void> | void): Promise<void> {
    this.#stopping.signal.throwIfAborted();
    try {
      await deliver();
    } catch (cause) {
      throw new SinkError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #noteMalformed(malformed: readonly Malformed[]): void {
    const { kind, metrics } = this.#options;
    if (malformed.length === 0) return;
    metrics?.count('malformed', kind.name, malformed.length);
    this.#log.malformed(malformed);
  }

  /** What an exception in an effect means to the machine. */
  #failure(error: unknown, state: WatchState, context: WatchContext): WatchMessage {
    const { clock, random, kind, metrics } = this.#options;
    const at = clock.now();
    if (this.#stopping.signal.aborted) return { type: 'STOP', at };
    const expiration = expirationOf(error, state, context);
    if (expiration !== undefined) return { type: 'EXPIRED', at, message: expiration };
    metrics?.count('failures', kind.name, 1);
    this.#cause = error instanceof EcstateError ? undefined : error;
    const retryAfter = error instanceof RetryableError ? error.retryAfter : undefined;
    return {
      type: 'FAILED',
      at,
      error: describe(error),
      ...(retryAfter !== undefined && { retryAfter }),
      jitter: random(),
    };
  }

  #wait(delay: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimeout(done, delay);
      signal.addEventListener('abort', done);
    });
  }
}

function statusOf(snapshot: Snapshot): ListWatchStatus {
  return { state: watchState(snapshot), context: snapshot.context };
}

/**
 * What to say when the cluster cannot make anything of our version or token; undefined for any other failure. Mostly it says so (410); a
 * token that it cannot read is a 400, and a version that it cannot read a 400 or, in older releases, a 500.
 */
function expirationOf(error: unknown, state: WatchState, { list }: WatchContext): string | undefined {
  if (error instanceof EcstateError && error.code === 'KUBERNETES_EXPIRED') return error.message;
  const status = kubernetesStatus(error);
  if (status === undefined) return undefined;
  const unreadable =
    state === 'listing'
      ? list !== null && status.status === 400
      : /resourceVersion: Invalid value/.test(status.message);
  return unreadable
    ? `The cluster cannot read what it is to go on from (${status.status}: ${status.message}).`
    : undefined;
}

function describe(error: unknown): WatchError {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof EcstateError) return { code: error.code, message: error.message };
  if (error instanceof SinkError) {
    const code = error.cause instanceof EcstateError ? error.cause.code : 'SINK_FAILED';
    return { code, message: `What came from the cluster could not be taken: ${text}` };
  }
  return { code: 'UNEXPECTED', message: `Something went wrong that ecstate does not expect: ${text}` };
}

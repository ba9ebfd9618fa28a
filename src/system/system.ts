/**
 * Owns the running of turns: messages wait in one inbox; a turn takes what is there, commits once, and only then shows what changed.
 * It is also where committed state is read.
 */
import type { ProfileName } from '../../machines/semantics.js';
import type { Clock } from './clock.js';
import { ClusterCounts } from './cluster-counts.js';
import { Deadlines } from './deadlines.js';
import { Inbox } from './inbox.js';
import { cursorKey } from './messages.js';
import type { SystemMessage, WatchScope } from './messages.js';
import type {
  ClusterSummary,
  CommittedState,
  CommittedService,
  CommittedTask,
  HistoryRow,
  ServiceHistoryRow,
  TaskIndexEntry,
  TaskTransition,
} from './state.port.js';
import { ServiceRegistry } from './service-registry.js';
import { ServiceTurn } from './service-turn.js';
import type { Store, Write } from './store.port.js';
import { TaskRegistry, indexOf } from './task-registry.js';
import { SEQUENCE_KEY, Turn, historyRange } from './turn.js';
import type { Retention } from './turn.js';
import { UnclaimedEvents } from './unclaimed-events.js';

/** A turn ends, where the inbox may be divided, when it has handled this many messages … */
export const MESSAGES_PER_TURN = 1000;
/** … or has taken this long, in milliseconds: the event loop belongs to the readers too. */
export const TURN_BUDGET = 15;
/** The clock is looked at once in so many messages. */
const BUDGET_CHECK = 16;
/** A commit that failed is tried again after this long, in milliseconds, doubling up to the second. */
export const COMMIT_RETRY = { first: 250, longest: 10_000 } as const;

export interface Logger {
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

/** What the system tells of its own running; all durations in milliseconds. */
export interface SystemObserver {
  turn(turn: {
    readonly messages: number;
    readonly unchanged: number;
    readonly duration: number;
    readonly commit: number;
  }): void;
  transitions(transitions: readonly TaskTransition[]): void;
  actorSetAside(): void;
  commitFailed(error: unknown): void;
}

export interface SystemOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly profile: ProfileName;
  readonly retention: Retention;
  readonly logger: Logger;
  readonly observer?: SystemObserver;
}

export class System implements CommittedState {
  readonly #options: SystemOptions;
  readonly #inbox = new Inbox();
  readonly #registry: TaskRegistry;
  readonly #services: ServiceRegistry;
  readonly #deadlines: Deadlines;
  readonly #unclaimed = new UnclaimedEvents();
  readonly #cursors = new Map<string, string>();
  readonly #clusters = new ClusterCounts();
  readonly #listeners = new Set<(transitions: readonly TaskTransition[]) => void>();
  #sequence = 0;
  #running: Promise<void> | undefined;
  #stopping = false;
  #idle: (() => void)[] = [];
  #busy = false;
  #failing: unknown;
  /** The turn under way. */
  #current: Turn | undefined;

  constructor(options: SystemOptions) {
    this.#options = options;
    const { store, clock, profile, logger } = options;
    this.#registry = new TaskRegistry({
      store,
      profile,
      onActorError: (taskArn, error) => {
        options.observer?.actorSetAside();
        logger.error(
          { err: error, taskArn },
          'a task actor failed and was set aside; its task goes on from its last committed state',
        );
      },
    });
    this.#services = new ServiceRegistry({
      store,
      onActorError: (serviceArn, error) => {
        options.observer?.actorSetAside();
        logger.error(
          { err: error, serviceArn },
          'a service actor failed and was set aside; it goes on from its last committed state',
        );
      },
      onTaskAssigned: ({ identity }, taskId, startedBy) => {
        const taskArn = `${identity.clusterArn.replace(':cluster/', ':task/')}/${taskId}`;
        this.#current?.assign(taskArn, startedBy, clock.now());
      },
    });
    this.#deadlines = new Deadlines(store, clock, () => void this.post([{ kind: 'due', at: clock.now() }]));
  }

  /**
   * Reads the store and begins to take turns. Rows that cannot be used are dropped from memory, and every watch then begins with a list,
   * so that the cluster tells of them anew.
   */
  start(): void {
    const { store, logger } = this.#options;
    const unusable = [...this.#registry.load().unusable, ...this.#services.load().unusable];
    for (const { key, value } of store.range('cursors')) {
      if (key === SEQUENCE_KEY) this.#sequence = Number(value);
      else if (typeof key === 'string' && unusable.length === 0) this.#cursors.set(key, value);
    }
    if (unusable.length > 0) {
      logger.error(
        { arns: unusable.slice(0, 10), count: unusable.length },
        'persisted actors cannot be used; the cluster is listed again',
      );
    }
    for (const record of this.#registry.all()) this.#clusters.moved(undefined, record.index);
    for (const { committed } of this.#services.all()) this.#clusters.serviceMoved(undefined, committed);
    this.#deadlines.arm();
    this.#running = this.#run();
  }

  /** Hands over messages, in order. Resolves when there is room for more; it may be ignored by who posts little. */
  post(messages: readonly SystemMessage[]): Promise<void> | undefined {
    return this.#inbox.post(messages);
  }

  /** Resolves when all that was posted before has been committed. */
  async committed(): Promise<void> {
    if (!this.#busy && this.#inbox.depth === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends after what was posted has been committed. A commit that keeps failing is given up. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#deadlines.disarm();
    this.#inbox.close();
    await this.#running;
  }

  /** The resourceVersion from which this watch goes on. */
  cursor(scope: WatchScope): string | undefined {
    return this.#cursors.get(cursorKey(scope));
  }

  /** Who this pod is, when it is the pod of a known task. */
  podVersion(podUid: string): string | undefined {
    return this.#registry.byPodUid(podUid)?.resourceVersion;
  }

  /** The identity that a live task keeps in memory; undefined for tasks whose actor sleeps. */
  identityOf(podUid: string) {
    const record = this.#registry.byPodUid(podUid);
    return (record?.pending ?? record?.committed)?.context.identity;
  }

  /** Why nothing can be committed, while that is so. */
  get failure(): unknown {
    return this.#failing;
  }

  get load() {
    return {
      inbox: this.#inbox.depth,
      actors: this.#registry.actors,
      tasks: this.#registry.size,
      unclaimedEvents: this.#unclaimed.size,
      sequence: this.#sequence,
    };
  }

  clusters(): readonly ClusterSummary[] {
    return this.#clusters.summaries();
  }

  task(taskArn: string): CommittedTask | undefined {
    const record = this.#registry.get(taskArn);
    return record?.index === undefined ? undefined : this.#registry.committed(record);
  }

  taskArnOf(clusterArn: string, taskId: string): string | undefined {
    const taskArn = `${clusterArn.replace(':cluster/', ':task/')}/${taskId}`;
    return this.#registry.get(taskArn)?.index === undefined ? undefined : taskArn;
  }

  *tasks(clusterArn?: string): Iterable<TaskIndexEntry> {
    for (const { index } of this.#registry.all()) {
      if (index !== undefined && (clusterArn === undefined || index.clusterArn === clusterArn)) yield index;
    }
  }

  service(serviceArn: string): CommittedService | undefined {
    const committed = this.#services.get(serviceArn)?.committed;
    return committed?.context.born === undefined ? undefined : committed;
  }

  *services(clusterArn?: string): Iterable<CommittedService> {
    for (const { committed } of this.#services.all()) {
      if (committed?.context.born === undefined) continue;
      if (clusterArn === undefined || committed.context.identity.clusterArn === clusterArn) yield committed;
    }
  }

  serviceHistory(serviceArn: string): readonly ServiceHistoryRow[] {
    const rows: ServiceHistoryRow[] = [];
    // Only service-turn.ts writes these rows.
    for (const { value } of this.#options.store.range('history', historyRange(serviceArn)))
      rows.push(JSON.parse(value) as ServiceHistoryRow);
    return rows;
  }

  history(taskArn: string): readonly HistoryRow[] {
    const rows: HistoryRow[] = [];
    // Only turn.ts writes these rows.
    for (const { value } of this.#options.store.range('history', historyRange(taskArn)))
      rows.push(JSON.parse(value) as HistoryRow);
    return rows;
  }

  onTransitions(listener: (transitions: readonly TaskTransition[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#inbox.arrival();
      if (this.#inbox.depth === 0) {
        if (this.#stopping) return;
        continue;
      }
      this.#busy = true;
      const done = await this.#turn();
      this.#busy = false;
      if (this.#inbox.depth === 0) for (const resolve of this.#idle.splice(0)) resolve();
      if (!done) return;
    }
  }

  async #turn(): Promise<boolean> {
    const { store, observer, retention } = this.#options;
    const services = new ServiceTurn(this.#services, retention.tasks);
    const turn = new Turn({
      registry: this.#registry,
      services,
      store,
      deadlines: this.#deadlines,
      unclaimed: this.#unclaimed,
      cursors: this.#cursors,
      retention,
      now: this.#options.clock.now(),
      sequence: this.#sequence,
    });
    this.#current = turn;
    const begun = performance.now();
    let messages = 0;
    let spent = false;
    for (; ; messages += 1) {
      if (messages % BUDGET_CHECK === BUDGET_CHECK - 1) spent = performance.now() - begun > TURN_BUDGET;
      if ((spent || messages >= MESSAGES_PER_TURN) && this.#inbox.divisible) break;
      const message = this.#inbox.take();
      if (message === undefined) break;
      turn.handle(message);
    }
    const writes = turn.writes();
    this.#current = undefined;
    const handled = performance.now();
    if (writes.length > 0 && !(await this.#commit(writes))) return false;
    this.#publish(turn, services);
    observer?.turn({
      messages,
      unchanged: turn.unchanged,
      duration: handled - begun,
      commit: performance.now() - handled,
    });
    return true;
  }

  /** Commits, again and again if it must: what a turn did cannot be undone. False when the process is to end first. */
  async #commit(writes: readonly Write[]): Promise<boolean> {
    const { store, clock, logger, observer } = this.#options;
    for (let wait: number = COMMIT_RETRY.first; ; wait = Math.min(wait * 2, COMMIT_RETRY.longest)) {
      try {
        await store.commit(writes);
        if (this.#failing !== undefined) logger.info({}, 'the store can be written again');
        this.#failing = undefined;
        return true;
      } catch (error) {
        if (this.#failing === undefined)
          logger.error({ err: error }, 'the store cannot be written; nothing new is shown until it can');
        this.#failing = error;
        observer?.commitFailed(error);
        if (this.#stopping) return false;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, wait));
      }
    }
  }

  #publish(turn: Turn, services: ServiceTurn): void {
    for (const record of turn.changed) {
      const { pending } = record;
      if (pending === undefined) continue;
      const before = record.index;
      record.index = indexOf(pending.context, pending.lastStatus, record.since);
      this.#clusters.moved(before, record.index);
      record.committed = pending;
      record.pending = undefined;
      if (pending.lastStatus === 'STOPPED') {
        this.#registry.passivate(record);
        record.committed = undefined;
      }
    }
    for (const record of turn.removed) {
      this.#clusters.moved(record.index, undefined);
      this.#registry.remove(record);
    }
    for (const [record, service] of services.settled) {
      const before = record.committed;
      record.committed = service;
      record.pending = undefined;
      this.#clusters.serviceMoved(before, record.committed);
      if (record.committed?.status === 'INACTIVE') this.#services.passivate(record);
    }
    for (const record of services.removed) {
      this.#clusters.serviceMoved(record.committed, undefined);
      this.#services.remove(record);
    }
    if (turn.touchesDeadlines || services.touchesDeadlines) this.#deadlines.arm();
    if (turn.transitions.length === 0) return;
    this.#sequence += turn.transitions.length;
    this.#options.observer?.transitions(turn.transitions);
    for (const listener of this.#listeners) listener(turn.transitions);
  }
}

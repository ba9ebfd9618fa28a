/**
 * Owns one turn: messages go to their actors, and what changed is collected for one commit. Nothing of it is visible to anyone before
 * the commit; nothing outside of the registry is touched.
 */
import { describeCause } from '../../machines/task/cause.js';
import { isTerminal } from '../../machines/task/reading.js';
import type { EpochMs, LastStatus, TaskFacts, TaskMessage } from '../../machines/task/task.types.js';
import { removeDeadline, writeDeadline } from './deadlines.js';
import type { Deadline, Deadlines } from './deadlines.js';
import type { PodEvent } from '../observe/event.js';
import { encodeTask } from './envelope.js';
import { cursorKey } from './messages.js';
import type { PodObservation, SystemMessage, WatchScope } from './messages.js';
import { sameFacts } from './same-facts.js';
import type { TaskTransition } from './state.port.js';
import type { ServiceTurn } from './service-turn.js';
import type { Store, Write } from './store.port.js';
import { currentOf } from './task-registry.js';
import type { TaskRecord, TaskRegistry } from './task-registry.js';
import type { UnclaimedEvents } from './unclaimed-events.js';

/** How long things are kept, in milliseconds. */
export interface Retention {
  /** A stopped task stays describable for this long after stoppedAt. */
  readonly tasks: number;
  /** Its history stays for this long after stoppedAt. */
  readonly history: number;
}

export interface TurnContext {
  readonly registry: TaskRegistry;
  readonly services: ServiceTurn;
  readonly store: Store;
  readonly deadlines: Deadlines;
  readonly unclaimed: UnclaimedEvents;
  readonly cursors: Map<string, string>;
  readonly retention: Retention;
  /** When the turn began. */
  readonly now: EpochMs;
  /** The sequence of the last transition ever. */
  readonly sequence: number;
}

/** The row of `cursors` that counts transitions. */
export const SEQUENCE_KEY = 'transitions';

export class Turn {
  readonly #context: TurnContext;
  readonly #writes: Write[] = [];
  readonly #cursors = new Map<string, string>();
  readonly #changed = new Set<TaskRecord>();
  readonly #removed: TaskRecord[] = [];
  readonly #transitions: TaskTransition[] = [];
  /** Looks that said nothing new. */
  unchanged = 0;
  /** The commit writes or removes a deadline. */
  touchesDeadlines = false;

  constructor(context: TurnContext) {
    this.#context = context;
  }

  get transitions(): readonly TaskTransition[] {
    return this.#transitions;
  }
  get changed(): ReadonlySet<TaskRecord> {
    return this.#changed;
  }
  get removed(): readonly TaskRecord[] {
    return this.#removed;
  }

  handle(message: SystemMessage): void {
    switch (message.kind) {
      case 'pod':
        return this.#pod(message.pod, message.change, message.at);
      case 'event':
        return this.#event(message);
      case 'deployment':
        return this.#context.services.deployment(message);
      case 'replicaset':
        return this.#context.services.replicaSet(message);
      case 'taskset':
        return this.#context.services.taskSet(message);
      case 'notice':
        return this.#context.services.noticeOfReplicaSet(message);
      case 'listed':
        return this.#listed(message);
      case 'cursor':
        return this.#cursor(message.scope, message.resourceVersion, undefined);
      case 'due':
        return this.#due(message.at);
    }
  }

  /** Everything that the commit has to write. */
  writes(): readonly Write[] {
    for (const record of this.#changed) {
      const { pending } = record;
      if (pending === undefined) continue;
      const { resourceVersion, since, transitions } = record;
      const value = encodeTask({
        lastStatus: pending.lastStatus,
        resourceVersion,
        since,
        transitions,
        context: pending.context,
      });
      this.#writes.push({ table: 'snapshots', key: record.taskArn, value });
    }
    for (const write of this.#context.services.writes()) this.#writes.push(write);
    for (const [key, value] of this.#cursors) this.#writes.push({ table: 'cursors', key, value });
    const last = this.#transitions.at(-1);
    if (last !== undefined) this.#writes.push({ table: 'cursors', key: SEQUENCE_KEY, value: String(last.sequence) });
    return this.#writes;
  }

  #pod(pod: PodObservation, change: 'observed' | 'deleted', at: EpochMs): void {
    const { registry } = this.#context;
    const known = registry.byPodUid(pod.podUid);
    if (known === undefined) return this.#adopt(pod, change, at);
    if (change === 'observed') {
      const before = known.facts;
      const same =
        known.resourceVersion === pod.resourceVersion || (before !== undefined && sameFacts(before, pod.facts));
      if (same || statusOf(known) === 'STOPPED') {
        known.resourceVersion = pod.resourceVersion;
        this.unchanged += 1;
        return;
      }
    }
    known.resourceVersion = pod.resourceVersion;
    this.#send(known, podMessage(pod.facts, change, at));
    known.facts = known.actor === undefined ? undefined : pod.facts;
  }

  /** A pod that was not known becomes a task, unless it ended so long ago that its task would be forgotten at once. */
  #adopt(pod: PodObservation, change: 'observed' | 'deleted', at: EpochMs): void {
    const { identity, facts } = pod;
    if (identity === undefined) return;
    const { registry, retention, unclaimed } = this.#context;
    if (isTerminal(facts.phase) && endOf(facts, identity.createdAt) + retention.tasks <= at) return;
    const namesake = registry.get(identity.taskArn);
    if (namesake !== undefined) {
      // Two pods, one ARN: a pod made again under its name. The younger one is the task.
      if (namesake.createdAt > identity.createdAt) return;
      if (statusOf(namesake) !== 'STOPPED') this.#send(namesake, { type: 'POD_GONE', how: 'missing', at });
      this.#changed.delete(namesake);
      this.#removed.push(namesake);
    }
    const record = registry.create(identity, pod.resourceVersion, at);
    const events = unclaimed.claim(identity.podUid, identity.namespace, identity.podName);
    for (const event of events) {
      if (event.facts !== undefined) this.#send(record, { type: 'EVENT_OBSERVED', event: event.facts, at });
    }
    const startedBy = this.#context.services.deploymentOf(identity);
    if (startedBy !== undefined) this.#send(record, { type: 'STARTED_BY', startedBy, at });
    this.#send(record, podMessage(facts, change, at));
    for (const event of events) this.#notice(identity.serviceArn, event, at);
    if (record.pending === undefined) registry.remove(record);
    else record.facts = facts;
  }

  #event({ event, scope, at }: SystemMessage & { readonly kind: 'event' }): void {
    const { registry, unclaimed, cursors } = this.#context;
    const record =
      event.podUid === undefined ? registry.byPodName(event.namespace, event.podName) : registry.byPodUid(event.podUid);
    if (record !== undefined) {
      if (event.facts !== undefined) this.#send(record, { type: 'EVENT_OBSERVED', event: event.facts, at });
      return this.#notice(record.serviceArn, event, at);
    }
    const key = cursorKey(scope);
    unclaimed.add(event, scope, this.#cursors.get(key) ?? cursors.get(key), at);
  }

  #listed({ scope, uids, resourceVersion, at }: SystemMessage & { readonly kind: 'listed' }): void {
    this.#context.services.listed(scope, uids, at);
    if (scope.kind === 'pods' || scope.kind === 'taskset-pods') {
      const ofTaskSets = scope.kind === 'taskset-pods';
      for (const record of this.#context.registry.all()) {
        if (record.isTaskSet !== ofTaskSets || uids.has(record.podUid)) continue;
        if (scope.namespace !== undefined && record.namespace !== scope.namespace) continue;
        if (statusOf(record) !== 'STOPPED') this.#send(record, { type: 'POD_GONE', how: 'missing', at });
      }
    }
    this.#cursor(scope, resourceVersion, at);
  }

  #cursor(scope: WatchScope, resourceVersion: string, at: EpochMs | undefined): void {
    const { unclaimed, cursors, now } = this.#context;
    const key = cursorKey(scope);
    const reached = scope.kind === 'events' ? unclaimed.cursor(scope, resourceVersion, at ?? now) : resourceVersion;
    if (reached === undefined || reached === cursors.get(key)) return;
    this.#cursors.set(key, reached);
    cursors.set(key, reached);
  }

  #due(now: EpochMs): void {
    const { deadlines, registry, services, store } = this.#context;
    for (const deadline of deadlines.due(now)) {
      this.touchesDeadlines = true;
      this.#writes.push(removeDeadline(deadline));
      const { arn } = deadline;
      if (deadline.what === 'batch') {
        services.batchDue(arn, now);
        continue;
      }
      if (deadline.what === 'service') {
        if (services.forget(arn)) this.#forgotten(deadline, 'services');
        continue;
      }
      const record = registry.get(arn);
      // The ARN may have been taken again since: then the deadline of the new task will come.
      if (record !== undefined && (statusOf(record) !== 'STOPPED' || !this.#isOver(record, deadline))) continue;
      if (deadline.what === 'task') {
        if (record !== undefined) this.#removed.push(record);
        this.#forgotten(deadline, 'snapshots');
      } else if (record === undefined && !services.knows(arn)) {
        for (const { key } of store.range('history', historyRange(arn))) this.#writes.push({ table: 'history', key });
      }
    }
  }

  /** The deadline is that of this task, and not of an earlier one of its name. */
  #isOver({ index }: TaskRecord, { due }: Deadline): boolean {
    return index?.stoppedAt === undefined || index.stoppedAt + this.#context.retention.tasks <= due;
  }

  /** The row goes; the history stays for as long as histories do. */
  #forgotten({ arn, due }: Deadline, table: 'snapshots' | 'services'): void {
    const { retention } = this.#context;
    this.#writes.push({ table, key: arn });
    const later = Math.max(retention.history, retention.tasks) - retention.tasks;
    this.#writes.push(writeDeadline({ due: due + later, what: 'history', arn }));
  }

  #notice(serviceArn: string | undefined, { notice }: PodEvent, at: EpochMs): void {
    if (serviceArn !== undefined && notice !== undefined) {
      this.#context.services.notice(serviceArn, notice.cause, notice.message, at);
    }
  }

  /** Its service says which deployment started a task. */
  assign(taskArn: string, startedBy: string, at: EpochMs): void {
    const record = this.#context.registry.get(taskArn);
    if (record !== undefined) this.#send(record, { type: 'STARTED_BY', startedBy, at });
  }

  #send(record: TaskRecord, message: TaskMessage): void {
    const actor = this.#context.registry.actorOf(record);
    if (actor === undefined) return;
    const before = currentOf(actor);
    const known = before.context.version > 0;
    actor.send(message);
    // An actor that threw has been set aside; its task goes on from what it last was.
    if (record.actor !== actor) return;
    const after = currentOf(actor);
    if (after.context === before.context && after.lastStatus === before.lastStatus) {
      this.unchanged += 1;
      return;
    }
    if (after.context.version === 0) return;
    record.pending = after;
    this.#changed.add(record);
    if (!known || after.lastStatus !== before.lastStatus) {
      this.#moved(record, message, known ? before.lastStatus : null, after.lastStatus);
    }
    // Last: its service may answer with a message to this same task.
    if (message.type !== 'STARTED_BY') {
      this.#context.services.taskChanged(after, known ? before : undefined, message.at);
    }
  }

  #moved(record: TaskRecord, message: TaskMessage, from: LastStatus | null, to: LastStatus): void {
    const { pending, taskArn } = record;
    if (pending === undefined) return;
    const { at } = message;
    const row = {
      from,
      to,
      at,
      cause: describeCause(message, pending.context, from, to),
      version: pending.context.version,
    };
    this.#writes.push({ table: 'history', key: [taskArn, record.transitions], value: JSON.stringify(row) });
    record.transitions += 1;
    record.since = at;
    const sequence = this.#context.sequence + this.#transitions.length + 1;
    this.#transitions.push({ ...row, taskArn, sequence });
    if (to === 'STOPPED') {
      this.touchesDeadlines = true;
      const stoppedAt = pending.context.times.stoppedAt ?? at;
      this.#writes.push(writeDeadline({ due: stoppedAt + this.#context.retention.tasks, what: 'task', arn: taskArn }));
    }
  }
}

/** The rows of one task in the `history` table. */
export const historyRange = (taskArn: string) =>
  ({ start: [taskArn, 0], end: [taskArn, Number.MAX_SAFE_INTEGER] }) as const;

const podMessage = (facts: TaskFacts, change: 'observed' | 'deleted', at: EpochMs): TaskMessage =>
  change === 'observed' ? { type: 'POD_OBSERVED', facts, at } : { type: 'POD_GONE', how: 'deleted', facts, at };

const statusOf = (record: TaskRecord): LastStatus | undefined => record.pending?.lastStatus ?? record.index?.lastStatus;

/** When a terminal pod ended: its last container's end, else its beginning. */
function endOf(facts: TaskFacts, createdAt: EpochMs): EpochMs {
  const ends = facts.containers.flatMap((container) =>
    container.finishedAt === undefined ? [] : [container.finishedAt],
  );
  return Math.max(createdAt, facts.startTime ?? 0, ...ends);
}

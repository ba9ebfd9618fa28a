/**
 * Owns the tasks: from ARN to what is known of each, and its actor where it has one.
 *
 * A task has an actor only while it is not STOPPED and something was said to it since the start: a stopped one is a row in the store and an
 * entry in the index, a quiet one is restored from its row by its next message.
 */
import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';
import { lastStatusOf, stateValueOf, taskMachine } from '../../machines/task/task.machine.js';
import type { EpochMs, LastStatus, TaskContext, TaskFacts, TaskIdentity } from '../../machines/task/task.types.js';
import type { ProfileName } from '../../machines/semantics.js';
import { decodeTask } from './envelope.js';
import type { TaskEnvelope } from './envelope.js';
import type { CommittedTask, TaskIndexEntry } from './state.port.js';
import type { Store } from './store.port.js';

export type TaskActor = ActorRefFrom<typeof taskMachine>;

/** One task as the running process has it. Mutable; only a turn changes it. */
export interface TaskRecord {
  readonly taskArn: string;
  /** What the last committed turn left, for the index. */
  index: TaskIndexEntry | undefined;
  podUid: string;
  namespace: string;
  podName: string;
  createdAt: EpochMs;
  isTaskSet: boolean;
  serviceArn: string | undefined;
  resourceVersion: string;
  transitions: number;
  since: EpochMs;
  actor: TaskActor | undefined;
  /** What the last committed turn left; dropped for a stopped task, which the store can tell. */
  committed: CommittedTask | undefined;
  /** What the turn under way has made of it so far. */
  pending: CommittedTask | undefined;
  /** The last look, by which the next one is known to say nothing new. */
  facts: TaskFacts | undefined;
}

export interface TaskRegistryOptions {
  readonly store: Store;
  readonly profile: ProfileName;
  /** An actor threw: it has been set aside, and its task goes on from its last committed snapshot. */
  readonly onActorError: (taskArn: string, error: unknown) => void;
}

export class TaskRegistry {
  readonly #options: TaskRegistryOptions;
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #byPodUid = new Map<string, TaskRecord>();
  readonly #byPodName = new Map<string, TaskRecord>();
  #actors = 0;

  constructor(options: TaskRegistryOptions) {
    this.#options = options;
  }

  /**
   * Reads every task of the store. Rows that cannot be used are passed over.
   *
   * @returns how many could not be used: their tasks have to be told of by the cluster again.
   */
  load(): { readonly unusable: readonly string[] } {
    const unusable: string[] = [];
    const loaded: TaskRecord[] = [];
    for (const { key, value } of this.#options.store.range('snapshots')) {
      const envelope = decodeTask(value);
      if (envelope === undefined) unusable.push(String(key));
      else loaded.push(recordOf(envelope));
    }
    loaded.sort((a, b) => a.createdAt - b.createdAt || (a.taskArn < b.taskArn ? -1 : 1));
    for (const record of loaded) this.#add(record);
    return { unusable };
  }

  get size(): number {
    return this.#tasks.size;
  }

  get actors(): number {
    return this.#actors;
  }

  get(taskArn: string): TaskRecord | undefined {
    return this.#tasks.get(taskArn);
  }

  byPodUid(podUid: string): TaskRecord | undefined {
    return this.#byPodUid.get(podUid);
  }

  /** The latest pod of this name: for Events whose sender did not know the uid. */
  byPodName(namespace: string, podName: string): TaskRecord | undefined {
    return this.#byPodName.get(`${namespace}/${podName}`);
  }

  all(): Iterable<TaskRecord> {
    return this.#tasks.values();
  }

  /** A task that was not known; it has no snapshot yet. Replaces what had the same ARN (a pod made again under its name). */
  create(identity: TaskIdentity, resourceVersion: string, at: EpochMs): TaskRecord {
    const earlier = this.#tasks.get(identity.taskArn);
    if (earlier !== undefined) this.remove(earlier);
    const record: TaskRecord = {
      taskArn: identity.taskArn,
      index: undefined,
      podUid: identity.podUid,
      namespace: identity.namespace,
      podName: identity.podName,
      createdAt: identity.createdAt,
      isTaskSet: identity.taskSetId !== undefined,
      serviceArn: identity.serviceArn,
      resourceVersion,
      transitions: earlier?.transitions ?? 0,
      since: at,
      actor: undefined,
      committed: undefined,
      pending: undefined,
      facts: undefined,
    };
    record.actor = this.#start(
      record,
      createActor(taskMachine, { input: { identity, profile: this.#options.profile } }),
    );
    this.#add(record);
    return record;
  }

  /** The actor of a live task, restored from its last committed snapshot where it has none. */
  actorOf(record: TaskRecord): TaskActor | undefined {
    if (record.actor !== undefined) return record.actor;
    const last = record.pending ?? this.committed(record);
    if (last === undefined || last.lastStatus === 'STOPPED') return undefined;
    const { profile } = this.#options;
    const context: TaskContext = last.context.profile === profile ? last.context : { ...last.context, profile };
    const snapshot = taskMachine.resolveState({ value: stateValueOf(last.lastStatus), context });
    // The machine is started from the snapshot; its input is only read when there is none.
    record.actor = this.#start(
      record,
      createActor(taskMachine, { snapshot, input: { identity: context.identity, profile } }),
    );
    if (record.pending === undefined) record.committed = last;
    return record.actor;
  }

  /** What the last committed turn left of this task. */
  committed(record: TaskRecord): CommittedTask | undefined {
    if (record.committed !== undefined) return record.committed;
    const value = this.#options.store.get('snapshots', record.taskArn);
    const envelope = value === undefined ? undefined : decodeTask(value);
    return envelope === undefined ? undefined : { context: envelope.context, lastStatus: envelope.lastStatus };
  }

  /** Ends the actor; the task stays known. */
  passivate(record: TaskRecord): void {
    if (record.actor === undefined) return;
    record.actor.stop();
    record.actor = undefined;
    record.facts = undefined;
    this.#actors -= 1;
  }

  remove(record: TaskRecord): void {
    this.passivate(record);
    if (this.#tasks.get(record.taskArn) === record) this.#tasks.delete(record.taskArn);
    if (this.#byPodUid.get(record.podUid) === record) this.#byPodUid.delete(record.podUid);
    const name = `${record.namespace}/${record.podName}`;
    if (this.#byPodName.get(name) === record) this.#byPodName.delete(name);
  }

  #add(record: TaskRecord): void {
    this.#tasks.set(record.taskArn, record);
    this.#byPodUid.set(record.podUid, record);
    this.#byPodName.set(`${record.namespace}/${record.podName}`, record);
  }

  #start(record: TaskRecord, actor: TaskActor): TaskActor {
    // Without an observer XState rethrows asynchronously, and the process dies (an exception in an action ends the actor for good).
    actor.subscribe({
      error: (error) => {
        if (record.actor === actor) {
          record.actor = undefined;
          record.facts = undefined;
          this.#actors -= 1;
        }
        this.#options.onActorError(record.taskArn, error);
      },
    });
    this.#actors += 1;
    actor.start();
    return actor;
  }
}

/** What the actor says now. */
export function currentOf(actor: TaskActor): { readonly context: TaskContext; readonly lastStatus: LastStatus } {
  const snapshot = actor.getSnapshot();
  return { context: snapshot.context, lastStatus: lastStatusOf(snapshot.value) };
}

export function indexOf(context: TaskContext, lastStatus: LastStatus, since: EpochMs): TaskIndexEntry {
  const { identity } = context;
  return {
    taskArn: identity.taskArn,
    taskId: identity.taskId,
    clusterArn: identity.clusterArn,
    lastStatus,
    desiredStatus: context.desiredStatus,
    family: identity.family,
    serviceName: identity.serviceName,
    startedBy: identity.startedBy,
    launchType: identity.launchType,
    createdAt: identity.createdAt,
    since,
    stoppedAt: context.times.stoppedAt,
  };
}

function recordOf(envelope: TaskEnvelope): TaskRecord {
  const { context, lastStatus, since } = envelope;
  const { identity } = context;
  return {
    taskArn: identity.taskArn,
    index: indexOf(context, lastStatus, since),
    podUid: identity.podUid,
    namespace: identity.namespace,
    podName: identity.podName,
    createdAt: identity.createdAt,
    isTaskSet: identity.taskSetId !== undefined,
    serviceArn: identity.serviceArn,
    resourceVersion: envelope.resourceVersion,
    transitions: envelope.transitions,
    since,
    actor: undefined,
    committed: undefined,
    pending: undefined,
    facts: undefined,
  };
}

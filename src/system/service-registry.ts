/**
 * Owns the services: from ARN to what is known of each, and its actor. Its deployments are its children, and are persisted within it.
 */
import { createActor } from 'xstate';
import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import type { RolloutStateValue } from '../../machines/service/rollout.machine.js';
import { serviceMachine, standingOf } from '../../machines/service/service.machine.js';
import type { ServiceContext, ServiceIdentity, ServiceStatus } from '../../machines/service/service.types.js';
import type { EpochMs } from '../../machines/task/task.types.js';
import { decodeService } from './envelope.js';
import type { CommittedService, ServiceDeployment } from './state.port.js';
import type { Store } from './store.port.js';

export type ServiceActor = ActorRefFrom<typeof serviceMachine>;

/** One service as the running process has it. Mutable; only a turn changes it. */
export interface ServiceRecord {
  readonly serviceArn: string;
  readonly identity: ServiceIdentity;
  actor: ServiceActor | undefined;
  /** What the last committed turn left; undefined before the first. */
  committed: CommittedService | undefined;
  /** What the turn under way has made of it so far. */
  pending: Pick<CommittedService, 'status' | 'context'> | undefined;
  transitions: number;
  since: EpochMs;
}

export interface ServiceRegistryOptions {
  readonly store: Store;
  readonly onActorError: (serviceArn: string, error: unknown) => void;
  /** The deployment that started a task is known. */
  readonly onTaskAssigned: (record: ServiceRecord, taskId: string, startedBy: string) => void;
}

export class ServiceRegistry {
  readonly #options: ServiceRegistryOptions;
  readonly #services = new Map<string, ServiceRecord>();

  constructor(options: ServiceRegistryOptions) {
    this.#options = options;
  }

  /** Reads every service of the store; see TaskRegistry.load. */
  load(): { readonly unusable: readonly string[] } {
    const unusable: string[] = [];
    for (const { key, value } of this.#options.store.range('services')) {
      const envelope = decodeService(value);
      if (envelope === undefined) {
        unusable.push(String(key));
        continue;
      }
      const { snapshot, since, transitions } = envelope;
      const committed = committedOf(snapshot);
      const { identity } = committed.context;
      const record: ServiceRecord = {
        serviceArn: identity.serviceArn,
        identity,
        actor: undefined,
        committed,
        pending: undefined,
        transitions,
        since,
      };
      if (committed.status !== 'INACTIVE') this.#restore(record, snapshot);
      this.#services.set(identity.serviceArn, record);
    }
    return { unusable };
  }

  get(serviceArn: string): ServiceRecord | undefined {
    return this.#services.get(serviceArn);
  }

  all(): Iterable<ServiceRecord> {
    return this.#services.values();
  }

  get size(): number {
    return this.#services.size;
  }

  /** The service of this identity; made when it is not known, or anew when the one of this name is over and `anew` says that this is another. */
  of(identity: ServiceIdentity, at: EpochMs, anew: boolean): ServiceRecord {
    const known = this.#services.get(identity.serviceArn);
    if (known !== undefined && !(anew && statusOf(known) === 'INACTIVE')) return known;
    const record: ServiceRecord = {
      serviceArn: identity.serviceArn,
      identity,
      actor: undefined,
      committed: undefined,
      pending: undefined,
      transitions: known?.transitions ?? 0,
      since: at,
    };
    const actor = createActor(serviceMachine, { input: { identity } });
    this.#start(record, actor);
    this.#services.set(identity.serviceArn, record);
    return record;
  }

  /** The actor was set aside: it begins again from what was committed last. */
  revive(record: ServiceRecord): void {
    const value = record.committed === undefined ? undefined : this.#options.store.get('services', record.serviceArn);
    const envelope = value === undefined ? undefined : decodeService(value);
    if (envelope !== undefined) this.#restore(record, envelope.snapshot);
  }

  passivate(record: ServiceRecord): void {
    record.actor?.stop();
    record.actor = undefined;
  }

  remove(record: ServiceRecord): void {
    this.passivate(record);
    if (this.#services.get(record.serviceArn) === record) this.#services.delete(record.serviceArn);
  }

  #restore(record: ServiceRecord, snapshot: SnapshotFrom<typeof serviceMachine>): void {
    this.#start(record, createActor(serviceMachine, { snapshot, input: { identity: record.identity } }));
  }

  #start(record: ServiceRecord, actor: ServiceActor): void {
    record.actor = actor;
    actor.subscribe({
      error: (error) => {
        if (record.actor === actor) {
          record.actor = undefined;
          record.pending = undefined;
        }
        this.#options.onActorError(record.serviceArn, error);
      },
    });
    actor.on('taskAssigned', ({ taskId, startedBy }) => this.#options.onTaskAssigned(record, taskId, startedBy));
    actor.start();
  }
}

/** What the actor says now, without its deployments: little work, for it is asked after each message. */
export function currentOf(actor: ServiceActor): NonNullable<ServiceRecord['pending']> {
  const { value, context } = actor.getSnapshot();
  return { status: value as ServiceStatus, context }; // the machine's states are named as its statuses
}

/** All that the actor says now, and the snapshot to persist: once a turn, for both take as long as the service has tasks. */
export function settledOf(actor: ServiceActor): { readonly service: CommittedService; readonly snapshot: unknown } {
  const { context, children } = actor.getSnapshot();
  const deployments = context.deployments.flatMap(({ id }): readonly ServiceDeployment[] => {
    const standing = standingOf(children[id]);
    return standing === undefined
      ? []
      : [{ id, role: standing.role, rollout: standing.rollout, context: standing.context }];
  });
  return { service: { ...currentOf(actor), deployments }, snapshot: actor.getPersistedSnapshot() };
}

export const statusOf = (record: ServiceRecord): ServiceStatus | undefined =>
  (record.pending ?? record.committed)?.status;

/** A persisted snapshot as readers see it. Its form was checked by decodeService. */
function committedOf(snapshot: SnapshotFrom<typeof serviceMachine>): CommittedService {
  const { value, context, children } = snapshot as unknown as PersistedService;
  return {
    status: value,
    context,
    deployments: context.deployments.flatMap(({ id }): readonly ServiceDeployment[] => {
      const child = children[id]?.snapshot;
      return child === undefined
        ? []
        : [{ id, role: child.value.role, rollout: child.value.rollout, context: child.context }];
    }),
  };
}

interface PersistedService {
  readonly value: ServiceStatus;
  readonly context: ServiceContext;
  readonly children: Readonly<
    Record<
      string,
      | { readonly snapshot: { readonly value: RolloutStateValue; readonly context: ServiceDeployment['context'] } }
      | undefined
    >
  >;
}

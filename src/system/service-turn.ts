/**
 * Owns the part of a turn that is about services: their objects and their tasks become messages to their actors. A service that changed
 * many times in a turn is written once, and has one row of history: the turn is the buffer that the sync document asks for.
 */
import type { ServiceIdentity, ServiceMessage, ServiceTask } from '../../machines/service/service.types.js';
import { deploymentOfTask } from '../../machines/service/react.js';
import { BATCH_WINDOW } from '../../machines/service/service-events.js';
import { serviceSeed } from '../observe/arn.js';
import { NO_REPLICAS } from '../project/service.js';
import { failedToStart } from '../../machines/task/failure.js';
import type { EpochMs, TaskIdentity } from '../../machines/task/task.types.js';
import { writeDeadline } from './deadlines.js';
import { encodeService } from './envelope.js';
import type { SystemMessage, WatchScope } from './messages.js';
import { currentOf, settledOf, statusOf } from './service-registry.js';
import type { ServiceRecord, ServiceRegistry } from './service-registry.js';
import type { CommittedService, CommittedTask, ServiceHistoryRow } from './state.port.js';
import type { Write } from './store.port.js';

export class ServiceTurn {
  readonly #registry: ServiceRegistry;
  readonly #retention: number;
  /** With the last message that changed each. */
  readonly #changed = new Map<ServiceRecord, ServiceMessage>();
  /** What is written of each. */
  readonly #settled = new Map<ServiceRecord, CommittedService>();
  readonly #removed: ServiceRecord[] = [];
  touchesDeadlines = false;

  /** @param retention how long an INACTIVE service can be described, in milliseconds */
  constructor(registry: ServiceRegistry, retention: number) {
    this.#registry = registry;
    this.#retention = retention;
  }

  /** What {@link writes} wrote of each. */
  get settled(): Iterable<readonly [ServiceRecord, CommittedService]> {
    return this.#settled;
  }
  get removed(): readonly ServiceRecord[] {
    return this.#removed;
  }

  deployment({ identity, facts, change, at }: SystemMessage & { readonly kind: 'deployment' }): void {
    const record = this.#registry.of(identity, at, change === 'observed');
    const known = contextOf(record)?.deployment;
    if (change === 'deleted') {
      if (known === undefined || known.uid === facts.uid) this.#send(record, { type: 'DEPLOYMENT_GONE', at });
      return;
    }
    this.#send(record, { type: 'DEPLOYMENT_OBSERVED', facts, identity, at });
  }

  replicaSet({ identity, facts, change, at }: SystemMessage & { readonly kind: 'replicaset' }): void {
    const record = this.#registry.of(identity, at, false);
    this.#send(
      record,
      change === 'deleted'
        ? { type: 'REPLICASET_GONE', uid: facts.uid, at }
        : { type: 'REPLICASET_OBSERVED', facts, at },
    );
  }

  taskSet({ identity, facts, change, at }: SystemMessage & { readonly kind: 'taskset' }): void {
    const record = this.#registry.of(identity, at, change === 'observed');
    this.#send(
      record,
      change === 'deleted'
        ? { type: 'TASK_SET_GONE', uid: facts.uid, at }
        : { type: 'TASK_SET_OBSERVED', facts, identity, at },
    );
  }

  /** The deployment whose task this is, as far as its service knows. */
  deploymentOf({ serviceArn, replicaSet, createdAt }: TaskIdentity): string | undefined {
    if (serviceArn === undefined || replicaSet === undefined) return undefined;
    const record = this.#registry.get(serviceArn);
    const context = record === undefined ? undefined : contextOf(record);
    return context === undefined ? undefined : deploymentOfTask(context, { replicaSetUid: replicaSet.uid, createdAt });
  }

  knows(serviceArn: string): boolean {
    return this.#registry.get(serviceArn) !== undefined;
  }

  /** A task changed, in a way that its service may want to know. */
  taskChanged(task: CommittedTask, before: CommittedTask | undefined, at: EpochMs): void {
    const { serviceArn, replicaSet } = task.context.identity;
    if (serviceArn === undefined || replicaSet === undefined) return;
    const told = toldOf(task, replicaSet.uid);
    if (before !== undefined && sameTold(told, toldOf(before, replicaSet.uid))) return;
    const record = this.#registry.get(serviceArn) ?? this.#registry.of(serviceIdentityOf(task), at, false);
    this.#send(record, { type: 'TASK_MOVED', task: told, at });
  }

  /** A Kubernetes event about a task or a ReplicaSet of the service. */
  notice(serviceArn: string, cause: string, message: string, at: EpochMs): void {
    const record = this.#registry.get(serviceArn);
    if (record !== undefined) this.#send(record, { type: 'NOTICED', cause, message, at });
  }

  noticeOfReplicaSet({ replicaSetUid, cause, message, at }: SystemMessage & { readonly kind: 'notice' }): void {
    for (const record of this.#registry.all()) {
      if (contextOf(record)?.replicaSets[replicaSetUid] === undefined) continue;
      this.#send(record, { type: 'NOTICED', cause, message, at });
      return;
    }
  }

  /** What a complete list did not hold is gone. */
  listed(scope: WatchScope, uids: ReadonlySet<string>, at: EpochMs): void {
    for (const record of this.#registry.all()) {
      if (scope.namespace !== undefined && record.identity.namespace !== scope.namespace) continue;
      const context = contextOf(record);
      if (context === undefined) continue;
      if (scope.kind === 'deployments' && context.deployment !== undefined && !uids.has(context.deployment.uid)) {
        this.#send(record, { type: 'DEPLOYMENT_GONE', at });
      }
      if (scope.kind === 'replicasets') {
        for (const uid of Object.keys(context.replicaSets))
          if (!uids.has(uid)) this.#send(record, { type: 'REPLICASET_GONE', uid, at });
      }
      if (scope.kind === 'taskset-deployments') {
        for (const { uid } of Object.values(context.taskSets))
          if (!uids.has(uid)) this.#send(record, { type: 'TASK_SET_GONE', uid, at });
      }
    }
  }

  batchDue(serviceArn: string, at: EpochMs): void {
    const record = this.#registry.get(serviceArn);
    if (record !== undefined) this.#send(record, { type: 'BATCH_DUE', at });
  }

  /** An INACTIVE service has been described for long enough. True when it was forgotten. */
  forget(serviceArn: string): boolean {
    const record = this.#registry.get(serviceArn);
    if (record === undefined || statusOf(record) !== 'INACTIVE') return false;
    this.#removed.push(record);
    return true;
  }

  writes(): readonly Write[] {
    const writes: Write[] = [];
    for (const [record, message] of this.#changed) {
      const { actor, serviceArn } = record;
      // One that was set aside goes on from its last committed state.
      if (actor === undefined) continue;
      const { service, snapshot } = settledOf(actor);
      this.#settled.set(record, service);
      const before = record.committed;
      const { at } = message;
      if (
        service.context.born !== undefined &&
        (before?.status !== service.status || !sameShown(shownOf(before), shownOf(service)))
      ) {
        const from = before?.context.born === undefined ? null : before.status;
        const row: ServiceHistoryRow = { from, to: service.status, at, cause: causeOf(message), ...shownOf(service) };
        writes.push({ table: 'history', key: [serviceArn, record.transitions], value: JSON.stringify(row) });
        record.transitions += 1;
        if (from !== service.status) record.since = at;
      }
      const { since, transitions } = record;
      writes.push({ table: 'services', key: serviceArn, value: encodeService({ since, transitions, snapshot }) });
      const { batch } = service.context;
      if (batch !== undefined && batch.since !== before?.context.batch?.since) {
        this.touchesDeadlines = true;
        writes.push(writeDeadline({ due: batch.since + BATCH_WINDOW, what: 'batch', arn: serviceArn }));
      }
      if (service.status === 'INACTIVE' && before?.status !== 'INACTIVE') {
        this.touchesDeadlines = true;
        writes.push(writeDeadline({ due: at + this.#retention, what: 'service', arn: serviceArn }));
      }
    }
    return writes;
  }

  #send(record: ServiceRecord, message: ServiceMessage): void {
    if (record.actor === undefined && statusOf(record) !== 'INACTIVE') this.#registry.revive(record);
    const { actor } = record;
    if (actor === undefined) return;
    const before = actor.getSnapshot();
    actor.send(message);
    if (record.actor !== actor || actor.getSnapshot() === before) return;
    record.pending = currentOf(actor);
    this.#changed.set(record, message);
  }
}

const contextOf = (record: ServiceRecord) => (record.pending ?? record.committed)?.context;

function toldOf({ context, lastStatus }: CommittedTask, replicaSetUid: string): ServiceTask {
  const { identity, stop, healthStatus, times, desiredStatus } = context;
  return {
    taskId: identity.taskId,
    replicaSetUid,
    createdAt: identity.createdAt,
    lastStatus,
    wanted: desiredStatus === 'RUNNING',
    ran: times.runningAt !== undefined,
    failed: failedToStart(context, lastStatus),
    unhealthy: healthStatus === 'UNHEALTHY' && desiredStatus === 'RUNNING',
    ...(stop === undefined ? {} : { stopCode: stop.stopCode }),
  };
}

const sameTold = (a: ServiceTask, b: ServiceTask): boolean =>
  a.lastStatus === b.lastStatus && a.wanted === b.wanted && a.failed === b.failed && a.unhealthy === b.unhealthy;

/** A task knows its service well enough for the service to be known before any of its own objects is seen. */
function serviceIdentityOf({ context: { identity } }: CommittedTask): ServiceIdentity {
  const { serviceArn = '', serviceName = '', clusterArn, clusterName, namespace, launchType, taskSetId } = identity;
  return {
    serviceArn,
    serviceName,
    clusterArn,
    clusterName,
    namespace,
    launchType,
    schedulingStrategy: 'REPLICA',
    deploymentController: taskSetId === undefined ? 'ECS' : 'EXTERNAL',
    seed: serviceSeed(serviceArn),
  };
}

type Shown = Omit<ServiceHistoryRow, 'from' | 'to' | 'at' | 'cause'>;

/** What one row of a service's history shows. */
function shownOf({ context, deployments }: CommittedService): Shown {
  return {
    desiredCount: context.counts.desired,
    runningCount: context.counts.running,
    pendingCount: context.counts.pending,
    deployments: deployments.map(
      ({ id, role, rollout, context: { target, replicaSet = NO_REPLICAS, failedTasks } }) => ({
        id,
        status: role,
        rolloutState: rollout,
        desiredCount: role === 'PRIMARY' ? target : replicaSet.desired,
        runningCount: replicaSet.ready,
        pendingCount: Math.max(0, replicaSet.total - replicaSet.ready),
        failedTasks,
      }),
    ),
  };
}

const sameShown = (a: Shown, b: Shown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Why the service changed, in words. */
function causeOf(message: ServiceMessage): string {
  switch (message.type) {
    case 'DEPLOYMENT_OBSERVED': {
      const { facts } = message;
      if (facts.deletionRequestedAt !== undefined) return 'the Deployment is being deleted';
      const seen = facts.observedGeneration < facts.generation ? ', which its controller has not seen yet' : '';
      return `the Deployment is at generation ${facts.generation}${seen}: ${facts.ready} of ${facts.desired} ready, ${facts.updated} updated${facts.progress === undefined ? '' : `, ${facts.progress}`}`;
    }
    case 'DEPLOYMENT_GONE':
      return 'the Deployment is gone';
    case 'REPLICASET_OBSERVED':
      return `ReplicaSet ${message.facts.name} (revision ${message.facts.revision}) wants ${message.facts.desired} and has ${message.facts.total}, ${message.facts.ready} ready`;
    case 'REPLICASET_GONE':
      return 'a ReplicaSet is gone';
    case 'TASK_SET_OBSERVED':
      return `task set ${message.facts.id} has ${message.facts.ready} of ${message.facts.desired} ready`;
    case 'TASK_SET_GONE':
      return 'a task set is gone';
    case 'TASK_MOVED':
      return `task ${message.task.taskId} is ${message.task.lastStatus}${message.task.failed ? ' and failed' : ''}`;
    case 'NOTICED':
      return message.message;
    case 'BATCH_DUE':
      return 'starts and stops were told';
    case 'ROLLOUT_SETTLED':
      return `deployment ${message.id} is ${message.to}`;
    case 'ROLLOUT_ENDED':
      return `deployment ${message.id} has left the list`;
  }
}

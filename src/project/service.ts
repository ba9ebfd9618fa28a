/**
 * Owns how a service looks in the ECS API: what its actor and its deployments know → the `Service` shape, its deployments and events, and
 * the newer service-deployment and service-revision shapes. Pure.
 */
import type {
  PastDeployment,
  RolloutContext,
  ServiceContext,
  ServiceStatus,
} from '../../machines/service/service.types.js';
import type { DeploymentRole, RolloutState } from '../../machines/service/service.types.js';
import type { EpochMs } from '../../machines/task/task.types.js';
import { parseArn, stableUuid } from '../observe/arn.js';
import { present, seconds, secondsIf } from './json.js';
import type { EcsObject } from './json.js';

/** A service as a reader may see it. */
export interface ProjectableService {
  readonly status: ServiceStatus;
  readonly context: ServiceContext;
  readonly deployments: readonly ProjectableDeployment[];
}

export interface ProjectableDeployment {
  readonly id: string;
  readonly role: DeploymentRole;
  readonly rollout: RolloutState;
  readonly context: RolloutContext;
}

/** The `Service` of DescribeServices. */
export function projectService({ status, context, deployments }: ProjectableService): EcsObject {
  const { identity, counts, deployment, events } = context;
  const external = identity.deploymentController === 'EXTERNAL';
  return present({
    clusterArn: identity.clusterArn,
    createdAt: secondsIf(context.born),
    deploymentController: { type: identity.deploymentController },
    deployments: external ? [] : deployments.map((entry) => projectDeployment(context, entry)),
    desiredCount: status === 'INACTIVE' ? 0 : counts.desired,
    enableECSManagedTags: false,
    enableExecuteCommand: false,
    events: events.ring.map(({ number, at, message }) => ({
      id: stableUuid('event', identity.serviceArn, String(context.born ?? 0), String(number)),
      createdAt: seconds(at),
      message,
    })),
    launchType: identity.launchType,
    loadBalancers: [],
    pendingCount: counts.pending,
    placementConstraints: [],
    placementStrategy: [],
    propagateTags: 'NONE',
    runningCount: counts.running,
    schedulingStrategy: identity.schedulingStrategy,
    serviceArn: identity.serviceArn,
    serviceName: identity.serviceName,
    serviceRegistries: [],
    status,
    taskDefinition:
      deployment?.taskDefinitionArn ??
      deployments[0]?.context.taskDefinitionArn ??
      context.rollouts.past[0]?.taskDefinitionArn,
    ...(external ? { taskSets: projectTaskSets(context) } : {}),
  });
}

/** Of a deployment that has no ReplicaSet yet. */
export const NO_REPLICAS = { desired: 0, total: 0, ready: 0 } as const;

/** One of `deployments[]`. Row 12: the PRIMARY wants what the service wants, the others what their ReplicaSet wants. */
function projectDeployment(service: ServiceContext, { id, role, rollout, context }: ProjectableDeployment): EcsObject {
  const { replicaSet = NO_REPLICAS } = context;
  return present({
    createdAt: seconds(context.createdAt),
    desiredCount: role === 'PRIMARY' ? context.target : replicaSet.desired,
    failedTasks: context.failedTasks,
    id,
    launchType: service.identity.launchType,
    pendingCount: Math.max(0, replicaSet.total - replicaSet.ready),
    rolloutState: rollout,
    rolloutStateReason: reasonOf(id, rollout),
    runningCount: replicaSet.ready,
    status: role,
    taskDefinition: context.taskDefinitionArn,
    updatedAt: seconds(context.updatedAt),
  });
}

/** In ECS's words. */
function reasonOf(id: string, rollout: RolloutState): string {
  switch (rollout) {
    case 'IN_PROGRESS':
      return `ECS deployment ${id} in progress.`;
    case 'COMPLETED':
      return `ECS deployment ${id} completed.`;
    case 'FAILED':
      return 'ECS deployment circuit breaker: tasks failed to start.';
  }
}

/** `taskSets[]`, and what DescribeTaskSets answers. Stable is what has as many tasks as it wants, and none on their way. */
export function projectTaskSets({ identity, taskSets }: ServiceContext): readonly EcsObject[] {
  return Object.values(taskSets).map((taskSet) => {
    const running = taskSet.ready;
    const pending = Math.max(0, taskSet.total - taskSet.ready);
    const stable = running === taskSet.desired && pending === 0;
    return present({
      clusterArn: identity.clusterArn,
      computedDesiredCount: taskSet.desired,
      createdAt: seconds(taskSet.createdAt),
      externalId: taskSet.externalId,
      id: taskSet.id,
      launchType: identity.launchType,
      loadBalancers: [],
      pendingCount: pending,
      runningCount: running,
      serviceArn: identity.serviceArn,
      serviceRegistries: [],
      stabilityStatus: stable ? 'STEADY_STATE' : 'STABILIZING',
      stabilityStatusAt: seconds(taskSet.stableSince),
      status: taskSet.primary ? 'PRIMARY' : 'ACTIVE',
      tags: [],
      taskDefinition: taskSet.taskDefinitionArn,
      taskSetArn: taskSet.arn,
      updatedAt: seconds(taskSet.updatedAt),
    });
  });
}

/** One rollout, current or past, as the service-deployment reads tell of it. */
interface Rollout {
  readonly id: string;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly finishedAt: EpochMs | undefined;
  readonly rollout: RolloutState;
  readonly status: 'IN_PROGRESS' | 'SUCCESSFUL' | 'STOPPED';
  readonly taskDefinitionArn: string | undefined;
  readonly current: ProjectableDeployment | undefined;
}

/** All rollouts that are known, newest first. */
export function rolloutsOf({ context, deployments }: ProjectableService): readonly Rollout[] {
  const current = deployments.map((deployment): Rollout => {
    const { createdAt, updatedAt, finishedAt, taskDefinitionArn } = deployment.context;
    const { id, rollout } = deployment;
    const status = statusOf(rollout, deployment.role !== 'PRIMARY');
    return { id, createdAt, updatedAt, finishedAt, rollout, status, taskDefinitionArn, current: deployment };
  });
  const past = context.rollouts.past.map((deployment: PastDeployment): Rollout => {
    const { id, createdAt, endedAt, finishedAt, taskDefinitionArn, rolloutState } = deployment;
    const status = statusOf(rolloutState, true);
    return {
      id,
      createdAt,
      updatedAt: endedAt,
      finishedAt: finishedAt ?? endedAt,
      rollout: rolloutState,
      status,
      taskDefinitionArn,
      current: undefined,
    };
  });
  return [...current, ...past].sort((a, b) => b.createdAt - a.createdAt);
}

/** Superseded before it was done, and failed without a rollback, are both STOPPED. */
function statusOf(rollout: RolloutState, superseded: boolean): Rollout['status'] {
  if (rollout === 'COMPLETED') return 'SUCCESSFUL';
  return rollout === 'FAILED' || superseded ? 'STOPPED' : 'IN_PROGRESS';
}

const digits = (deploymentId: string): string => deploymentId.slice(deploymentId.indexOf('/') + 1);

function arnOf(
  kind: 'service-deployment' | 'service-revision',
  { identity }: ServiceContext,
  deploymentId: string,
): string {
  const { region, accountId } = parseArn(identity.serviceArn) ?? { region: '', accountId: '' };
  return `arn:aws:ecs:${region}:${accountId}:${kind}/${identity.clusterName}/${identity.serviceName}/${digits(deploymentId)}`;
}

/** What a `ServiceDeploymentBrief` and a `ServiceDeployment` have in common. */
function projectRollout(service: ProjectableService, rollout: Rollout): EcsObject {
  const { identity } = service.context;
  return present({
    clusterArn: identity.clusterArn,
    createdAt: seconds(rollout.createdAt),
    finishedAt: secondsIf(rollout.finishedAt),
    serviceArn: identity.serviceArn,
    serviceDeploymentArn: arnOf('service-deployment', service.context, rollout.id),
    startedAt: seconds(rollout.createdAt),
    status: rollout.status,
    // No wording of ECS's is known for one that was superseded before it was done.
    statusReason:
      rollout.status === 'STOPPED' && rollout.rollout === 'IN_PROGRESS'
        ? undefined
        : reasonOf(rollout.id, rollout.rollout),
  });
}

/** The `ServiceDeploymentBrief` of ListServiceDeployments. */
export const projectServiceDeploymentBrief = (service: ProjectableService, rollout: Rollout): EcsObject => ({
  ...projectRollout(service, rollout),
  targetServiceRevisionArn: arnOf('service-revision', service.context, rollout.id),
});

/** The `ServiceDeployment` of DescribeServiceDeployments. What nobody told ecstate (circuit breaker, alarms) is left out. */
export function projectServiceDeployment(service: ProjectableService, rollout: Rollout): EcsObject {
  const all = rolloutsOf(service);
  const sources = all.filter(({ createdAt }) => createdAt < rollout.createdAt).slice(0, 1);
  return present({
    ...projectRollout(service, rollout),
    sourceServiceRevisions: sources.map((source) => revisionSummary(service.context, source)),
    targetServiceRevision: revisionSummary(service.context, rollout),
    updatedAt: seconds(rollout.updatedAt),
  });
}

function revisionSummary(context: ServiceContext, { id, current }: Rollout): EcsObject {
  const replicaSet = current?.context.replicaSet;
  return {
    arn: arnOf('service-revision', context, id),
    pendingTaskCount: replicaSet === undefined ? 0 : Math.max(0, replicaSet.total - replicaSet.ready),
    requestedTaskCount:
      current === undefined
        ? 0
        : current.role === 'PRIMARY'
          ? current.context.target
          : (current.context.replicaSet?.desired ?? 0),
    runningTaskCount: replicaSet?.ready ?? 0,
  };
}

/** The `ServiceRevision` of DescribeServiceRevisions: what a rollout ran, as far as it is known. */
export const projectServiceRevision = ({ context }: ProjectableService, rollout: Rollout): EcsObject =>
  present({
    clusterArn: context.identity.clusterArn,
    createdAt: seconds(rollout.createdAt),
    launchType: context.identity.launchType,
    serviceArn: context.identity.serviceArn,
    serviceRevisionArn: arnOf('service-revision', context, rollout.id),
    taskDefinition: rollout.taskDefinitionArn,
  });

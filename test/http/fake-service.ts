/**
 * Owns a builder of services as the system would have committed them, to put into a FakeState.
 */
import type {
  PastDeployment,
  RolloutState,
  ServiceContext,
  ServiceStatus,
  TaskSetRecord,
} from '../../machines/service/service.types.js';
import type { LaunchType } from '../../machines/task/task.types.js';
import { clusterArn, serviceArn, serviceSeed, taskDefinitionArn } from '../../src/observe/arn.js';
import type { CommittedService, ServiceDeployment } from '../../src/system/state.port.js';
import { CREATED, HERE } from './fake-state.js';

export interface FakeDeploymentOptions {
  /** The last digits of `ecs-svc/…`. */
  readonly id: number;
  /** PRIMARY for the first, ACTIVE for the others. */
  readonly role?: ServiceDeployment['role'];
  readonly rollout?: RolloutState;
  readonly revision?: number;
  readonly target?: number;
  /** Of its ReplicaSet: wanted, there, ready. */
  readonly replicas?: readonly [desired: number, total: number, ready: number];
  readonly failedTasks?: number;
  readonly createdAt?: number;
}

export interface FakeServiceOptions {
  readonly name: string;
  readonly cluster?: string;
  readonly status?: ServiceStatus;
  readonly launchType?: LaunchType;
  readonly schedulingStrategy?: 'REPLICA' | 'DAEMON';
  readonly counts?: readonly [desired: number, running: number, pending: number];
  readonly deployments?: readonly FakeDeploymentOptions[];
  readonly past?: readonly PastDeployment[];
  /** From the oldest to the newest. */
  readonly events?: readonly string[];
  readonly taskSets?: readonly { readonly id: string; readonly ready: number; readonly primary?: boolean }[];
}

export const deploymentId = (id: number): string => `ecs-svc/${String(id).padStart(19, '1')}`;

function fakeDeployment(family: string, place: number, options: FakeDeploymentOptions): ServiceDeployment {
  const { replicas, createdAt = CREATED, rollout = 'COMPLETED', revision = 1 } = options;
  const id = deploymentId(options.id);
  const [desired = 1, total = 1, ready = 1] = replicas ?? [];
  return {
    id,
    role: options.role ?? (place === 0 ? 'PRIMARY' : 'ACTIVE'),
    rollout,
    context: {
      id,
      createdAt,
      updatedAt: createdAt + 5_000,
      target: options.target ?? desired,
      replicaSet: { desired, total, ready },
      failedTasks: options.failedTasks ?? 0,
      taskDefinitionArn: taskDefinitionArn(HERE, family, String(revision)),
      ...(rollout === 'IN_PROGRESS' ? {} : { finishedAt: createdAt + 5_000 }),
    },
  };
}

/** A service; without anything said, one that is steady with a single task. */
export function fakeService(options: FakeServiceOptions): CommittedService {
  const { name, cluster = 'default', status = 'ACTIVE', events = [] } = options;
  const [desired, running, pending] = options.counts ?? [1, 1, 0];
  const deployments =
    status === 'INACTIVE' || options.taskSets !== undefined
      ? []
      : (options.deployments ?? [{ id: 1 }]).map((one, place) => fakeDeployment(name, place, one));
  const arn = serviceArn(HERE, cluster, name);
  const taskSets = Object.fromEntries(
    (options.taskSets ?? []).map(({ id, ready, primary = false }): [string, TaskSetRecord] => [
      id,
      {
        id,
        arn: `${arn.replace(':service/', ':task-set/')}/${id}`,
        uid: `uid-${id}`,
        primary,
        createdAt: CREATED,
        desired: 2,
        total: 2,
        ready,
        taskDefinitionArn: taskDefinitionArn(HERE, name, '1'),
        updatedAt: CREATED + 1_000,
        stableSince: CREATED + 1_000,
      },
    ]),
  );
  const context: ServiceContext = {
    identity: {
      serviceArn: arn,
      serviceName: name,
      clusterArn: clusterArn(HERE, cluster),
      clusterName: cluster,
      namespace: `${cluster}-us-east-1`,
      launchType: options.launchType ?? 'FARGATE',
      schedulingStrategy: options.schedulingStrategy ?? 'REPLICA',
      deploymentController: options.taskSets === undefined ? 'ECS' : 'EXTERNAL',
      seed: serviceSeed(arn),
    },
    deployment: undefined,
    born: CREATED,
    counts: { desired, running, pending },
    deployments: [],
    replicaSets: {},
    tasks: {},
    events: {
      last: events.length,
      ring: events
        .map((message, index) => ({ number: index + 1, at: CREATED + index, message: `(service ${name}) ${message}` }))
        .reverse(),
      told: {},
    },
    batch: undefined,
    rollouts: { count: deployments.length, past: options.past ?? [], steady: false },
    taskSets,
    orphaned: false,
  };
  return { status, context, deployments };
}

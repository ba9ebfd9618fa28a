/**
 * Owns concrete messages for the service machine: looks at the Deployment, the ReplicaSets and the tasks of one service, `web`, and at its
 * task sets. Templates are named by their task definition's revision: `v1`, `v2`, `v3`.
 */
import type {
  DeploymentFacts,
  ReplicaSetFacts,
  RolloutMessage,
  ServiceIdentity,
  ServiceMessage,
  ServiceTask,
  TaskSetFacts,
} from '../../../machines/service/service.types.js';
import { BIRTH, after } from '../task/messages.js';

/** A message of this type. */
export type MessageOf<Type extends ServiceMessage['type']> = Extract<ServiceMessage, { readonly type: Type }>;

export const IDENTITY: ServiceIdentity = {
  serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
  serviceName: 'web',
  clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
  clusterName: 'default',
  namespace: 'default-us-east-1',
  launchType: 'FARGATE',
  schedulingStrategy: 'REPLICA',
  deploymentController: 'ECS',
  seed: '123456789012345678',
};
/** The same service, were its tasks those of task sets. */
export const EXTERNAL: ServiceIdentity = { ...IDENTITY, deploymentController: 'EXTERNAL' };

const taskDefinition = (revision: number): string =>
  `arn:aws:ecs:us-east-1:000000000000:task-definition/web:${revision}`;

type Generations = Partial<Pick<DeploymentFacts, 'generation' | 'observedGeneration'>>;
export interface DeploymentLook extends Omit<Partial<DeploymentFacts>, 'template' | 'taskDefinitionArn'>, Generations {
  /** The task definition's revision. */
  readonly of?: number;
}

/** What one look at the Deployment says; three tasks of revision 1 wanted, and its controller has not done anything yet. */
export function deploymentFacts({ of = 1, ...rest }: DeploymentLook = {}): DeploymentFacts {
  const { generation = of, total = 0 } = rest;
  return {
    uid: 'deployment-uid',
    createdAt: BIRTH,
    generation,
    observedGeneration: generation,
    desired: 3,
    total,
    ready: 0,
    updated: total,
    available: false,
    template: `v${of}`,
    taskDefinitionArn: taskDefinition(of),
    ...rest,
  };
}
export const deployment = (seconds: number, look: DeploymentLook = {}): MessageOf<'DEPLOYMENT_OBSERVED'> => ({
  type: 'DEPLOYMENT_OBSERVED',
  facts: deploymentFacts(look),
  at: after(seconds),
});
/** Its controller has not seen this change yet: everything but the template is as it was. */
export const UNSEEN = { observedGeneration: 0 } as const;
/** All wanted tasks are there and ready, and the controller says so. */
export const complete = (count = 3): DeploymentLook => ({
  desired: count,
  total: count,
  ready: count,
  updated: count,
  available: true,
  progress: 'NewReplicaSetAvailable',
});
export const deploymentGone = (seconds: number): MessageOf<'DEPLOYMENT_GONE'> => ({
  type: 'DEPLOYMENT_GONE',
  at: after(seconds),
});

export interface ReplicaSetLook extends Partial<Pick<ReplicaSetFacts, 'desired' | 'total' | 'ready' | 'owned'>> {
  /** The task definition's revision. */
  readonly of?: number;
  /** Which the Deployment controller gave it; the template's by default. */
  readonly revision?: number;
}

export function replicaSetFacts({ of = 1, revision = of, ...rest }: ReplicaSetLook = {}): ReplicaSetFacts {
  return {
    uid: `replicaset-${of}`,
    name: `web-${of}`,
    owned: true,
    revision,
    desired: 3,
    total: 0,
    ready: 0,
    template: `v${of}`,
    taskDefinitionArn: taskDefinition(of),
    ...rest,
  };
}
export const replicaSet = (seconds: number, look: ReplicaSetLook = {}): MessageOf<'REPLICASET_OBSERVED'> => ({
  type: 'REPLICASET_OBSERVED',
  facts: replicaSetFacts(look),
  at: after(seconds),
});
/** So many wanted, there, and ready. */
export const all = (count: number): Pick<ReplicaSetFacts, 'desired' | 'total' | 'ready'> => ({
  desired: count,
  total: count,
  ready: count,
});
export const replicaSetGone = (seconds: number, of = 1): MessageOf<'REPLICASET_GONE'> => ({
  type: 'REPLICASET_GONE',
  uid: `replicaset-${of}`,
  at: after(seconds),
});

/** 32 hex digits. */
export const taskIdOf = (name: string): string => Buffer.from(name).toString('hex').padStart(32, '0');
export interface TaskLook extends Omit<Partial<ServiceTask>, 'taskId' | 'replicaSetUid' | 'createdAt'> {
  /** The task definition's revision. */
  readonly of?: number;
  /** In seconds after the service's birth. */
  readonly created?: number;
}
/** What a task says of itself; PENDING, and of revision 1. */
export const task = (seconds: number, name: string, look: TaskLook = {}): MessageOf<'TASK_MOVED'> => {
  const { of = 1, created = 0, ...rest } = look;
  return {
    type: 'TASK_MOVED',
    task: {
      taskId: taskIdOf(name),
      replicaSetUid: `replicaset-${of}`,
      createdAt: after(created),
      lastStatus: 'PENDING',
      wanted: true,
      ran: false,
      failed: false,
      unhealthy: false,
      ...rest,
    },
    at: after(seconds),
  };
};
export const RUNNING = { lastStatus: 'RUNNING', ran: true } as const;
/** The scheduler asked it to go. */
export const LEAVING = {
  lastStatus: 'DEACTIVATING',
  ran: true,
  wanted: false,
  stopCode: 'ServiceSchedulerInitiated',
} as const;
export const GONE = { ...LEAVING, lastStatus: 'STOPPED' } as const;
/** It ended by itself before it ever ran. */
export const FAILED = {
  lastStatus: 'STOPPED',
  wanted: false,
  failed: true,
  stopCode: 'TaskFailedToStart',
} as const;

export const noticed = (seconds: number, cause = 'quota', message = `says ${cause}.`): MessageOf<'NOTICED'> => ({
  type: 'NOTICED',
  cause,
  message,
  at: after(seconds),
});
export const batchDue = (seconds: number): MessageOf<'BATCH_DUE'> => ({ type: 'BATCH_DUE', at: after(seconds) });

export const taskSet = (
  seconds: number,
  id: string,
  look: Partial<Omit<TaskSetFacts, 'id'>> = {},
): MessageOf<'TASK_SET_OBSERVED'> => ({
  type: 'TASK_SET_OBSERVED',
  facts: {
    id: `ts-${id}`,
    arn: `arn:aws:ecs:us-east-1:000000000000:task-set/default/web/ts-${id}`,
    uid: `taskset-${id}`,
    primary: id === 'a',
    createdAt: BIRTH,
    desired: 2,
    total: 0,
    ready: 0,
    ...look,
  },
  at: after(seconds),
});
export const taskSetGone = (seconds: number, id: string): MessageOf<'TASK_SET_GONE'> => ({
  type: 'TASK_SET_GONE',
  uid: `taskset-${id}`,
  at: after(seconds),
});

/** The first rollout of three tasks, complete: where most stories begin. It takes ten seconds. */
export const STEADY: readonly ServiceMessage[] = [
  deployment(0, UNSEEN),
  replicaSet(1),
  ...['a', 'b', 'c'].map((name) => task(2, name)),
  ...['a', 'b', 'c'].map((name) => task(4, name, RUNNING)),
  replicaSet(5, all(3)),
  deployment(6, complete()),
  batchDue(10),
];

/** One of everything that a deployment can be told. */
export const rollout = {
  counted: (seconds: number, counts: Pick<ReplicaSetFacts, 'desired' | 'total' | 'ready'>): RolloutMessage => ({
    type: 'REPLICASET_COUNTED',
    ...counts,
    at: after(seconds),
  }),
  lost: (seconds: number): RolloutMessage => ({ type: 'REPLICASET_LOST', at: after(seconds) }),
  target: (seconds: number, desired: number): RolloutMessage => ({ type: 'TARGET_SET', desired, at: after(seconds) }),
  reported: (seconds: number, verdict: 'COMPLETED' | 'FAILED'): RolloutMessage => ({
    type: 'PROGRESS_REPORTED',
    verdict,
    at: after(seconds),
  }),
  superseded: (seconds: number): RolloutMessage => ({ type: 'SUPERSEDED', at: after(seconds) }),
  abandoned: (seconds: number): RolloutMessage => ({ type: 'ABANDONED', at: after(seconds) }),
  taskFailed: (seconds: number): RolloutMessage => ({ type: 'TASK_FAILED', at: after(seconds) }),
} as const;

/**
 * Owns the vocabulary of the service machine and of its deployments: what they are told, what they remember.
 * Everything is readonly and JSON-serialisable. All instants are epoch milliseconds.
 */
import type { EpochMs, LastStatus, LaunchType, StopCode } from '../task/task.types.js';

/** As the sync document has it; ECS itself knows no PENDING. In their order. */
export const SERVICE_STATUSES = ['PENDING', 'ACTIVE', 'DRAINING', 'INACTIVE'] as const;
export type ServiceStatus = (typeof SERVICE_STATUSES)[number];

export const DEPLOYMENT_ROLES = ['PRIMARY', 'ACTIVE', 'INACTIVE'] as const;
export type DeploymentRole = (typeof DEPLOYMENT_ROLES)[number];

export const ROLLOUT_STATES = ['IN_PROGRESS', 'COMPLETED', 'FAILED'] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/** Who a service is: all that is known at its first sight and never changes. */
export interface ServiceIdentity {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly launchType: LaunchType;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  /** EXTERNAL: its tasks belong to task sets, each a Deployment of its own. */
  readonly deploymentController: 'ECS' | 'EXTERNAL';
  /** From which the ids of its deployments are made: 18 decimal digits, the same for the same Kubernetes Deployment. */
  readonly seed: string;
}

/** What one look at a Deployment says. */
export interface DeploymentFacts {
  readonly uid: string;
  readonly createdAt: EpochMs;
  readonly generation: number;
  readonly observedGeneration: number;
  /** When its deletion was asked for. */
  readonly deletionRequestedAt?: EpochMs;
  /** spec.replicas. */
  readonly desired: number;
  /** status.replicas, .readyReplicas, .updatedReplicas. */
  readonly total: number;
  readonly ready: number;
  readonly updated: number;
  /** The condition Available is True. */
  readonly available: boolean;
  /** The reason of the condition Progressing. */
  readonly progress?: string;
  /** The same for templates that are the same. */
  readonly template: string;
  readonly taskDefinitionArn?: string;
}

/** What one look at a ReplicaSet says. */
export interface ReplicaSetFacts {
  readonly uid: string;
  readonly name: string;
  /** A Deployment owns it; an orphan is nobody's. */
  readonly owned: boolean;
  readonly revision: number;
  readonly desired: number;
  readonly total: number;
  readonly ready: number;
  /** Of its template, without the hash that Kubernetes adds: equal to that of the Deployment which made it. */
  readonly template: string;
  readonly taskDefinitionArn?: string;
}

/** What one look at the Deployment of a task set says. */
export interface TaskSetFacts {
  /** `ts-…`. */
  readonly id: string;
  readonly arn: string;
  readonly uid: string;
  readonly externalId?: string;
  readonly primary: boolean;
  readonly createdAt: EpochMs;
  readonly desired: number;
  readonly total: number;
  readonly ready: number;
  readonly taskDefinitionArn?: string;
}

/** A task set as its service remembers it. */
export interface TaskSetRecord extends TaskSetFacts {
  readonly updatedAt: EpochMs;
  /** When it became stable, or stopped being so. */
  readonly stableSince: EpochMs;
}

/** What a task tells its service. */
export interface ServiceTask {
  readonly taskId: string;
  readonly replicaSetUid: string;
  readonly createdAt: EpochMs;
  readonly lastStatus: LastStatus;
  readonly wanted: boolean;
  /** It was RUNNING once. */
  readonly ran: boolean;
  /** Row 13: its pod failed, or a container failed before the task was first ready. */
  readonly failed: boolean;
  readonly unhealthy: boolean;
  readonly stopCode?: StopCode;
}

/** The messages that a service takes. `at` is when ecstate received what it speaks of. */
export type ServiceMessage =
  | {
      readonly type: 'DEPLOYMENT_OBSERVED';
      readonly facts: DeploymentFacts;
      readonly at: EpochMs;
      /** What the object says of its service: taken at birth, since a ReplicaSet or a task that was seen first knows less. */
      readonly identity?: ServiceIdentity;
    }
  | { readonly type: 'DEPLOYMENT_GONE'; readonly at: EpochMs }
  | { readonly type: 'REPLICASET_OBSERVED'; readonly facts: ReplicaSetFacts; readonly at: EpochMs }
  | { readonly type: 'REPLICASET_GONE'; readonly uid: string; readonly at: EpochMs }
  | {
      readonly type: 'TASK_SET_OBSERVED';
      readonly facts: TaskSetFacts;
      readonly at: EpochMs;
      /** As for a Deployment. */
      readonly identity?: ServiceIdentity;
    }
  | { readonly type: 'TASK_SET_GONE'; readonly uid: string; readonly at: EpochMs }
  | { readonly type: 'TASK_MOVED'; readonly task: ServiceTask; readonly at: EpochMs }
  /** A Kubernetes event of one of its objects, in ECS's words; `cause` groups what says the same. */
  | { readonly type: 'NOTICED'; readonly cause: string; readonly message: string; readonly at: EpochMs }
  /** The batch of starts and stops is old enough to be told. */
  | { readonly type: 'BATCH_DUE'; readonly at: EpochMs }
  /** From its deployments. */
  | { readonly type: 'ROLLOUT_SETTLED'; readonly id: string; readonly to: 'COMPLETED' | 'FAILED'; readonly at: EpochMs }
  | { readonly type: 'ROLLOUT_ENDED'; readonly id: string; readonly at: EpochMs };

/** What a service tells the system beside its snapshot. */
export type ServiceEmitted =
  /** The deployment that started this task is known. */
  { readonly type: 'taskAssigned'; readonly taskId: string; readonly startedBy: string };

export interface ServiceInput {
  readonly identity: ServiceIdentity;
}

/** A deployment as its service keeps track of it; how far it is, is its own actor's. */
export interface DeploymentRecord {
  readonly id: string;
  readonly template: string;
  readonly createdAt: EpochMs;
  /** It takes only a ReplicaSet of a later revision: the one that Kubernetes made, or took again, for it (S3). */
  readonly afterRevision: number;
  /** The revision of its ReplicaSet, once there is one. */
  readonly revision?: number;
  /** Its completion was told: only then is a steady state (§5.2). */
  readonly completed?: true;
}

/** A ReplicaSet of the service, and the deployment whose it is now. */
export interface ReplicaSetRecord extends ReplicaSetFacts {
  readonly deployment?: string;
}

export interface ServiceTaskRecord {
  readonly deployment?: string;
  readonly replicaSetUid: string;
  readonly createdAt: EpochMs;
  readonly lastStatus: LastStatus;
  readonly wanted: boolean;
  readonly failed: boolean;
  readonly unhealthy: boolean;
}

/** One line of services[].events[]; `number` rises by one for each. */
export interface ServiceEvent {
  readonly number: number;
  readonly at: EpochMs;
  readonly message: string;
}

/** Starts and stops that are told together. */
export interface Batch {
  readonly since: EpochMs;
  readonly groups: readonly {
    readonly kind: 'started' | 'stopped' | 'stoppedPending';
    readonly taskIds: readonly string[];
  }[];
}

/** A deployment that has left the list. */
export interface PastDeployment {
  readonly id: string;
  readonly createdAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly rolloutState: RolloutState;
  readonly finishedAt?: EpochMs;
  readonly taskDefinitionArn?: string;
}

/**
 * What a service remembers. Twelve keys at most (XState copies them at each assign); a key is never left out again, since an assign keeps
 * what it is not told of.
 */
export interface ServiceContext {
  readonly identity: ServiceIdentity;
  /** The last look at the Deployment; undefined before the first, and again when it is gone. */
  readonly deployment: DeploymentFacts | undefined;
  /** createdAt of the service; undefined before its Deployment was seen: until then it is no service to anyone. */
  readonly born?: EpochMs;
  readonly counts: { readonly desired: number; readonly running: number; readonly pending: number };
  /** PRIMARY first, the others newest first (S1, S2). */
  readonly deployments: readonly DeploymentRecord[];
  readonly replicaSets: Readonly<Record<string, ReplicaSetRecord>>;
  /** Tasks that are not STOPPED. */
  readonly tasks: Readonly<Record<string, ServiceTaskRecord>>;
  readonly events: {
    readonly last: number;
    readonly ring: readonly ServiceEvent[];
    readonly told: Readonly<Record<string, EpochMs>>;
  };
  readonly batch: Batch | undefined;
  /** How many rollouts there have been, those that have left the list, and whether the steady state has been told. */
  readonly rollouts: { readonly count: number; readonly past: readonly PastDeployment[]; readonly steady: boolean };
  /** By id. */
  readonly taskSets: Readonly<Record<string, TaskSetRecord>>;
  /** A ReplicaSet of its is given away, as all are with a deletion that orphans: its tasks are not waited for (S6). */
  readonly orphaned: boolean;
}

/** What a deployment is told by its service. */
export type RolloutMessage =
  | {
      readonly type: 'REPLICASET_COUNTED';
      readonly desired: number;
      readonly total: number;
      readonly ready: number;
      readonly at: EpochMs;
    }
  | { readonly type: 'REPLICASET_LOST'; readonly at: EpochMs }
  /** The service's desiredCount. */
  | { readonly type: 'TARGET_SET'; readonly desired: number; readonly at: EpochMs }
  | { readonly type: 'PROGRESS_REPORTED'; readonly verdict: 'COMPLETED' | 'FAILED'; readonly at: EpochMs }
  | { readonly type: 'SUPERSEDED'; readonly at: EpochMs }
  /** A later deployment has its ReplicaSet; this one never got any. */
  | { readonly type: 'ABANDONED'; readonly at: EpochMs }
  | { readonly type: 'TASK_FAILED'; readonly at: EpochMs };

export interface RolloutInput {
  readonly id: string;
  readonly createdAt: EpochMs;
  readonly target: number;
  readonly taskDefinitionArn?: string;
}

export interface RolloutContext extends RolloutInput {
  readonly updatedAt: EpochMs;
  /** Of its ReplicaSet; undefined before it has one. */
  readonly replicaSet: { readonly desired: number; readonly total: number; readonly ready: number } | undefined;
  readonly failedTasks: number;
  /** When it became COMPLETED or FAILED, the last time. */
  readonly finishedAt?: EpochMs;
}

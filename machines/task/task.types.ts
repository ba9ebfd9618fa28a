/**
 * Owns the vocabulary of the task machine: what one task is told (input, messages), what it remembers (context).
 * Everything is readonly and JSON-serialisable. All instants are epoch milliseconds.
 */
import type { ProfileName } from '../semantics.js';

/** An instant: epoch milliseconds. */
export type EpochMs = number;

/** ECS's task states in their order; see ../task/task.machine.ts. */
export const LAST_STATUSES = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;
export type LastStatus = (typeof LAST_STATUSES)[number];

export type DesiredStatus = 'RUNNING' | 'STOPPED';
export type ContainerLastStatus = 'PENDING' | 'RUNNING' | 'STOPPED';
export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
export type LaunchType = 'EC2' | 'FARGATE' | 'EXTERNAL';
export type NetworkMode = 'awsvpc' | 'bridge' | 'host' | 'none';

/** ECS's TaskStopCode. */
export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice'
  | 'InfrastructureHealth';

/** What a container is by its pod's specification; it does not change while the pod lives. */
export interface ContainerDefinition {
  /** The ECS name: the Kubernetes name without KECS's `-nonessential`. */
  readonly name: string;
  /** The Kubernetes name, by which its status and its Events are found. */
  readonly podContainerName: string;
  readonly image: string;
  readonly essential: boolean;
  /** It has a readiness or liveness probe. */
  readonly hasHealthCheck: boolean;
  /** The kubelet starts it again after a failed exit (and, with `always`, after any). */
  readonly restart: 'never' | 'onFailure' | 'always';
  /** CPU units (1024 = one core) as ECS prints them; `"0"` when unset. */
  readonly cpu: string;
  /** Hard limit in MiB. */
  readonly memory?: string;
  /** Soft limit in MiB. */
  readonly memoryReservation?: string;
}

/** Who a task is: all that is known at its first sight and never changes. */
export interface TaskIdentity {
  readonly taskArn: string;
  readonly taskId: string;
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly taskDefinitionArn?: string;
  readonly family?: string;
  /** `family:<family>` or `service:<name>`. */
  readonly group: string;
  readonly startedBy?: string;
  readonly launchType: LaunchType;
  readonly serviceName?: string;
  readonly serviceArn?: string;
  /** `ts-…`, for a task of a task set. */
  readonly taskSetId?: string;
  /** The ReplicaSet that owns the pod. */
  readonly replicaSet?: { readonly uid: string; readonly name: string };
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly createdAt: EpochMs;
  /** CPU units and MiB of the whole task, when its pod asks for any. */
  readonly cpu?: string;
  readonly memory?: string;
  readonly networkMode: NetworkMode;
  readonly subnetId?: string;
  /** The task is a target of a load balancer or registered for discovery. */
  readonly hasRegistrations: boolean;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly containers: readonly ContainerDefinition[];
}

/** What one look at a container's status says. */
export interface ContainerFacts {
  readonly name: string;
  /** `absent`: the pod has no status for it (yet, or any more). */
  readonly state: 'absent' | 'waiting' | 'running' | 'terminated';
  readonly reason?: string;
  readonly message?: string;
  /** Of the current `terminated` state; absent where the kubelet does not know it or the process never started. */
  readonly exitCode?: number;
  /** Of the current state. */
  readonly startedAt?: EpochMs;
  readonly finishedAt?: EpochMs;
  /** The last state that ended, when it was a real run. */
  readonly last?: { readonly exitCode?: number; readonly reason?: string; readonly finishedAt?: EpochMs };
  /** This status alone proves that the process ran at least once. */
  readonly hasStarted: boolean;
  readonly ready: boolean;
  readonly restartCount: number;
  /** The container's id without the runtime's scheme. */
  readonly runtimeId?: string;
  readonly imageDigest?: string;
}

/** What one look at a pod says, 0.3 KB of 7. */
export interface TaskFacts {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly scheduled: boolean;
  /** pod.status.reason and .message (Evicted, DeadlineExceeded, OutOfcpu, …). */
  readonly reason?: string;
  readonly message?: string;
  readonly startTime?: EpochMs;
  readonly ready?: { readonly status: 'True' | 'False' | 'Unknown'; readonly at?: EpochMs };
  readonly podIp?: string;
  /** Set while the pod is being deleted. `requestedAt` = deletionTimestamp − grace period. */
  readonly deletion?: { readonly requestedAt: EpochMs; readonly graceSeconds: number };
  /** The condition DisruptionTarget, where the cluster sets it (Kubernetes 1.26 and later). */
  readonly disruption?: { readonly reason: string; readonly message?: string };
  /** Why an init container ended the task, in words. */
  readonly initFailure?: string;
  /** One for each container of the identity, in the same order. */
  readonly containers: readonly ContainerFacts[];
}

/** What a Kubernetes Event about a pod tells the task. Events never drive lastStatus. */
export interface TaskEventFacts {
  readonly kind: 'pulling' | 'pulled' | 'pullFailed' | 'livenessFailed' | 'killing' | 'taintEviction' | 'preempted';
  /** ECS container name, when the Event names one. */
  readonly container?: string;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  readonly message: string;
}

/** The messages that a task takes. `at` is when ecstate received what it speaks of. */
export type TaskMessage =
  | { readonly type: 'POD_OBSERVED'; readonly facts: TaskFacts; readonly at: EpochMs }
  | { readonly type: 'POD_GONE'; readonly how: 'deleted' | 'missing'; readonly facts?: TaskFacts; readonly at: EpochMs }
  | { readonly type: 'EVENT_OBSERVED'; readonly event: TaskEventFacts; readonly at: EpochMs }
  | { readonly type: 'STOP_REQUESTED'; readonly reason?: string; readonly at: EpochMs }
  /** From its service: the deployment that started it is known. */
  | { readonly type: 'STARTED_BY'; readonly startedBy: string; readonly at: EpochMs };

/** What the task machine is started with. The first message gives birth to the task: it becomes version 1. */
export interface TaskInput {
  readonly identity: TaskIdentity;
  readonly profile: ProfileName;
}

/** Why a container could not be started so far. */
export interface StartFailure {
  readonly step: 'pull' | 'create' | 'start';
  readonly message: string;
}

/** A container as the task remembers it. */
export interface ContainerRecord {
  readonly name: string;
  readonly lastStatus: ContainerLastStatus;
  readonly exitCode?: number;
  /** Reason of the current state, as the API shows it. */
  readonly reason?: string;
  readonly healthStatus: HealthStatus;
  readonly runtimeId?: string;
  readonly imageDigest?: string;
  /** It ran at least once (latched). */
  readonly hasStarted: boolean;
  /** It was ready at least once (latched). */
  readonly wasReady: boolean;
  readonly restartCount: number;
  /** When its last run ended. */
  readonly finishedAt?: EpochMs;
  /** Set while it has never started and the kubelet fails to start it. */
  readonly startFailure?: StartFailure;
  /** The text of the latest Event that told of a failed pull: better than what the status says. */
  readonly pullFailure?: string;
}

/** Why a task stops: stopCode and stoppedReason. */
export interface StopCause {
  readonly stopCode: StopCode;
  readonly stoppedReason: string;
}

/** The instants of a task; each is written once (T6), pullStoppedAt by the last pull. */
export interface TaskTimes {
  readonly pullStartedAt?: EpochMs;
  readonly pullStoppedAt?: EpochMs;
  readonly startedAt?: EpochMs;
  /** When lastStatus became RUNNING, as we saw it; the API shows it only in profile `aws`, as startedAt. */
  readonly runningAt?: EpochMs;
  readonly stoppingAt?: EpochMs;
  readonly executionStoppedAt?: EpochMs;
  readonly stoppedAt?: EpochMs;
}

export type AttachmentStatus = 'PRECREATED' | 'ATTACHED' | 'DELETED';

/** What one task remembers. Twelve keys at most (XState copies them at each assign). */
export interface TaskContext {
  readonly profile: ProfileName;
  readonly identity: TaskIdentity;
  readonly version: number;
  readonly desiredStatus: DesiredStatus;
  readonly containers: readonly ContainerRecord[];
  readonly times: TaskTimes;
  /** Written when desiredStatus becomes STOPPED (T4). */
  readonly stop?: StopCause;
  /** The first cause seen while the task was still wanted; becomes `stop`. */
  readonly firstCause?: StopCause;
  readonly connectivity?: { readonly status: 'CONNECTED' | 'DISCONNECTED'; readonly at: EpochMs };
  readonly healthStatus: HealthStatus;
  readonly network: { readonly podIp?: string; readonly attachment?: AttachmentStatus };
  /** Containers whose liveness probe was seen to fail, by their ECS names, and when it did last. */
  readonly livenessFailed: readonly { readonly container: string; readonly at: EpochMs }[];
}

/** Where `status` stands in the lifecycle; T1 says that it never falls. */
export const rankOf = (status: LastStatus): number => LAST_STATUSES.indexOf(status);

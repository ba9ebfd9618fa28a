/**
 * Owns what readers may ask of the system: only what a committed turn made durable (http, the CLI's replay and the inspector read through it).
 */
import type {
  DeploymentRole,
  RolloutContext,
  RolloutState,
  ServiceContext,
  ServiceStatus,
} from '../../machines/service/service.types.js';
import type { DesiredStatus, LastStatus, LaunchType, EpochMs, TaskContext } from '../../machines/task/task.types.js';

/** What is kept in memory of every task that can be described, also of a stopped one, which has no actor. */
export interface TaskIndexEntry {
  readonly taskArn: string;
  readonly taskId: string;
  readonly clusterArn: string;
  readonly lastStatus: LastStatus;
  readonly desiredStatus: DesiredStatus;
  readonly family: string | undefined;
  readonly serviceName: string | undefined;
  readonly startedBy: string | undefined;
  readonly launchType: LaunchType;
  readonly createdAt: EpochMs;
  /** When lastStatus became what it is, as we saw it. */
  readonly since: EpochMs;
  readonly stoppedAt: EpochMs | undefined;
}

/** A task as the last committed turn left it. */
export interface CommittedTask {
  readonly context: TaskContext;
  readonly lastStatus: LastStatus;
}

/** One transition of one actor, with its cause in words. Times are epoch milliseconds; `from` is null at first sight. */
export interface HistoryRow {
  readonly from: LastStatus | null;
  readonly to: LastStatus;
  readonly at: EpochMs;
  readonly cause: string;
  /** The task's version after it. */
  readonly version: number;
}

/** One deployment of a service, as the last committed turn left it. */
export interface ServiceDeployment {
  readonly id: string;
  readonly role: DeploymentRole;
  readonly rollout: RolloutState;
  readonly context: RolloutContext;
}

/** A service as the last committed turn left it, PRIMARY first. */
export interface CommittedService {
  readonly status: ServiceStatus;
  readonly context: ServiceContext;
  readonly deployments: readonly ServiceDeployment[];
}

/** What of a service was shown after a change: one row of its history. Times are epoch milliseconds; `from` is null at first sight. */
export interface ServiceHistoryRow {
  readonly from: ServiceStatus | null;
  readonly to: ServiceStatus;
  readonly at: EpochMs;
  readonly cause: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly deployments: readonly {
    readonly id: string;
    readonly status: DeploymentRole;
    readonly rolloutState: RolloutState;
    readonly desiredCount: number;
    readonly runningCount: number;
    readonly pendingCount: number;
    readonly failedTasks: number;
  }[];
}

export interface ClusterSummary {
  readonly clusterArn: string;
  readonly clusterName: string;
  /** Tasks whose lastStatus is RUNNING, and those before it. */
  readonly runningTasksCount: number;
  readonly pendingTasksCount: number;
  readonly activeServicesCount: number;
}

/** What one committed turn changed, for live readers. */
export interface TaskTransition extends HistoryRow {
  readonly taskArn: string;
  /** Rises by one for each transition, over restarts too; what a reader that lost its connection resumes after. */
  readonly sequence: number;
}

/** Reads of committed state. Ids are resolved by callers; ARNs are exact. */
export interface CommittedState {
  clusters(): readonly ClusterSummary[];
  task(taskArn: string): CommittedTask | undefined;
  /** The ARN of the task with this id in this cluster. */
  taskArnOf(clusterArn: string, taskId: string): string | undefined;
  /** Every task of the cluster (of all clusters when absent), in the order of their creation. */
  tasks(clusterArn?: string): Iterable<TaskIndexEntry>;
  /** Services that were born; also INACTIVE ones, until they are forgotten. */
  services(clusterArn?: string): Iterable<CommittedService>;
  service(serviceArn: string): CommittedService | undefined;
  /** Oldest first. */
  serviceHistory(serviceArn: string): readonly ServiceHistoryRow[];
  /** Oldest first. Survives the task itself (history retention). */
  history(taskArn: string): readonly HistoryRow[];
  /** Calls `listener` after each committed turn that moved a task. Returns how to stop listening. */
  onTransitions(listener: (transitions: readonly TaskTransition[]) => void): () => void;
}

/**
 * Owns what may be put into the system's inbox, and the names of the watches it comes from.
 */
import type { EpochMs, TaskFacts, TaskIdentity } from '../../machines/task/task.types.js';
import type {
  DeploymentFacts,
  ReplicaSetFacts,
  ServiceIdentity,
  TaskSetFacts,
} from '../../machines/service/service.types.js';
import type { PodEvent } from '../observe/event.js';

/** The watches: pods and Deployments have one for each of KECS's label dialects, Events one for each kind that they are about. */
export const WATCHED_KINDS = [
  'pods',
  'taskset-pods',
  'deployments',
  'taskset-deployments',
  'replicasets',
  'events',
  'replicaset-events',
] as const;
export type WatchedKindName = (typeof WATCHED_KINDS)[number];

/** One watch: a kind, in one namespace or in all of them. */
export interface WatchScope {
  readonly kind: WatchedKindName;
  readonly namespace?: string;
}

/** The row of the `cursors` table that holds the resourceVersion of this watch. */
export const cursorKey = (scope: WatchScope): string => `watch/${scope.kind}/${scope.namespace ?? '*'}`;

/** What one look at a pod says, and who it is where that is not known yet. */
export interface PodObservation {
  readonly podUid: string;
  readonly resourceVersion: string;
  /** Absent when the decoder knew the pod already. */
  readonly identity?: TaskIdentity;
  readonly facts: TaskFacts;
}

export type SystemMessage =
  | {
      readonly kind: 'pod';
      readonly change: 'observed' | 'deleted';
      readonly pod: PodObservation;
      readonly at: EpochMs;
    }
  | { readonly kind: 'event'; readonly event: PodEvent; readonly scope: WatchScope; readonly at: EpochMs }
  | {
      readonly kind: 'deployment';
      readonly change: 'observed' | 'deleted';
      readonly identity: ServiceIdentity;
      readonly facts: DeploymentFacts;
      readonly at: EpochMs;
    }
  | {
      readonly kind: 'replicaset';
      readonly change: 'observed' | 'deleted';
      readonly identity: ServiceIdentity;
      readonly facts: ReplicaSetFacts;
      readonly at: EpochMs;
    }
  | {
      readonly kind: 'taskset';
      readonly change: 'observed' | 'deleted';
      readonly identity: ServiceIdentity;
      readonly facts: TaskSetFacts;
      readonly at: EpochMs;
    }
  /** A Kubernetes Event about a ReplicaSet, in ECS's words. */
  | {
      readonly kind: 'notice';
      readonly replicaSetUid: string;
      readonly cause: string;
      readonly message: string;
      readonly at: EpochMs;
    }
  /** All that came before on this watch was posted before this message: the resourceVersion that the next commit has reached. */
  | { readonly kind: 'cursor'; readonly scope: WatchScope; readonly resourceVersion: string }
  /** A list is complete: objects of this scope that it did not hold are gone. */
  | {
      readonly kind: 'listed';
      readonly scope: WatchScope;
      readonly uids: ReadonlySet<string>;
      readonly resourceVersion: string;
      readonly at: EpochMs;
    }
  /** A deadline is due. */
  | { readonly kind: 'due'; readonly at: EpochMs };

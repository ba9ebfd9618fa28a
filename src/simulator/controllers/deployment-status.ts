/**
 * Owns the status of a Deployment: counters and conditions, as a pure function. The order in which conditions stand is
 * the order in which they last changed.
 *
 * Order of what decides `Progressing`: complete, then progress since the last status, then the deadline; a rollout that
 * completed is not looked at again until something else is rolled out.
 */
import { fromTimestamp, toTimestamp } from '../instants.js';
import type { ConditionStatus, Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../objects.js';
import { actualOf, availableOf, maxUnavailableOf, wantedBy } from './rollout.js';

/** A deadline this long means that there is none. */
const NO_DEADLINE = 2 ** 31 - 1;

type Conditions = readonly DeploymentCondition[];

/** What a new condition says; its times follow from the one that it replaces. */
export type ConditionText = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

export function conditionOf(
  status: DeploymentStatus,
  type: DeploymentCondition['type'],
): DeploymentCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

/** `conditions` with one more, or with one replaced, which then comes last; unchanged when it says the same. */
export function withCondition(conditions: Conditions, text: ConditionText, now: number): Conditions {
  const old = conditions.find(({ type }) => type === text.type);
  if (old?.status === text.status && old.reason === text.reason) return conditions;
  return [...conditions.filter((condition) => condition !== old), stamped(text, old, now)];
}

function stamped(
  { type, status, reason, message }: ConditionText,
  old: DeploymentCondition | undefined,
  now: number,
): DeploymentCondition {
  const time = toTimestamp(now);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : time;
  return { type, status, lastUpdateTime: time, lastTransitionTime, reason, message };
}

/** The ReplicaSets of a Deployment: that of its present template, and those of earlier ones. */
export interface Revisions {
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/** The counters, and the condition `Available`. */
export function countedStatus(deployment: Deployment, { current, old }: Revisions, now: number): DeploymentStatus {
  const all = current === undefined ? old : [...old, current];
  const available = availableOf(all);
  const enough = available >= deployment.spec.replicas - maxUnavailableOf(deployment);
  const text: ConditionText = enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: absentIfZero(actualOf(all)),
    updatedReplicas: absentIfZero(current?.status.replicas ?? 0),
    readyReplicas: absentIfZero(all.reduce((sum, { status }) => sum + (status.readyReplicas ?? 0), 0)),
    availableReplicas: absentIfZero(available),
    unavailableReplicas: absentIfZero(Math.max(0, wantedBy(all) - available)),
    conditions: withCondition(deployment.status.conditions ?? [], text, now),
  };
}

/** The status of a rollout: the counters, and what can be said of its progress. */
export function rolloutStatus(
  deployment: Deployment,
  revisions: Revisions,
  now: number,
  deadline: number,
): DeploymentStatus {
  const status = countedStatus(deployment, revisions, now);
  const name = revisions.current?.metadata.name ?? deployment.metadata.name;
  let conditions = status.conditions ?? [];
  const progressing = conditionOf(deployment.status, 'Progressing');
  const wasComplete = status.replicas === status.updatedReplicas && progressing?.reason === 'NewReplicaSetAvailable';
  if (!hasDeadline(deployment)) {
    conditions = conditions.filter(({ type }) => type !== 'Progressing');
  } else if (!wasComplete) {
    const say = (value: ConditionStatus, reason: string, message: string): ConditionText => ({
      type: 'Progressing',
      status: value,
      reason,
      message,
    });
    if (isComplete(deployment, status)) {
      conditions = withCondition(
        conditions,
        say('True', 'NewReplicaSetAvailable', `ReplicaSet "${name}" has successfully progressed.`),
        now,
      );
    } else if (hasProgressed(deployment.status, status)) {
      // Progress is noted anew each time, even when nothing else is new: the deadline counts from it.
      const text = say('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`);
      conditions = [...conditions.filter(({ type }) => type !== 'Progressing'), stamped(text, progressing, now)];
    } else if (isTimedOut(progressing, now, deadline)) {
      conditions = withCondition(
        conditions,
        say('False', 'ProgressDeadlineExceeded', `ReplicaSet "${name}" has timed out progressing.`),
        now,
      );
    }
  }
  return { ...status, conditions: withReplicaFailure(conditions, revisions, now) };
}

/** A ReplicaSet that cannot create its pods makes its Deployment say so. */
function withReplicaFailure(conditions: Conditions, { current, old }: Revisions, now: number): Conditions {
  const failing = [...(current === undefined ? [] : [current]), ...old].find(
    ({ status }) => status.conditions?.[0] !== undefined,
  );
  const failure = failing?.status.conditions?.[0];
  if (failure === undefined) return conditions.filter(({ type }) => type !== 'ReplicaFailure');
  const { type, status, reason, message } = failure;
  return withCondition(conditions, { type, status, reason, message }, now);
}

export function hasDeadline({ spec }: Deployment): boolean {
  return (spec.progressDeadlineSeconds ?? NO_DEADLINE) < NO_DEADLINE;
}

/** Everything is of the present template, and available. */
export function isComplete({ metadata, spec }: Deployment, status: DeploymentStatus): boolean {
  return (
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** @param deadline how long there may be no progress, in milliseconds of the clock. */
function isTimedOut(progressing: DeploymentCondition | undefined, now: number, deadline: number): boolean {
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return false;
  return (
    progressing.reason === 'ProgressDeadlineExceeded' || fromTimestamp(progressing.lastUpdateTime) + deadline < now
  );
}

function absentIfZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

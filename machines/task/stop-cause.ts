/**
 * Owns why a task stops: stopCode and stoppedReason by cause, the first that was seen (T4), in ECS's words.
 */
import { START_ERROR_NAMES } from './containers.js';
import { essentialContainerEnded, isTerminal } from './reading.js';
import type { StopCause, StopCode, TaskContext, TaskEventFacts, TaskFacts } from './task.types.js';

export const ESSENTIAL_CONTAINER_EXITED: StopCause = {
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
};
export const FAILED_HEALTH_CHECKS: StopCause = {
  stopCode: 'ServiceSchedulerInitiated',
  stoppedReason: 'Task failed container health checks',
};

/** StopTask, with the caller's words. */
export const userInitiated = (reason: string | undefined): StopCause => ({
  stopCode: 'UserInitiated',
  stoppedReason: reason ?? 'Task stopped by user',
});

const withMessage = (reason: string, message: string | undefined): string =>
  message === undefined || message === '' ? reason : `${reason}: ${message}`;

/**
 * pod.status.reason of a pod that the kubelet ended by itself (kubelet/eviction, kubelet/nodeshutdown, kubelet/active_deadline).
 * Any other reason of a Failed pod that never ran is an admission refusal.
 */
const KUBELET_ENDINGS: ReadonlyMap<string, StopCode> = new Map([
  ['Evicted', 'InfrastructureHealth'],
  ['NodeLost', 'TerminationNotice'],
  ['NodeShutdown', 'TerminationNotice'],
  ['Shutdown', 'TerminationNotice'],
  ['Terminated', 'TerminationNotice'],
  ['Preempting', 'TerminationNotice'],
  ['DeadlineExceeded', 'EssentialContainerExited'],
]);

const PREEMPTED: StopCause = {
  stopCode: 'TerminationNotice',
  stoppedReason: 'Preempted by a task of higher priority',
};
const NOT_TOLERATED: StopCause = {
  stopCode: 'TerminationNotice',
  stoppedReason: 'The node of the task no longer tolerates it (taint)',
};
/** The condition DisruptionTarget (Kubernetes 1.26 and later): who asked for the deletion. */
const DISRUPTIONS: ReadonlyMap<string, StopCause> = new Map([
  ['PreemptionByScheduler', PREEMPTED],
  ['PreemptionByKubeScheduler', PREEMPTED],
  ['DeletionByTaintManager', NOT_TOLERATED],
  ['DeletionByPodGC', { stopCode: 'TerminationNotice', stoppedReason: 'The node of the task is gone' }],
  [
    'EvictionByEvictionAPI',
    {
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
    },
  ],
  ['TerminationByKubelet', { stopCode: 'InfrastructureHealth', stoppedReason: 'The node of the task ended it' }],
]);

/** What `kubectl delete pod` leaves: nobody's name. A service's pod is replaced, so its scheduler is taken for it; else a person. */
function deletedBySomebody(context: TaskContext): StopCause {
  const { identity, connectivity } = context;
  if (connectivity?.status === 'DISCONNECTED') {
    return { stopCode: 'TerminationNotice', stoppedReason: 'The node of the task is not reachable' };
  }
  if (identity.serviceName === undefined) return userInitiated(undefined);
  const deployment = identity.startedBy ?? identity.group;
  return {
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: `Scaling activity initiated by (deployment ${deployment})`,
  };
}

/** Why a task that never ran could not start, when the kubelet said so. */
function startFailure(context: TaskContext, facts: TaskFacts | undefined): StopCause | undefined {
  if (context.times.runningAt !== undefined) return undefined;
  for (const record of context.containers) {
    if (record.startFailure === undefined) continue;
    const { step, message } = record.startFailure;
    const text = step === 'pull' ? (record.pullFailure ?? message) : message;
    return { stopCode: 'TaskFailedToStart', stoppedReason: `${START_ERROR_NAMES[step]}: ${text}` };
  }
  if (facts?.initFailure !== undefined) {
    return { stopCode: 'TaskFailedToStart', stoppedReason: `ResourceInitializationError: ${facts.initFailure}` };
  }
  return undefined;
}

/**
 * A cause that shows while the task is still wanted, and that stays the first even if the pod ends later or otherwise:
 * an essential container's end (row 18). `context` already holds this observation's containers.
 */
export function firstCauseIn(facts: TaskFacts, context: TaskContext): StopCause | undefined {
  if (facts.deletion !== undefined || isTerminal(facts.phase)) return undefined;
  if (context.containers.some((record) => record.startFailure !== undefined)) return undefined;
  return essentialContainerEnded(facts, context) === undefined ? undefined : ESSENTIAL_CONTAINER_EXITED;
}

/**
 * A kill this long (in milliseconds) after the liveness probe failed was for that failure: the kubelet kills at once, both Events have
 * whole seconds, and a busy kubelet takes a few more. A kill long after is somebody's deletion, whose object is only late.
 */
export const LIVENESS_KILL_WINDOW = 10_000;

/** What an Event names that the object does not: a liveness kill, an eviction by taint, a preemption. */
export function causeInEvent(event: TaskEventFacts, context: TaskContext): StopCause | undefined {
  switch (event.kind) {
    case 'killing': {
      const definition = context.identity.containers.find((container) => container.name === event.container);
      if (definition?.restart !== 'never') return undefined;
      const failure = context.livenessFailed.find(({ container }) => container === definition.name);
      return failure !== undefined && event.firstAt - failure.at <= LIVENESS_KILL_WINDOW
        ? FAILED_HEALTH_CHECKS
        : undefined;
    }
    case 'taintEviction':
      return NOT_TOLERATED;
    case 'preempted':
      return { stopCode: 'TerminationNotice', stoppedReason: withMessage('Preempted', event.message) };
    case 'pulling':
    case 'pulled':
    case 'pullFailed':
    case 'livenessFailed':
      return undefined;
  }
}

/**
 * The cause at the moment when desiredStatus becomes STOPPED. `context` already holds this observation's containers.
 * Order: the first cause seen before; what the kubelet says of the whole pod; a start that failed; an essential exit before the
 * deletion; who deleted it; the end of a pod that ran; the end of one that did not.
 */
export function stopCauseOf(context: TaskContext, facts: TaskFacts | undefined): StopCause {
  if (context.firstCause !== undefined) return context.firstCause;
  const ran = context.containers.some((record) => record.hasStarted);
  const terminal = facts !== undefined && isTerminal(facts.phase);
  if (terminal && facts.reason !== undefined) {
    const stopCode = KUBELET_ENDINGS.get(facts.reason);
    if (stopCode !== undefined || !ran) {
      const stoppedReason = withMessage(facts.reason, facts.message);
      return ran && stopCode !== undefined
        ? { stopCode, stoppedReason }
        : endingBeforeStart(facts.reason, stoppedReason);
    }
  }
  const failure = startFailure(context, facts);
  if (failure !== undefined) return failure;
  if (facts?.deletion !== undefined && exitedBefore(context, facts, facts.deletion.requestedAt))
    return ESSENTIAL_CONTAINER_EXITED;
  if (facts?.disruption !== undefined) {
    const known = DISRUPTIONS.get(facts.disruption.reason);
    if (known !== undefined) return known;
  }
  if (!terminal || facts.deletion !== undefined) return deletedBySomebody(context);
  return ran ? ESSENTIAL_CONTAINER_EXITED : { stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' };
}

/** An eviction before anything ran is still an eviction; any other refusal is a failure to start. */
const endingBeforeStart = (reason: string, stoppedReason: string): StopCause => {
  const stopCode = KUBELET_ENDINGS.get(reason);
  return {
    stopCode: stopCode === undefined || stopCode === 'EssentialContainerExited' ? 'TaskFailedToStart' : stopCode,
    stoppedReason,
  };
};

function exitedBefore(context: TaskContext, facts: TaskFacts, instant: number): boolean {
  const container = essentialContainerEnded(facts, context);
  return container?.finishedAt !== undefined && container.finishedAt < instant;
}

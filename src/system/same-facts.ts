/**
 * Owns the answer to "did this look at the pod say anything new?": a pod changes far more often than what a task hears of it.
 */
import type { ContainerFacts, TaskFacts } from '../../machines/task/task.types.js';

/** Two looks say the same. */
export function sameFacts(a: TaskFacts, b: TaskFacts): boolean {
  return (
    a.phase === b.phase &&
    a.scheduled === b.scheduled &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.startTime === b.startTime &&
    a.podIp === b.podIp &&
    a.initFailure === b.initFailure &&
    a.ready?.status === b.ready?.status &&
    a.ready?.at === b.ready?.at &&
    a.deletion?.requestedAt === b.deletion?.requestedAt &&
    a.deletion?.graceSeconds === b.deletion?.graceSeconds &&
    a.disruption?.reason === b.disruption?.reason &&
    a.disruption?.message === b.disruption?.message &&
    a.containers.length === b.containers.length &&
    a.containers.every((container, index) => {
      const other = b.containers[index];
      return other !== undefined && sameContainer(container, other);
    })
  );
}

const sameContainer = (a: ContainerFacts, b: ContainerFacts): boolean =>
  a.name === b.name &&
  a.state === b.state &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.exitCode === b.exitCode &&
  a.startedAt === b.startedAt &&
  a.finishedAt === b.finishedAt &&
  a.hasStarted === b.hasStarted &&
  a.ready === b.ready &&
  a.restartCount === b.restartCount &&
  a.runtimeId === b.runtimeId &&
  a.imageDigest === b.imageDigest &&
  a.last?.exitCode === b.last?.exitCode &&
  a.last?.reason === b.last?.reason &&
  a.last?.finishedAt === b.last?.finishedAt;

/**
 * Owns what counts as a failed task of a deployment (row 13): a pod that failed, or a container failure (exit, start, pull) before the task
 * was first ready.
 */
import type { LastStatus, TaskContext } from './task.types.js';

/** Codes of tasks that ended without anyone having asked for it. */
const FAILED_ENDS = new Set(['TaskFailedToStart', 'EssentialContainerExited', 'InfrastructureHealth']);

/** Whether the task has failed so far; once true it stays so while the task is not RUNNING. */
export function failedToStart(context: TaskContext, lastStatus: LastStatus): boolean {
  if (lastStatus === 'STOPPED') return context.stop !== undefined && FAILED_ENDS.has(context.stop.stopCode);
  if (context.desiredStatus === 'STOPPED' || context.times.runningAt !== undefined) return false;
  return context.containers.some(
    (record) =>
      record.startFailure !== undefined ||
      (record.hasStarted && (record.lastStatus !== 'RUNNING' || record.restartCount > 0)),
  );
}

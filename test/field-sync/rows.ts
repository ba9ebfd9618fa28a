/**
 * Owns the list of what the sync document asks of tasks: its rows by their own names, so that a row without a test shows.
 */
import { expect, it } from 'vitest';

/** "Task Response Fields": field ← Kubernetes source. */
export const TASK_TABLE = [
  '`lastStatus` ← Pod.Status.Phase mapping',
  '`containers[].lastStatus` ← Container.State',
  '`containers[].exitCode` ← Container.State.Terminated.ExitCode',
  '`containers[].reason` ← Container.State.Waiting/Terminated.Reason',
  '`containers[].networkInterfaces[]` ← Pod.Status.PodIP',
  '`containers[].runtimeId` ← Container.Status.ContainerID',
  '`startedAt` ← Pod.Status.StartTime',
  '`stoppedAt` ← Container.State.Terminated.FinishedAt',
  '`stoppingAt` ← Pod.DeletionTimestamp',
  '`pullStartedAt` ← First container pulling event',
  '`pullStoppedAt` ← Last container pulled event',
  '`connectivity` ← Pod network readiness',
  '`connectivityAt` ← When connectivity established',
  '`healthStatus` ← Container health check results',
  '`stoppedReason` ← Pod/Container termination reason',
  '`stopCode` ← Mapped from exit codes',
  '`executionStoppedAt` ← Last container stopped',
  '`attachments[].status` ← ENI attachment status (for awsvpc)',
] as const;

/** "Container Status Mapping". */
export const CONTAINER_STATUS_MAPPING = [
  'PENDING -> Container.State.Waiting',
  'RUNNING -> Container.State.Running',
  'STOPPED -> Container.State.Terminated',
] as const;

/** "Task Status Mapping". */
export const TASK_STATUS_MAPPING = [
  'PROVISIONING -> Pod.Status.Phase = Pending && no containers started',
  'PENDING -> Pod.Status.Phase = Pending && containers creating',
  'ACTIVATING -> Pod.Status.Phase = Pending && some containers ready',
  'RUNNING -> Pod.Status.Phase = Running && all containers ready',
  'DEACTIVATING -> Pod.Status.Phase = Running && DeletionTimestamp set',
  'STOPPING -> Pod being terminated',
  'STOPPED -> Pod.Status.Phase = Succeeded/Failed',
] as const;

/** "Kubernetes Resources to Monitor, For Task Updates": what → which fields. */
export const MONITORED_FOR_TASKS = [
  'Pods (by task ID label): task status, container status, timestamps',
  'Events (by pod): pull timestamps, failure reasons',
] as const;

/** "Critical Sync Points" of tasks. */
export const TASK_SYNC_POINTS = [
  '3. Task Launch: Update through PROVISIONING -> PENDING -> RUNNING states',
  '4. Task Stop: Set STOPPING status immediately, STOPPED when pod deleted',
  '5. Health Checks: Update container and task health status from probes',
] as const;

/** "Fields That Don't Need Sync", of tasks. */
export const STATIC_TASK_FIELDS = ['`capacityProviderName`', '`group`', '`startedBy`', '`tags`', '`version`'] as const;

/** Registers tests by the names of the rows, and one more that fails when a row was left out. */
export function testsOf<Row extends string>(rows: readonly Row[]) {
  const tested: Row[] = [];
  return {
    row(name: Row, test: () => void): void {
      tested.push(name);
      it(name, test);
    },
    nothingLeftOut(): void {
      it('has one test for each row, in the order of the document', () => expect(tested).toEqual(rows));
    },
  };
}

/**
 * Owns the check of the task machine's invariants over one step: what a task was, what it was told, what it is.
 */
import { rankOf } from '../../../machines/task/task.types.js';
import type { LastStatus, TaskContext } from '../../../machines/task/task.types.js';
import { projectTask } from '../../../src/project/task.js';

/** A task between two messages. */
export interface Step {
  readonly context: TaskContext;
  readonly lastStatus: LastStatus;
}

/** What the ECS API shows of a task and counts as a change: not its health, and not the count itself. */
function shown({ context, lastStatus }: Step): string {
  const containers = context.containers.map((record) => ({ ...record, healthStatus: 'UNKNOWN' as const }));
  const counted: TaskContext = { ...context, healthStatus: 'UNKNOWN', containers, version: 0 };
  return JSON.stringify(projectTask(counted, lastStatus, { tags: true }));
}

const isDown = (status: LastStatus): boolean => rankOf(status) >= rankOf('DEACTIVATING');

const ascending = (...instants: (number | undefined)[]): boolean => {
  const known = instants.filter((instant) => instant !== undefined);
  return known.every((instant, index) => index === 0 || instant >= (known[index - 1] ?? instant));
};

/** The invariants by name: whether each holds over the step from `before` to `after`. */
const INVARIANTS: Readonly<Record<string, (before: Step, after: Step) => boolean>> = {
  'T1 lastStatus never moves backward': (before, after) => rankOf(after.lastStatus) >= rankOf(before.lastStatus),
  'T2 STOPPED is final': (before, after) => before.lastStatus !== 'STOPPED' || after.context === before.context,
  'T3 desiredStatus goes RUNNING → STOPPED once': (before, after) =>
    before.context.desiredStatus === 'RUNNING' || after.context.desiredStatus === 'STOPPED',
  'T3 it is STOPPED in the states of down': (_, { context, lastStatus }) =>
    !isDown(lastStatus) || context.desiredStatus === 'STOPPED',
  'T3 and nowhere else, but after a StopTask in profile aws': (_, { context, lastStatus }) =>
    context.profile === 'aws' || isDown(lastStatus) || context.desiredStatus === 'RUNNING',
  'T4 stopCode and stoppedReason are written with it': (_, { context: { stop, desiredStatus } }) =>
    desiredStatus === 'RUNNING'
      ? stop === undefined
      : typeof stop?.stopCode === 'string' && typeof stop.stoppedReason === 'string',
  'T4 and never again': (before, after) =>
    before.context.stop === undefined || after.context.stop === before.context.stop,
  'T6 every instant is written once': (before, after) =>
    Object.entries(before.context.times).every(
      // The keys of a TaskTimes.
      ([key, instant]) => key === 'pullStoppedAt' || after.context.times[key as keyof TaskContext['times']] === instant,
    ),
  'T6 pullStoppedAt is the last pull': (before, after) =>
    ascending(before.context.times.pullStoppedAt, after.context.times.pullStoppedAt),
  'T6 createdAt ≤ pullStartedAt ≤ pullStoppedAt': (_, { context: { identity, times } }) =>
    ascending(identity.createdAt, times.pullStartedAt, times.pullStoppedAt),
  'T6 stoppingAt ≤ stoppedAt': (_, { context: { times } }) => ascending(times.stoppingAt, times.stoppedAt),
  'T6 executionStoppedAt ≤ stoppedAt': (_, { context: { times } }) =>
    ascending(times.executionStoppedAt, times.stoppedAt),
  'T6 stoppedAt iff STOPPED': (_, { context, lastStatus }) =>
    (context.times.stoppedAt !== undefined) === (lastStatus === 'STOPPED'),
  'T7 version starts at 1': (before, after) => before.context.version > 0 || after.context.version <= 1,
  'T7 version rises by one for each change that ECS would show': (before, after) =>
    before.context.version === 0 ||
    after.context.version === before.context.version + (shown(before) === shown(after) ? 0 : 1),
  'T8 an exit code exists only on a container that exited': (_, { context: { containers } }) =>
    containers.every(
      ({ exitCode, lastStatus, hasStarted }) => exitCode === undefined || (lastStatus === 'STOPPED' && hasStarted),
    ),
  'containers of a STOPPED task are STOPPED': (_, { context, lastStatus }) =>
    lastStatus !== 'STOPPED' || context.containers.every((record) => record.lastStatus === 'STOPPED'),
};

/** The names of the invariants that do not hold over this step. */
export const brokenInvariants = (before: Step, after: Step): readonly string[] =>
  Object.entries(INVARIANTS).flatMap(([name, holds]) => (holds(before, after) ? [] : [name]));

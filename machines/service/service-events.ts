/**
 * Owns services[].events[]: ECS's wording, what is told together, what is not told again.
 */
import type { EpochMs } from '../task/task.types.js';
import type { Batch, ServiceContext, ServiceEvent } from './service.types.js';

/** The API shows the latest 100 (S4). */
export const MAX_SERVICE_EVENTS = 100;
/** Starts and stops within this time are told in one line, as ECS tells what one run of its scheduler did. In milliseconds. */
export const BATCH_WINDOW = 1000;
/** A cause that was told is not told again for six hours, unless it was resolved in between. In milliseconds. */
export const SILENCE = 6 * 3_600_000;
/** Distinct causes whose silence is kept. */
const MAX_CAUSES = 50;

type Group = Batch['groups'][number]['kind'];

const list = (taskIds: readonly string[]): string => taskIds.map((taskId) => `(task ${taskId})`).join(' ');

/** The live form of each line, without its prefix. Plurals are never adapted. */
const WORDING: Readonly<Record<Group, (taskIds: readonly string[]) => string>> = {
  started: (taskIds) => `has started ${taskIds.length} tasks: ${list(taskIds)}.`,
  stopped: (taskIds) => `has stopped ${taskIds.length} running tasks: ${list(taskIds)}.`,
  stoppedPending: (taskIds) => `stopped ${taskIds.length} pending tasks.`,
};

/** Adds a line; what waits in the batch happened before it and is told first. */
export function tell(context: ServiceContext, message: string, at: EpochMs): ServiceContext {
  return append(flush(context, at), message, at);
}

/** Adds a line unless its cause was told lately. */
export function tellOnce(context: ServiceContext, cause: string, message: string, at: EpochMs): ServiceContext {
  const last = context.events.told[cause];
  if (last !== undefined && at - last < SILENCE) return context;
  const next = tell(context, message, at);
  const told = Object.entries({ ...next.events.told, [cause]: at }).sort(([, a], [, b]) => b - a);
  return { ...next, events: { ...next.events, told: Object.fromEntries(told.slice(0, MAX_CAUSES)) } };
}

/** The causes told so far are resolved: they may be told again. */
export const resolved = (context: ServiceContext): ServiceContext =>
  Object.keys(context.events.told).length === 0 ? context : { ...context, events: { ...context.events, told: {} } };

/** A start or a stop, to be told with others of its time. */
export function batch(context: ServiceContext, kind: Group, taskId: string, at: EpochMs): ServiceContext {
  const ready = context.batch !== undefined && at - context.batch.since >= BATCH_WINDOW ? flush(context, at) : context;
  const { since, groups } = ready.batch ?? { since: at, groups: [] };
  const known = groups.some((group) => group.kind === kind);
  const grown = known
    ? groups.map((group) => (group.kind === kind ? { kind, taskIds: [...group.taskIds, taskId] } : group))
    : [...groups, { kind, taskIds: [taskId] }];
  return { ...ready, batch: { since, groups: grown } };
}

/** Tells what waits. */
export function flush(context: ServiceContext, at: EpochMs): ServiceContext {
  const { batch: waiting } = context;
  if (waiting === undefined) return context;
  const emptied: ServiceContext = { ...context, batch: undefined };
  return waiting.groups.reduce<ServiceContext>(
    (next, { kind, taskIds }) => append(next, WORDING[kind](taskIds), at),
    emptied,
  );
}

function append(context: ServiceContext, message: string, at: EpochMs): ServiceContext {
  const { events, identity } = context;
  const event: ServiceEvent = { number: events.last + 1, at, message: `(service ${identity.serviceName}) ${message}` };
  return {
    ...context,
    events: { ...events, last: event.number, ring: [event, ...events.ring].slice(0, MAX_SERVICE_EVENTS) },
  };
}

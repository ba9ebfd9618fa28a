/**
 * Owns how one message changes what a task remembers. Each function returns the same context when nothing changed (T7),
 * and keeps every unchanged part as the same object.
 */
import { PROFILES } from '../semantics.js';
import { endContainers, observeContainers, sameToEcs, unseenContainer, voteHealth } from './containers.js';
import { isTerminal } from './reading.js';
import { causeInEvent, firstCauseIn, stopCauseOf, userInitiated } from './stop-cause.js';
import { rankOf } from './task.types.js';
import type {
  ContainerRecord,
  EpochMs,
  LastStatus,
  StopCause,
  TaskContext,
  TaskEventFacts,
  TaskFacts,
  TaskInput,
  TaskTimes,
} from './task.types.js';

/** A task that no message has reached yet: version 0. */
export const initialContext = ({ identity, profile }: TaskInput): TaskContext => ({
  profile,
  identity,
  version: 0,
  desiredStatus: 'RUNNING',
  containers: identity.containers.map(unseenContainer),
  times: {},
  healthStatus: 'UNKNOWN',
  network: identity.networkMode === 'awsvpc' ? { attachment: 'PRECREATED' } : {},
  livenessFailed: [],
});

/** `to`: the state that this message leads to; undefined when it leads nowhere else. */
type Next = LastStatus | undefined;

const isDown = (status: Next): boolean => status !== undefined && rankOf(status) >= rankOf('DEACTIVATING');

/** POD_OBSERVED. */
export function podObserved(context: TaskContext, facts: TaskFacts, at: EpochMs, to: Next): TaskContext {
  const stopped = to === 'STOPPED';
  const observed = observeContainers(context, facts, at, stopped);
  const containers = stopped ? endContainers(observed, at) : observed;
  const wanted = context.desiredStatus === 'RUNNING';
  const firstCause = context.firstCause ?? (wanted ? firstCauseIn(facts, { ...context, containers }) : undefined);
  const connectivity = connectivityOf(context, facts, at);
  const next: TaskContext = {
    ...context,
    ...(firstCause === undefined ? {} : { firstCause }),
    containers,
    ...(connectivity === undefined ? {} : { connectivity }),
    healthStatus: voteHealth(context.identity.containers, containers),
    network: networkOf(context, facts.podIp, stopped),
  };
  return settle(context, withTimes(context, next, facts, at, to), facts, to);
}

/** POD_GONE: with the last object where the cluster sent one. */
export function podGone(context: TaskContext, facts: TaskFacts | undefined, at: EpochMs): TaskContext {
  if (facts !== undefined) return podObserved(context, facts, at, 'STOPPED');
  const containers = endContainers(context.containers, at);
  const next: TaskContext = {
    ...context,
    containers,
    healthStatus: voteHealth(context.identity.containers, containers),
    network: networkOf(context, undefined, true),
  };
  return settle(context, withTimes(context, next, undefined, at, 'STOPPED'), undefined, 'STOPPED');
}

/** EVENT_OBSERVED: pull times and causes, never a state. */
export function eventObserved(context: TaskContext, event: TaskEventFacts): TaskContext {
  // Init containers and injected ones pull, fail and are killed too; they are no part of the task.
  if (event.container !== undefined && !context.containers.some((record) => record.name === event.container))
    return context;
  switch (event.kind) {
    case 'pulling': {
      if (context.times.pullStartedAt !== undefined) return context;
      const { pullStoppedAt = Infinity } = context.times;
      // A pull that ended had begun: Events come in any order, and the one that told of its beginning may be lost.
      const pullStartedAt = Math.min(Math.max(event.firstAt, context.identity.createdAt), pullStoppedAt);
      return settle(context, { ...context, times: { ...context.times, pullStartedAt } }, undefined, undefined);
    }
    case 'pulled': {
      const pullStoppedAt = Math.max(event.lastAt, context.times.pullStartedAt ?? context.identity.createdAt);
      if (context.times.pullStoppedAt !== undefined && pullStoppedAt <= context.times.pullStoppedAt) return context;
      return settle(context, { ...context, times: { ...context.times, pullStoppedAt } }, undefined, undefined);
    }
    case 'pullFailed':
      return rememberPullFailure(context, event);
    case 'livenessFailed':
      return rememberLivenessFailure(context, event);
    case 'killing':
    case 'taintEviction':
    case 'preempted': {
      if (context.desiredStatus === 'STOPPED' || context.firstCause !== undefined) return context;
      const firstCause = causeInEvent(event, context);
      return firstCause === undefined ? context : { ...context, firstCause };
    }
  }
}

/** STOP_REQUESTED: a StopTask that passed through ecstate (row 6). */
export function stopRequested(context: TaskContext, reason: string | undefined, at: EpochMs): TaskContext {
  if (context.desiredStatus === 'STOPPED') return context;
  const stop = context.firstCause ?? userInitiated(reason);
  const times = { ...context.times, stoppingAt: context.times.stoppingAt ?? at };
  return { ...context, desiredStatus: 'STOPPED', stop, times, version: context.version + 1 };
}

/** STARTED_BY. Written once; a task whose service was seen first is born with it. */
export function startedByKnown(context: TaskContext, startedBy: string): TaskContext {
  if (context.identity.startedBy !== undefined) return context;
  const version = context.version === 0 ? 0 : context.version + 1;
  return { ...context, identity: { ...context.identity, startedBy }, version };
}

function rememberLivenessFailure(context: TaskContext, { container, lastAt }: TaskEventFacts): TaskContext {
  const known = context.livenessFailed.find((failure) => failure.container === container);
  if (container === undefined || (known !== undefined && known.at >= lastAt)) return context;
  const others = context.livenessFailed.filter((failure) => failure !== known);
  return { ...context, livenessFailed: [...others, { container, at: lastAt }] };
}

function rememberPullFailure(context: TaskContext, event: TaskEventFacts): TaskContext {
  const index = context.containers.findIndex((record) => record.name === event.container);
  const record = context.containers[index];
  if (record === undefined || record.hasStarted || record.pullFailure === event.message) return context;
  const containers: readonly ContainerRecord[] = context.containers.with(index, {
    ...record,
    pullFailure: event.message,
  });
  return { ...context, containers };
}

/** Row 11. A stopped task keeps the last. */
function connectivityOf(context: TaskContext, facts: TaskFacts, at: EpochMs): TaskContext['connectivity'] {
  const known = context.connectivity;
  const ready = facts.ready?.status === 'True';
  const containersReady = facts.containers.length > 0 && facts.containers.every((container) => container.ready);
  const byNode = PROFILES[context.profile].connectivity === 'node';
  if (ready) {
    if (known?.status === 'CONNECTED') return known;
    // A kubelet that comes back brings the condition as it remembers it, with its time from before the loss.
    const since = facts.ready?.at ?? at;
    return { status: 'CONNECTED', at: known !== undefined && since <= known.at ? at : since };
  }
  const lost = facts.ready !== undefined && containersReady && !isTerminal(facts.phase);
  if (known === undefined)
    return byNode && facts.scheduled ? { status: lost ? 'DISCONNECTED' : 'CONNECTED', at } : known;
  return lost && known.status === 'CONNECTED' ? { status: 'DISCONNECTED', at: known.at } : known;
}

function networkOf(context: TaskContext, podIp: string | undefined, stopped: boolean): TaskContext['network'] {
  const known = context.network;
  const ip = known.podIp ?? (context.identity.networkMode === 'host' ? undefined : podIp);
  const attachment =
    known.attachment === undefined ? undefined : stopped ? 'DELETED' : ip === undefined ? 'PRECREATED' : 'ATTACHED';
  if (ip === known.podIp && attachment === known.attachment) return known;
  return { ...(ip === undefined ? {} : { podIp: ip }), ...(attachment === undefined ? {} : { attachment }) };
}

/** Rows 9 and 10, and stoppingAt. Each instant is written once (T6). */
function withTimes(
  before: TaskContext,
  next: TaskContext,
  facts: TaskFacts | undefined,
  at: EpochMs,
  to: Next,
): TaskContext {
  const profile = PROFILES[before.profile];
  const known = before.times;
  const times: { -readonly [Key in keyof TaskTimes]: TaskTimes[Key] } = { ...known };
  const { containers } = next;
  const ran = containers.some((record) => record.hasStarted);
  if (to === 'RUNNING') times.runningAt ??= at;
  if (profile.startedAt === 'runningTransition') {
    if (times.runningAt !== undefined) times.startedAt ??= times.runningAt;
  } else if (ran && facts?.startTime !== undefined) {
    times.startedAt ??= facts.startTime;
  }
  if (facts?.deletion !== undefined)
    times.stoppingAt ??= Math.max(facts.deletion.requestedAt, before.identity.createdAt);
  else if (profile.stoppedAt === 'transition' && isDown(to)) times.stoppingAt ??= at;
  const executionStoppedAt =
    profile.stoppedAt === 'transition'
      ? firstEssentialEnd(next, isDown(to) || before.desiredStatus === 'STOPPED')
      : lastEnd(next, to === 'STOPPED' || facts?.deletion !== undefined);
  if (executionStoppedAt !== undefined) times.executionStoppedAt ??= executionStoppedAt;
  if (to === 'STOPPED') {
    const end = profile.stoppedAt === 'transition' ? at : (times.executionStoppedAt ?? at);
    // The node's clock and ours may differ: what ends a task is not before what belongs to its way there.
    times.stoppedAt ??= Math.max(
      end,
      times.stoppingAt ?? end,
      times.executionStoppedAt ?? end,
      before.identity.createdAt,
    );
  }
  const same = (Object.keys(times) as (keyof TaskTimes)[]).every((key) => times[key] === known[key]); // keys of a TaskTimes
  return same ? { ...next, times: known } : { ...next, times };
}

/** Row 10, profile `aws`. While the task is wanted, a container that is down will run again. */
function firstEssentialEnd({ containers, identity }: TaskContext, goingDown: boolean): EpochMs | undefined {
  if (!goingDown) return undefined;
  const ends = containers.flatMap(({ lastStatus, finishedAt }, index) =>
    lastStatus === 'STOPPED' && finishedAt !== undefined && identity.containers[index]?.essential === true
      ? [finishedAt]
      : [],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Row 10, profile `kecs`: once all that ran have ended. Nothing that never ran can have ended. */
function lastEnd({ containers }: TaskContext, goingDown: boolean): EpochMs | undefined {
  if (!goingDown) return undefined;
  const ends: EpochMs[] = [];
  for (const record of containers) {
    if (!record.hasStarted) continue;
    if (record.lastStatus !== 'STOPPED' || record.finishedAt === undefined) return undefined;
    ends.push(record.finishedAt);
  }
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** Writes what follows from the way down (T3, T4), and counts the change (T7). */
function settle(before: TaskContext, changed: TaskContext, facts: TaskFacts | undefined, to: Next): TaskContext {
  let next = changed;
  if (isDown(to) && before.desiredStatus === 'RUNNING') {
    const stop: StopCause = stopCauseOf(next, facts);
    next = { ...next, desiredStatus: 'STOPPED', stop };
  }
  // An Event that came before its pod is remembered; the task is born with the first look at the pod.
  const unborn = before.version === 0 && facts === undefined && to === undefined;
  if (!unborn && (before.version === 0 || to !== undefined || !sameForEcs(before, next))) {
    return { ...next, version: before.version + 1 };
  }
  return sameContext(before, next) ? before : next;
}

/** What an ECS client would call no change: health aside: its events carry none, so it does not move the version. */
const sameForEcs = (a: TaskContext, b: TaskContext): boolean =>
  a.desiredStatus === b.desiredStatus &&
  a.times === b.times &&
  a.network === b.network &&
  a.connectivity === b.connectivity &&
  (a.containers === b.containers ||
    a.containers.every((record, index) => {
      const other = b.containers[index];
      return other !== undefined && sameToEcs(record, other);
    }));

const sameContext = (a: TaskContext, b: TaskContext): boolean =>
  sameForEcs(a, b) &&
  a.containers === b.containers &&
  a.healthStatus === b.healthStatus &&
  a.firstCause === b.firstCause;

/**
 * Owns what a task remembers of each container: how one look at its status is laid over what was known (T8, and "Both profiles").
 */
import { PROFILES } from '../semantics.js';
import { hasEnded, isTerminal } from './reading.js';
import type {
  ContainerDefinition,
  ContainerFacts,
  ContainerLastStatus,
  ContainerRecord,
  EpochMs,
  HealthStatus,
  StartFailure,
  TaskContext,
  TaskFacts,
} from './task.types.js';

/** A container nobody has seen a status of. */
export const unseenContainer = (definition: ContainerDefinition): ContainerRecord => ({
  name: definition.name,
  lastStatus: 'PENDING',
  healthStatus: 'UNKNOWN',
  hasStarted: false,
  wasReady: false,
  restartCount: 0,
});

/** Waiting reasons by which the kubelet says that it cannot start a container (kubelet/images, kubelet/kuberuntime, kubelet/container). */
const START_FAILURES: ReadonlyMap<string, StartFailure['step']> = new Map([
  ['ErrImagePull', 'pull'],
  ['ImagePullBackOff', 'pull'],
  ['InvalidImageName', 'pull'],
  ['ErrImageNeverPull', 'pull'],
  ['ImageInspectError', 'pull'],
  ['RegistryUnavailable', 'pull'],
  ['SignatureValidationFailed', 'pull'],
  ['CreateContainerConfigError', 'create'],
  ['CreateContainerError', 'create'],
  ['PreCreateHookError', 'create'],
  ['RunContainerError', 'start'],
  ['PreStartHookError', 'start'],
  ['StartError', 'start'],
  ['ContainerCannotRun', 'start'],
  ['CrashLoopBackOff', 'start'],
]);

/** Waiting reasons of a container between two tries: what they say of the failure is less than the try itself said. */
const BACK_OFFS: ReadonlySet<string> = new Set(['ImagePullBackOff', 'CrashLoopBackOff']);

/** The ECS agent's name for a failed step (amazon-ecs-agent, agent/engine/errors.go). */
export const START_ERROR_NAMES: Readonly<Record<StartFailure['step'], string>> = {
  pull: 'CannotPullContainerError',
  create: 'CannotCreateContainerError',
  start: 'CannotStartContainerError',
};

/** What the kubelet says when it has lost a container: no exit code that it gives is real. */
const LOST = 'ContainerStatusUnknown';
/** The waiting reasons of a container that nothing is known of; under deletion the kubelet falls back to them. */
const RESET = new Set(['ContainerCreating', 'PodInitializing']);

/** Lays one observation over what was known of all containers; returns the same array when nothing changed. */
export function observeContainers(
  context: TaskContext,
  facts: TaskFacts,
  at: EpochMs,
  stopped: boolean,
): readonly ContainerRecord[] {
  let changed = false;
  const records = context.identity.containers.map((definition, index) => {
    const known = context.containers[index] ?? unseenContainer(definition);
    const container = facts.containers[index];
    if (container === undefined) return known;
    const record = observeContainer(context, definition, known, container, facts, at, stopped);
    if (sameRecord(known, record)) return known;
    changed = true;
    return record;
  });
  return changed ? records : context.containers;
}

/** Ends every container of a task whose pod is gone and said no more. */
export function endContainers(records: readonly ContainerRecord[], at: EpochMs): readonly ContainerRecord[] {
  if (records.every((record) => record.lastStatus === 'STOPPED')) return records;
  return records.map((record) =>
    record.lastStatus === 'STOPPED'
      ? record
      : {
          ...record,
          lastStatus: 'STOPPED' as const,
          ...(record.hasStarted ? { finishedAt: record.finishedAt ?? at } : {}),
        },
  );
}

function observeContainer(
  context: TaskContext,
  definition: ContainerDefinition,
  known: ContainerRecord,
  container: ContainerFacts,
  facts: TaskFacts,
  at: EpochMs,
  stopped: boolean,
): ContainerRecord {
  const goingDown = facts.deletion !== undefined || isTerminal(facts.phase) || stopped;
  const ended = goingDown && hasEnded(container, known);
  const lastStatus = stopped || ended ? 'STOPPED' : mapState(container, known);
  const hasStarted = known.hasStarted || container.hasStarted;
  const exitCode = lastStatus === 'STOPPED' ? exitCodeOf(known, container) : undefined;
  const finishedAt =
    lastStatus !== 'RUNNING' && hasStarted ? finishedAtOf(known, container, at, lastStatus) : undefined;
  const reason = container.state === 'running' && !stopped ? undefined : reasonOf(context, known, container, goingDown);
  const startFailure = hasStarted ? undefined : startFailureOf(known, container);
  const runtimeId = container.runtimeId ?? known.runtimeId;
  const imageDigest = container.imageDigest ?? known.imageDigest;
  return {
    name: definition.name,
    lastStatus,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    healthStatus: definition.hasHealthCheck ? healthOf(context, known, container, goingDown) : 'UNKNOWN',
    ...(runtimeId === undefined ? {} : { runtimeId }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
    hasStarted,
    wasReady: known.wasReady || container.ready,
    restartCount: Math.max(known.restartCount, container.restartCount),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(startFailure === undefined ? {} : { startFailure }),
    ...(known.pullFailure === undefined || hasStarted ? {} : { pullFailure: known.pullFailure }),
  };
}

/** The sync document, "Container Status Mapping". A status that is gone says nothing: what was known stays. */
function mapState(container: ContainerFacts, known: ContainerRecord): ContainerLastStatus {
  switch (container.state) {
    case 'running':
      return 'RUNNING';
    case 'terminated':
      return 'STOPPED';
    case 'waiting':
      return container.last?.reason === LOST ? 'STOPPED' : 'PENDING';
    case 'absent':
      return known.lastStatus;
  }
}

/** T8. A run that the kubelet lost sight of has no exit code; one that is known stays known. */
function exitCodeOf(known: ContainerRecord, container: ContainerFacts): number | undefined {
  if (container.state === 'terminated') return container.hasStarted ? container.exitCode : undefined;
  // The last look at a pod that is gone: what ran then has ended since, unseen.
  if (container.state === 'running') return undefined;
  if (known.lastStatus === 'STOPPED') return known.exitCode;
  // In a crash loop lastState is the run that just ended; a container last seen running ended unseen, and lastState may be an older run.
  if (container.state === 'waiting' && known.lastStatus === 'PENDING') return container.last?.exitCode;
  return undefined;
}

function finishedAtOf(
  known: ContainerRecord,
  container: ContainerFacts,
  at: EpochMs,
  lastStatus: ContainerLastStatus,
): EpochMs | undefined {
  if (container.state === 'terminated') return container.finishedAt ?? known.finishedAt ?? at;
  if (container.state === 'running') return at;
  if (known.finishedAt !== undefined) return known.finishedAt;
  if (container.last?.finishedAt !== undefined) return container.last.finishedAt;
  return lastStatus === 'STOPPED' ? at : undefined;
}

/** Row 20. The last reason known is kept when the status is lost. */
function reasonOf(
  context: TaskContext,
  known: ContainerRecord,
  container: ContainerFacts,
  goingDown: boolean,
): string | undefined {
  if (container.state === 'absent' || container.state === 'running') return known.reason;
  const { reason: name, message } = container;
  const wasSeen = known.lastStatus !== 'PENDING' || known.reason !== undefined;
  const reset = name !== undefined && RESET.has(name) && (container.last?.reason === LOST || (goingDown && wasSeen));
  if (name === undefined || reset) return known.reason;
  if (PROFILES[context.profile].containerReason === 'kubernetes') return join(name, message);
  if (name === 'OOMKilled') return 'OutOfMemoryError: Container killed due to memory usage';
  const step = container.hasStarted ? undefined : START_FAILURES.get(name);
  if (step !== undefined) return join(START_ERROR_NAMES[step], known.pullFailure ?? message ?? name);
  return container.state === 'terminated' && message !== undefined ? message : undefined;
}

const join = (name: string, message: string | undefined): string =>
  message === undefined ? name : `${name}: ${message}`;

function startFailureOf(
  { startFailure }: ContainerRecord,
  { reason, message }: ContainerFacts,
): StartFailure | undefined {
  const step = reason === undefined ? undefined : START_FAILURES.get(reason);
  if (reason === undefined || step === undefined) return startFailure;
  if (startFailure?.step === step && BACK_OFFS.has(reason)) return startFailure;
  return { step, message: message ?? reason };
}

/**
 * "Both profiles": not ready after it was ready is UNHEALTHY; a container that ended because the task goes down keeps its last vote. One that
 * is killed for its health check has failed it: the liveness probe may be the quicker one, and then no look ever shows it not ready.
 */
function healthOf(
  context: TaskContext,
  known: ContainerRecord,
  container: ContainerFacts,
  goingDown: boolean,
): HealthStatus {
  if (wasKilledForHealth(context, known.name)) return 'UNHEALTHY';
  if (container.ready) return 'HEALTHY';
  if (container.state === 'absent' || (goingDown && container.state !== 'running')) return known.healthStatus;
  return known.wasReady ? 'UNHEALTHY' : 'UNKNOWN';
}

/** Of the causes that show while a task is still wanted, a failed health check alone has this code. */
const wasKilledForHealth = ({ firstCause, livenessFailed }: TaskContext, name: string): boolean =>
  firstCause?.stopCode === 'ServiceSchedulerInitiated' && livenessFailed.some(({ container }) => container === name);

/** The task's vote: over the essential containers that have a health check. */
export function voteHealth(
  definitions: readonly ContainerDefinition[],
  records: readonly ContainerRecord[],
): HealthStatus {
  let votes = 0;
  let healthy = 0;
  for (const [index, definition] of definitions.entries()) {
    if (!definition.essential || !definition.hasHealthCheck) continue;
    votes += 1;
    const status = records[index]?.healthStatus;
    if (status === 'UNHEALTHY') return 'UNHEALTHY';
    if (status === 'HEALTHY') healthy += 1;
  }
  return votes > 0 && healthy === votes ? 'HEALTHY' : 'UNKNOWN';
}

/** What the ECS API shows of a container is the same, health aside. */
export const sameToEcs = (a: ContainerRecord, b: ContainerRecord): boolean =>
  a.lastStatus === b.lastStatus &&
  a.exitCode === b.exitCode &&
  a.reason === b.reason &&
  a.runtimeId === b.runtimeId &&
  a.imageDigest === b.imageDigest;

const sameRecord = (a: ContainerRecord, b: ContainerRecord): boolean =>
  sameToEcs(a, b) &&
  a.healthStatus === b.healthStatus &&
  a.hasStarted === b.hasStarted &&
  a.wasReady === b.wasReady &&
  a.restartCount === b.restartCount &&
  a.finishedAt === b.finishedAt &&
  a.pullFailure === b.pullFailure &&
  a.startFailure?.step === b.startFailure?.step &&
  a.startFailure?.message === b.startFailure?.message;

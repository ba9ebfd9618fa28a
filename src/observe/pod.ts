/**
 * Owns what one look at a pod says: `V1Pod → TaskFacts`. Pure; the specification is not needed once the identity is known.
 *
 * Order of checks in a container's status: no status, terminated, running, waiting. A run counts as one only when the process started:
 * the kubelet reports a StartError as terminated with code 128 and 1970 as its start, and a container that it lost as 137 with no times.
 */
import type { ContainerDefinition, ContainerFacts, TaskFacts } from '../../machines/task/task.types.js';
import { array, instant, number, object, string } from './raw.js';
import type { RawObject } from './raw.js';

const PHASES = new Set(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']);
/** Reasons of a terminated state whose process never ran (kubelet/kuberuntime). */
const NEVER_STARTED = new Set([
  'StartError',
  'ContainerCannotRun',
  'CreateContainerError',
  'CreateContainerConfigError',
]);
const LOST = 'ContainerStatusUnknown';

/** The facts of a pod: `metadata` and `status` as raw JSON, `containers` as its identity has them. */
export function observePod(
  metadata: RawObject,
  status: RawObject,
  containers: readonly ContainerDefinition[],
  nodeName?: string,
): TaskFacts {
  const phase = typeof status['phase'] === 'string' && PHASES.has(status['phase']) ? status['phase'] : 'Unknown';
  const conditions = readConditions(status);
  const startTime = instant(status['startTime']);
  const statuses = readStatuses(status);
  const facts: Mutable<TaskFacts> = {
    phase: phase as TaskFacts['phase'], // one of PHASES
    scheduled: conditions.scheduled || startTime !== undefined || nodeName !== undefined,
    containers: containers.map((definition) =>
      containerFacts(definition.name, statuses.get(definition.podContainerName)),
    ),
  };
  assign(facts, 'reason', string(status['reason']));
  assign(facts, 'message', string(status['message']));
  assign(facts, 'startTime', startTime);
  assign(facts, 'ready', conditions.ready);
  assign(facts, 'podIp', string(status['podIP']));
  assign(facts, 'deletion', readDeletion(metadata));
  assign(facts, 'disruption', conditions.disruption);
  assign(facts, 'initFailure', phase === 'Failed' ? initFailure(status, containers) : undefined);
  return facts;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function assign<Target extends object, Key extends keyof Target>(
  target: Target,
  key: Key,
  value: Target[Key] | undefined,
): void {
  if (value !== undefined) target[key] = value;
}

/** Kubernetes adds the grace period to the time of the request (apimachinery, ObjectMeta.DeletionTimestamp). */
function readDeletion(metadata: RawObject): TaskFacts['deletion'] {
  const at = instant(metadata['deletionTimestamp']);
  if (at === undefined) return undefined;
  const graceSeconds = number(metadata['deletionGracePeriodSeconds']) ?? 0;
  return { requestedAt: at - graceSeconds * 1000, graceSeconds };
}

function readConditions(status: RawObject): {
  scheduled: boolean;
  ready: TaskFacts['ready'];
  disruption: TaskFacts['disruption'];
} {
  let scheduled = false;
  let ready: TaskFacts['ready'];
  let disruption: TaskFacts['disruption'];
  for (const entry of array(status['conditions'])) {
    const condition = object(entry);
    switch (condition['type']) {
      case 'PodScheduled':
        scheduled = condition['status'] === 'True';
        break;
      case 'Ready': {
        const value = condition['status'];
        if (value !== 'True' && value !== 'False' && value !== 'Unknown') break;
        // Containers that are ready and a pod that is not mean a lost node, unless somebody's readiness gate holds the pod back.
        if (condition['reason'] === 'ReadinessGatesNotReady') break;
        const at = instant(condition['lastTransitionTime']);
        ready = at === undefined ? { status: value } : { status: value, at };
        break;
      }
      case 'DisruptionTarget': {
        const reason = string(condition['reason']);
        if (condition['status'] !== 'True' || reason === undefined) break;
        const message = string(condition['message']);
        disruption = message === undefined ? { reason } : { reason, message };
        break;
      }
    }
  }
  return { scheduled, ready, disruption };
}

/** By Kubernetes name; containerStatuses are sorted by name, not in the order of the specification. */
function readStatuses(status: RawObject): ReadonlyMap<string, RawObject> {
  const statuses = new Map<string, RawObject>();
  for (const list of [status['containerStatuses'], status['initContainerStatuses']]) {
    for (const entry of array(list)) {
      const name = string(object(entry)['name']);
      if (name !== undefined) statuses.set(name, object(entry));
    }
  }
  return statuses;
}

function containerFacts(name: string, status: RawObject | undefined): ContainerFacts {
  if (status === undefined) return { name, state: 'absent', hasStarted: false, ready: false, restartCount: 0 };
  const state = object(status['state']);
  const lastTerminated = object(status['lastState'])['terminated'];
  const last = lastTerminated === undefined ? undefined : lastRun(object(lastTerminated));
  const restartCount = number(status['restartCount']) ?? 0;
  const facts: Mutable<ContainerFacts> = {
    name,
    state: 'waiting',
    hasStarted: last !== undefined,
    ready: status['ready'] === true,
    restartCount,
  };
  assign(facts, 'last', last);
  assign(facts, 'runtimeId', withoutScheme(string(status['containerID'])));
  assign(facts, 'imageDigest', digestOf(string(status['imageID'])));
  if (state['terminated'] !== undefined) {
    const terminated = object(state['terminated']);
    facts.state = 'terminated';
    const reason = string(terminated['reason']);
    const ran = reason === undefined || !NEVER_STARTED.has(reason);
    facts.hasStarted ||= ran;
    assign(facts, 'reason', reason);
    assign(facts, 'message', string(terminated['message']));
    if (ran && reason !== LOST) assign(facts, 'exitCode', number(terminated['exitCode']));
    assign(facts, 'startedAt', instant(terminated['startedAt']));
    if (ran) assign(facts, 'finishedAt', instant(terminated['finishedAt']));
  } else if (state['running'] !== undefined) {
    facts.state = 'running';
    facts.hasStarted = true;
    assign(facts, 'startedAt', instant(object(state['running'])['startedAt']));
  } else {
    const waiting = object(state['waiting']);
    assign(facts, 'reason', string(waiting['reason']));
    assign(facts, 'message', string(waiting['message']));
  }
  return facts;
}

/** lastState, when a process really ran. A container that the kubelet lost did run; its code is not known. */
function lastRun(terminated: RawObject): ContainerFacts['last'] {
  const reason = string(terminated['reason']);
  if (reason !== undefined && NEVER_STARTED.has(reason)) return undefined;
  const run: Mutable<NonNullable<ContainerFacts['last']>> = {};
  assign(run, 'reason', reason);
  if (reason !== LOST) assign(run, 'exitCode', number(terminated['exitCode']));
  assign(run, 'finishedAt', instant(terminated['finishedAt']));
  return run;
}

/** `containerd://<id>` → `<id>`. */
function withoutScheme(id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const separator = id.indexOf('://');
  return separator < 0 ? id : id.slice(separator + 3);
}

/** `docker.io/library/busybox@sha256:…` or a bare `sha256:…` → `sha256:…`. */
function digestOf(imageId: string | undefined): string | undefined {
  const start = imageId?.lastIndexOf('sha256:') ?? -1;
  return start < 0 ? undefined : imageId?.slice(start);
}

/** Which init container ended a Failed pod before its containers started. */
function initFailure(status: RawObject, containers: readonly ContainerDefinition[]): string | undefined {
  for (const entry of array(status['initContainerStatuses'])) {
    const init = object(entry);
    const name = string(init['name']);
    if (name === undefined || containers.some((container) => container.podContainerName === name)) continue;
    const terminated = object(init['state'])['terminated'] ?? object(init['lastState'])['terminated'];
    const exitCode = number(object(terminated)['exitCode']);
    if (exitCode !== undefined && exitCode !== 0) return `init container ${name} exited with code ${exitCode}`;
  }
  return undefined;
}

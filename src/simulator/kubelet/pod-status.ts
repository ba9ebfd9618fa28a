/**
 * Owns the status of a pod: one pure function from what the container runtime shows to what the kubelet reports.
 *
 * Order of what decides a container's state: lost, then what the runtime shows, then (for a container that is to be
 * started again, in a pod that is not being deleted) the reason why its last start failed. The phase follows from the
 * states, the conditions from phase and states. The rules are those of the kubelet's `getPhase`,
 * `convertToAPIContainerStatuses` and its condition generators.
 */
import { toTimestamp } from '../instants.js';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  ContainerTerminated,
  Pod,
  PodCondition,
  PodPhase,
  PodStatus,
  RestartPolicy,
} from '../objects.js';
import { fullName, imageId } from './images.js';

/** One run of a container. Instants are epoch milliseconds. */
export interface Run {
  readonly id: string;
  /** 0 for a process that never started. */
  readonly startedAt: number;
  /** How it ended; nothing while it runs. */
  readonly exit?:
    { readonly at: number; readonly code: number; readonly reason: string; readonly message?: string } | undefined;
}

/** What the runtime and the probes show of a container. */
export interface ContainerView {
  readonly container: Container;
  readonly kind: 'main' | 'init' | 'sidecar';
  readonly run: Run | undefined;
  readonly previous: Run | undefined;
  readonly restarts: number;
  /** What the readiness probe says; true where there is none. */
  readonly ready: boolean;
  /** It ran, and the runtime has no trace of it. */
  readonly lost: boolean;
  /** Why its last start failed. */
  readonly failure: { readonly reason: string; readonly message?: string } | undefined;
}

export interface PodView {
  readonly pod: Pod;
  readonly containers: readonly ContainerView[];
  readonly hostIP: string;
  readonly podIP: string | undefined;
  readonly startTime: number;
  /** The instant of the report, for conditions that change with it. */
  readonly now: number;
  /** The last report, for the conditions that do not. */
  readonly last: PodStatus;
}

export function podStatus(view: PodView): PodStatus {
  const { pod, containers, podIP } = view;
  const policy = pod.spec.restartPolicy ?? 'Always';
  const deleted = pod.metadata.deletionTimestamp !== undefined;
  const hasInit = (pod.spec.initContainers?.length ?? 0) > 0;
  const report = (each: ContainerView): ContainerStatus => containerStatus(each, policy, deleted, hasInit);
  const init = containers.filter(({ kind }) => kind !== 'main').map(report);
  const main = containers.filter(({ kind }) => kind === 'main').map(report);
  const sidecars = new Set(containers.filter(({ kind }) => kind === 'sidecar').map(({ container }) => container.name));
  const phase = podPhase(init, main, sidecars, policy);
  return {
    phase,
    conditions: conditions(view, phase, init, main, sidecars),
    hostIP: view.hostIP,
    podIP,
    podIPs: podIP === undefined ? undefined : [{ ip: podIP }],
    startTime: toTimestamp(view.startTime),
    initContainerStatuses: init.length === 0 ? undefined : init,
    containerStatuses: [...main].sort((a, b) => (a.name < b.name ? -1 : 1)),
    qosClass: pod.status.qosClass,
  };
}

function containerStatus(
  view: ContainerView,
  policy: RestartPolicy,
  deleted: boolean,
  hasInit: boolean,
): ContainerStatus {
  const { container, kind, run, previous, restarts, lost } = view;
  let { state, lastState } = lost
    ? { state: { waiting: { reason: 'ContainerCreating' } }, lastState: { terminated: UNKNOWN } }
    : observedStates(run, previous, hasInit ? 'PodInitializing' : 'ContainerCreating');
  if (view.failure !== undefined && !deleted && isToBeStarted(view, policy)) {
    if (state.terminated !== undefined) lastState = state;
    state = { waiting: { reason: view.failure.reason, message: view.failure.message } };
  }
  const running = state.running !== undefined;
  const known = run !== undefined && !lost;
  const done = kind === 'init' && state.terminated?.exitCode === 0;
  return {
    name: container.name,
    state,
    lastState,
    ready: done || (kind !== 'init' && running && view.ready),
    restartCount: restarts,
    image: known ? fullName(container.image) : container.image,
    imageID: known ? imageId(container.image) : '',
    containerID: known ? `containerd://${run.id}` : undefined,
    started: kind === 'init' ? undefined : running,
  };
}

/** What is reported of a container whose end nobody saw. */
const UNKNOWN: ContainerTerminated = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
  startedAt: null,
  finishedAt: null,
};

function observedStates(
  run: Run | undefined,
  previous: Run | undefined,
  waiting: string,
): { state: ContainerState; lastState: ContainerState } {
  const lastState = previous?.exit === undefined ? {} : { terminated: terminated(previous) };
  if (run === undefined) return { state: { waiting: { reason: waiting } }, lastState };
  if (run.exit === undefined) return { state: { running: { startedAt: toTimestamp(run.startedAt) } }, lastState };
  return { state: { terminated: terminated(run) }, lastState };
}

function terminated({ id, startedAt, exit }: Run): ContainerTerminated {
  return {
    exitCode: exit?.code ?? 0,
    reason: exit?.reason,
    message: exit?.message,
    startedAt: toTimestamp(startedAt),
    finishedAt: toTimestamp(exit?.at ?? 0),
    containerID: `containerd://${id}`,
  };
}

/** Whether the next sync will start a container (again). */
export function isToBeStarted({ run, kind }: ContainerView, policy: RestartPolicy): boolean {
  if (run === undefined) return true;
  if (run.exit === undefined) return false;
  if (kind === 'sidecar') return true;
  if (kind === 'init') return run.exit.code !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && run.exit.code !== 0);
}

function podPhase(
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  sidecars: ReadonlySet<string>,
  policy: RestartPolicy,
): PodPhase {
  let initializing = false;
  for (const { name, state, lastState, started } of init) {
    if (sidecars.has(name)) {
      if (started !== true && state.terminated === undefined && lastState.terminated === undefined) initializing = true;
      continue;
    }
    const failed = (state.terminated ?? (state.waiting === undefined ? undefined : lastState.terminated))?.exitCode;
    if (failed !== undefined && failed !== 0 && policy === 'Never') return 'Failed';
    if (state.terminated === undefined || state.terminated.exitCode !== 0) initializing = true;
  }
  const running = main.filter(({ state }) => state.running !== undefined).length;
  const waiting = main.filter(
    ({ state, lastState }) => state.waiting !== undefined && lastState.terminated === undefined,
  ).length;
  if (initializing || waiting > 0) return 'Pending';
  if (running > 0 || policy === 'Always') return 'Running';
  if (main.every(({ state }) => state.terminated?.exitCode === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function conditions(
  view: PodView,
  phase: PodPhase,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  sidecars: ReadonlySet<string>,
): readonly PodCondition[] {
  const completed = phase === 'Succeeded' ? { reason: 'PodCompleted' } : {};
  const incomplete = init.filter(({ name, ready, started }) => (sidecars.has(name) ? started !== true : !ready));
  const unready = [...init.filter(({ name }) => sidecars.has(name)), ...main].filter(({ ready }) => !ready);
  const initialized =
    incomplete.length === 0 || phase === 'Succeeded'
      ? { status: 'True' as const, ...completed }
      : {
          status: 'False' as const,
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(' ')}]`,
        };
  const containersReady =
    phase === 'Succeeded'
      ? { status: 'False' as const, ...completed }
      : unready.length === 0
        ? { status: 'True' as const }
        : {
            status: 'False' as const,
            reason: 'ContainersNotReady',
            message: `containers with unready status: [${unready.map(({ name }) => name).join(' ')}]`,
          };
  const scheduled = view.last.conditions?.find(({ type }) => type === 'PodScheduled');
  return [
    condition(view, 'Initialized', initialized),
    condition(view, 'Ready', containersReady),
    condition(view, 'ContainersReady', containersReady),
    scheduled ?? condition(view, 'PodScheduled', { status: 'True' }),
  ];
}

function condition(
  view: PodView,
  type: string,
  fields: Pick<PodCondition, 'status' | 'reason' | 'message'>,
): PodCondition {
  const last = view.last.conditions?.find((candidate) => candidate.type === type);
  return {
    type,
    status: fields.status,
    lastProbeTime: null,
    lastTransitionTime: last?.status === fields.status ? last.lastTransitionTime : toTimestamp(view.now),
    reason: fields.reason,
    message: fields.message,
  };
}

/**
 * Owns one pod on its node: the kubelet's pod worker. It starts the containers, watches them, reports the status, and
 * takes the pod down.
 *
 * It works in *syncs*, one at a time: a sync reports what the runtime shows (and why the last start failed), then does
 * what is to be done, which takes time. A sync is due when the pod changes, at the next relist after the runtime
 * changed, and some seconds after a sync that failed. So the status lags behind the Events, as it does in a real cluster.
 *
 * Invariants:
 * 1. Every report is what {@link podStatus} makes of the runtime at that moment; nothing is reported twice.
 * 2. A pod that has ended (Succeeded, Failed, evicted) is not touched again until it is deleted.
 * 3. Under deletion nothing is started; the object goes when every container has ended.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../../system/clock.js';
import { toTimestamp } from '../instants.js';
import type { Container, Pod, PodStatus } from '../objects.js';
import { ContainerRuntime } from './container-runtime.js';
import type { ContainerHost } from './container-runtime.js';
import { ContainerStarter, fieldPathOf } from './container-starter.js';
import type { KubeletNode } from './kubelet-node.js';
import { isToBeStarted, podStatus } from './pod-status.js';
import type { ContainerView } from './pod-status.js';
import type { KubeletServices, Range, Steps } from './services.js';

/** How often the kubelet asks the runtime what has changed, in milliseconds. */
export const RELIST_PERIOD = 1_000;
/** How long after a failed sync the next one comes, in milliseconds: 10 s and up to half as much again. */
export const RETRY: Range = [10_000, 15_000];
/** How long a pod's sandbox takes, in milliseconds. */
export const SANDBOX: Range = [350, 500];
/** How long it takes until a pod whose containers have ended is gone, in milliseconds (median 8 s in the recordings). */
export const TEARDOWN: Range = [1_000, 15_000];
/** The same for a pod of which nothing ran when it was deleted, in milliseconds. */
export const IDLE_TEARDOWN: Range = [5_000, 30_000];

/** A container of the pod, and what part it plays. */
interface Entry {
  readonly kind: ContainerView['kind'];
  readonly runtime: ContainerRuntime;
}

export class PodWorker {
  readonly node: KubeletNode;
  readonly #services: KubeletServices;
  readonly #containers: readonly Entry[];
  readonly #starter: ContainerStarter;
  readonly #startTime: number;
  readonly #unhealthy = new Set<ContainerRuntime>();
  #pod: Pod;
  #reported: PodStatus;
  #podIP: string | undefined;
  #steps: Steps | undefined;
  #stepTimer: Timer | undefined;
  #relist: Timer | undefined;
  #retry: Timer | undefined;
  #deadline: Timer | undefined;
  /** A sync was asked for while another was under way, or while the node was away. */
  #syncAgain = false;
  /** The grace that the containers were last told to end within, in seconds; nothing before a deletion. */
  #grace: number | undefined;
  #over = false;

  constructor(pod: Pod, node: KubeletNode, services: KubeletServices) {
    this.node = node;
    this.#pod = pod;
    this.#services = services;
    this.#reported = pod.status;
    this.#startTime = services.timers.now();
    const host = this.#host();
    const init = (container: Container): 'init' | 'sidecar' =>
      container.restartPolicy === 'Always' ? 'sidecar' : 'init';
    this.#containers = [
      ...(pod.spec.initContainers ?? []).map((container) => ({
        kind: init(container),
        runtime: new ContainerRuntime(container, host),
      })),
      ...pod.spec.containers.map((container) => ({
        kind: 'main' as const,
        runtime: new ContainerRuntime(container, host),
      })),
    ];
    this.#starter = new ContainerStarter(services, node, () => this.#pod);
    const { activeDeadlineSeconds } = pod.spec;
    if (activeDeadlineSeconds !== undefined) {
      this.#deadline = services.timers.after(activeDeadlineSeconds * 1000, () => this.#exceedDeadline());
    }
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The latest version, of which nothing but the status (or labels and the like) is new. */
  follow(pod: Pod): void {
    this.#pod = pod;
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined) return;
    if (this.#grace === undefined) this.#terminate();
    else if (this.#grace !== pod.metadata.deletionGracePeriodSeconds) this.#stopContainers();
  }

  /** Does what is to be done, at once or as soon as the sync under way is through. */
  sync(): void {
    if (this.#over) return;
    if (this.#steps !== undefined || !this.node.up) {
      this.#syncAgain = true;
      return;
    }
    this.#syncAgain = false;
    this.#services.timers.cancel(this.#retry);
    this.#run(this.#syncSteps());
  }

  /** The node is back: whatever happened meanwhile is reported, and what others said of the pod is put right. */
  resume(): void {
    this.#reported = this.#pod.status;
    const deleted = this.#pod.metadata.deletionTimestamp !== undefined;
    if (deleted && this.#grace === undefined) this.#terminate();
    else if (deleted) this.#noticeStopped();
    else if (this.#syncAgain) this.sync();
    else this.#publish();
  }

  /** The kubelet starts anew: containers with a readiness probe are not ready until they have been asked. */
  restartKubelet(): void {
    for (const { runtime } of this.#containers) runtime.forgetReadiness();
    this.#publish();
  }

  /** Ends the containers and fails the pod, as the kubelet does when its node runs out of something. */
  evict(message: string): void {
    if (this.#over) return;
    this.#services.event(this.#pod, { type: 'Warning', reason: 'Evicted', message });
    this.#fail({ phase: 'Failed', message, reason: 'Evicted', startTime: toTimestamp(this.#startTime) });
    this.#announceKilling();
    for (const { runtime } of this.#containers) runtime.stop(0);
  }

  /** Ends one container from outside, as an administrator or the kernel would. Returns false where it does not run. */
  kill(containerName: string, code: number, reason: string): boolean {
    const found = this.#containers.find(({ runtime }) => runtime.container.name === containerName && runtime.isRunning);
    found?.runtime.exit(code, reason);
    return found !== undefined;
  }

  /** Forgets the pod without a word: the object is gone. */
  dispose(): void {
    this.#over = true;
    const { timers } = this.#services;
    for (const timer of [this.#stepTimer, this.#relist, this.#retry, this.#deadline]) timers.cancel(timer);
    for (const { runtime } of this.#containers) runtime.dispose();
  }

  #host(): ContainerHost {
    const { timers, random } = this.#services;
    return {
      timers,
      random,
      changed: () => this.#noticeAtRelist(),
      readinessChanged: () => this.#publish(),
      unhealthy: (runtime) => {
        this.#unhealthy.add(runtime);
        this.sync();
      },
      probeFailed: (container, message) => this.#event(container, 'Warning', 'Unhealthy', message),
      newContainerId: () => random.hex(64),
    };
  }

  // ---------------------------------------------------------------- syncs

  #run(steps: Steps): void {
    this.#steps = steps;
    const { value, done } = steps.next();
    if (done === true) {
      this.#steps = undefined;
      if (this.#syncAgain) this.sync();
      return;
    }
    this.#stepTimer = this.#services.timers.after(value, () => this.#run(steps));
  }

  *#syncSteps(): Steps {
    this.#publish();
    if (this.#over || this.#pod.metadata.deletionTimestamp !== undefined) return;
    if (this.#podIP === undefined) {
      yield this.#services.random.between(...SANDBOX);
      this.#podIP = this.node.newPodIP();
      this.#noticeAtRelist();
    }
    const killed = yield* this.#killUnhealthy();
    const failed = yield* this.#startDue(killed);
    if (failed) {
      this.#retry = this.#services.timers.after(this.#services.random.between(...RETRY), () => this.sync());
    }
  }

  /** Starts, one after another, the containers that are due. Returns whether one could not be started. */
  *#startDue(killed: ReadonlySet<ContainerRuntime>): Steps<boolean> {
    const policy = this.#pod.spec.restartPolicy ?? 'Always';
    let failed = false;
    for (const entry of this.#containers) {
      const { kind, runtime } = entry;
      const initializing = kind === 'init' && runtime.run?.exit?.code !== 0;
      if (!isToBeStarted(this.#view(entry), policy)) {
        // What comes after an init container waits for its good end.
        if (initializing) return failed;
        continue;
      }
      if (kind === 'init' && !initializing) continue;
      const before = this.#starter.failureOf(runtime);
      const started = yield* this.#starter.start(runtime, killed.has(runtime));
      failed ||= !started;
      // A crash that has to wait is sometimes looked at again at once, and sometimes only at the retry.
      const again = before === undefined && runtime.run !== undefined && this.#services.random.chance(0.5);
      if (started || again) this.#noticeAtRelist();
      if (kind === 'init' || (kind === 'sidecar' && !started)) return failed;
    }
    return failed;
  }

  /** Ends the containers that the liveness probe has given up. Returns those that it ended. */
  *#killUnhealthy(): Steps<ReadonlySet<ContainerRuntime>> {
    const { restartPolicy, terminationGracePeriodSeconds } = this.#pod.spec;
    const killed = new Set<ContainerRuntime>();
    for (const runtime of this.#unhealthy) {
      this.#unhealthy.delete(runtime);
      if (!runtime.isRunning) continue;
      const { name } = runtime.container;
      const message =
        restartPolicy === 'Never'
          ? `Stopping container ${name}`
          : `Container ${name} failed liveness probe, will be restarted`;
      this.#event(runtime.container, 'Normal', 'Killing', message);
      killed.add(runtime);
      yield runtime.stop(terminationGracePeriodSeconds ?? 30);
    }
    return killed;
  }

  /** A sync at the next relist, which sees what changed in the runtime. */
  #noticeAtRelist(): void {
    if (this.#relist !== undefined || this.#over) return;
    const { timers } = this.#services;
    const sinceRelist = timers.unscaled(timers.now() - this.#startTime) % RELIST_PERIOD;
    this.#relist = timers.after(RELIST_PERIOD - sinceRelist, () => {
      this.#relist = undefined;
      if (this.#pod.metadata.deletionTimestamp === undefined) this.sync();
      else this.#noticeStopped();
    });
  }

  // ---------------------------------------------------------------- the status

  #view({ kind, runtime }: Entry): ContainerView {
    const { container, run, previous, restarts, ready, lost } = runtime;
    return { container, kind, run, previous, restarts, ready, lost, failure: this.#starter.failureOf(runtime) };
  }

  #publish(): void {
    if (this.#over || !this.node.up) {
      this.#syncAgain = !this.#over;
      return;
    }
    for (const { runtime } of this.#containers) runtime.noticeExit();
    const status = podStatus({
      pod: this.#pod,
      containers: this.#containers.map((entry) => this.#view(entry)),
      hostIP: this.node.address,
      podIP: this.#podIP,
      startTime: this.#startTime,
      now: this.#services.timers.now(),
      last: this.#reported,
    });
    this.#report(status);
    for (const { runtime } of this.#containers) runtime.noticeStart();
    const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
    if (ended && this.#pod.metadata.deletionTimestamp === undefined) this.#finish();
  }

  #report(status: PodStatus): void {
    if (isDeepStrictEqual(status, this.#reported)) return;
    this.#reported = status;
    this.#services.report(this.#pod, status);
  }

  /** Everything has ended by itself: nothing more is done until the pod is deleted. */
  #finish(): void {
    // What still runs beside the containers that the pod is about (a native sidecar) is told to end.
    for (const { runtime } of this.#containers) runtime.stop(this.#pod.spec.terminationGracePeriodSeconds ?? 30);
    const { timers } = this.#services;
    for (const timer of [this.#retry, this.#deadline]) timers.cancel(timer);
    this.#over = true;
  }

  /** Fails the whole pod with a status of its own. */
  #fail(status: PodStatus): void {
    this.#cancelSync();
    this.#report(status);
    this.#finish();
  }

  #exceedDeadline(): void {
    if (this.#over || this.#pod.metadata.deletionTimestamp !== undefined) return;
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#services.event(this.#pod, { type: 'Normal', reason: 'DeadlineExceeded', message });
    const { podIP, podIPs, startTime, containerStatuses, qosClass } = this.#reported;
    this.#fail({
      phase: 'Failed',
      message,
      reason: 'DeadlineExceeded',
      podIP,
      podIPs,
      startTime,
      // As the kubelet leaves them: still running, and ready no more.
      containerStatuses: containerStatuses?.map((status) => ({ ...status, ready: false, started: undefined })),
      qosClass,
    });
    this.#announceKilling();
  }

  // ---------------------------------------------------------------- the end

  #terminate(): void {
    if (this.#over) return;
    if (!this.node.up) {
      this.#syncAgain = true;
      return;
    }
    this.#cancelSync();
    this.#grace = this.#pod.metadata.deletionGracePeriodSeconds ?? 0;
    if (!this.#containers.some(({ runtime }) => runtime.isRunning)) {
      this.#removeAfter(IDLE_TEARDOWN);
      return;
    }
    this.#announceKilling();
    this.#publish();
    this.#stopContainers();
  }

  #stopContainers(): void {
    this.#grace = this.#pod.metadata.deletionGracePeriodSeconds ?? 0;
    for (const { runtime } of this.#containers) runtime.stop(this.#grace);
  }

  #announceKilling(): void {
    for (const { runtime } of this.#containers) {
      if (!runtime.isRunning) continue;
      this.#event(runtime.container, 'Normal', 'Killing', `Stopping container ${runtime.container.name}`);
    }
  }

  #noticeStopped(): void {
    this.#publish();
    if (!this.#containers.some(({ runtime }) => runtime.isRunning)) this.#removeAfter(TEARDOWN);
  }

  #removeAfter(delay: Range): void {
    const { timers, random } = this.#services;
    timers.cancel(this.#retry);
    this.#retry = timers.after(random.between(...delay), () => {
      if (this.node.up) this.#services.remove(this.#pod);
      else this.#removeAfter(TEARDOWN);
    });
  }

  #cancelSync(): void {
    const { timers } = this.#services;
    for (const timer of [this.#stepTimer, this.#retry, this.#relist]) timers.cancel(timer);
    this.#relist = undefined;
    this.#steps = undefined;
    this.#syncAgain = false;
  }

  #event(container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#services.event(this.#pod, { type, reason, message, fieldPath: fieldPathOf(this.#pod, container) });
  }
}

/**
 * Owns the attempt to start a container: back-off, image, creation, start, with the Events of each and the reason that
 * the next report gives when it fails. The order is that of the kubelet's `startContainer`.
 */
import { goDuration } from '../instants.js';
import type { Container, Pod } from '../objects.js';
import { BackOff } from './back-off.js';
import type { ContainerRuntime } from './container-runtime.js';
import { invalidNameMessage, pullFailure } from './images.js';
import type { KubeletNode } from './kubelet-node.js';
import type { ContainerView } from './pod-status.js';
import type { ContainerScript } from './script.js';
import { scriptFor } from './script.js';
import type { KubeletServices, Range, Steps } from './services.js';

/** How long a pull takes when the script does not say, in milliseconds. */
export const PULL: Range = [200, 1_500];
/** How long a pull takes to fail, in milliseconds. */
const PULL_FAILURE: Range = [5, 60];
/** How long it takes to create a container, in milliseconds. */
const CREATE: Range = [15, 60];
/** How long it takes to start one when the script does not say, in milliseconds. */
const START: Range = [70, 250];

type Failure = NonNullable<ContainerView['failure']>;

export class ContainerStarter {
  readonly #services: KubeletServices;
  readonly #node: KubeletNode;
  readonly #pod: () => Pod;
  readonly #crashes = new BackOff();
  readonly #pulls = new BackOff();
  readonly #failures = new Map<ContainerRuntime, Failure>();
  readonly #attempts = new Map<string, number>();

  constructor(services: KubeletServices, node: KubeletNode, pod: () => Pod) {
    this.#services = services;
    this.#node = node;
    this.#pod = pod;
  }

  /** Why the last attempt failed, if it did. */
  failureOf(runtime: ContainerRuntime): Failure | undefined {
    return this.#failures.get(runtime);
  }

  /**
   * Tries to start a container. Returns whether it runs now.
   *
   * @param killed the kubelet itself has just ended it, for its health.
   */
  *start(runtime: ContainerRuntime, killed: boolean): Steps<boolean> {
    const failure = yield* this.#attempt(runtime, killed);
    if (failure === undefined) this.#failures.delete(runtime);
    else this.#failures.set(runtime, failure);
    return failure === undefined;
  }

  *#attempt(runtime: ContainerRuntime, killed: boolean): Steps<Failure | undefined> {
    const { random, resolver } = this.#services;
    const { container } = runtime;
    const crashed = this.#backOff(runtime, killed);
    if (crashed !== undefined) return crashed;
    const script = scriptFor(resolver, this.#pod(), container, runtime.runs);
    const unavailable = yield* this.#ensureImage(container, script);
    if (unavailable !== undefined) {
      this.#event(container, 'Warning', 'Failed', `Error: ${unavailable.reason}`);
      return unavailable;
    }
    if (script.createError !== undefined && this.#fails(`create ${container.name}`, script.createFailures)) {
      this.#event(container, 'Warning', 'Failed', `Error: ${script.createError}`);
      return { reason: 'CreateContainerConfigError', message: script.createError };
    }
    yield random.between(...CREATE);
    this.#event(container, 'Normal', 'Created', `Created container ${container.name}`);
    yield script.startTime ?? random.between(...START);
    if (script.startError !== undefined) {
      runtime.failToStart(script.startError);
      this.#event(container, 'Warning', 'Failed', `Error: ${script.startError}`);
      return { reason: 'RunContainerError', message: script.startError };
    }
    runtime.start(script);
    this.#event(container, 'Normal', 'Started', `Started container ${container.name}`);
    return undefined;
  }

  /** A container that ended has to wait, unless this is its first restart. */
  #backOff(runtime: ContainerRuntime, killed: boolean): Failure | undefined {
    // The kubelet looks at the end that it knew when the sync began, and not at the one that it has just made.
    const ended = killed ? runtime.previous?.exit : runtime.run?.exit;
    if (ended === undefined) return undefined;
    const { timers } = this.#services;
    const now = timers.unscaled(timers.now());
    const since = timers.unscaled(ended.at);
    const { name } = runtime.container;
    if (!this.#crashes.waits(name, since, now)) {
      this.#crashes.next(name, since, now);
      return undefined;
    }
    this.#event(runtime.container, 'Warning', 'BackOff', 'Back-off restarting failed container');
    const { metadata } = this.#pod();
    const pod = `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
    const delay = goDuration(this.#crashes.delay(name));
    return { reason: 'CrashLoopBackOff', message: `back-off ${delay} restarting failed container=${name} pod=${pod}` };
  }

  *#ensureImage(container: Container, script: ContainerScript): Steps<Failure | undefined> {
    const { random, timers } = this.#services;
    const { image, imagePullPolicy } = container;
    if (script.pullError === 'invalid-name') {
      const message = invalidNameMessage(image);
      this.#event(container, 'Warning', 'InspectFailed', message);
      return { reason: 'InvalidImageName', message };
    }
    const present = this.#node.hasImage(image) && script.pullError === undefined;
    if (present && imagePullPolicy !== 'Always') {
      this.#event(container, 'Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return undefined;
    }
    if (imagePullPolicy === 'Never' || script.pullError === 'never-present') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      this.#event(container, 'Warning', 'ErrImageNeverPull', message);
      return { reason: 'ErrImageNeverPull', message };
    }
    if (this.#pulls.waitsSinceAttempt(image, timers.unscaled(timers.now()))) {
      const message = `Back-off pulling image "${image}"`;
      this.#event(container, 'Normal', 'BackOff', message);
      return { reason: 'ImagePullBackOff', message };
    }
    this.#event(container, 'Normal', 'Pulling', `Pulling image "${image}"`);
    if (script.pullError !== undefined && this.#fails(`pull ${image}`, script.pullFailures)) {
      yield random.between(...PULL_FAILURE);
      const message = pullFailure(image, script.pullError);
      this.#event(container, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
      const now = timers.unscaled(timers.now());
      this.#pulls.next(image, now, now);
      return { reason: 'ErrImagePull', message };
    }
    const duration = script.pullTime ?? random.between(...PULL);
    yield duration;
    this.#node.addImage(image);
    const took = goDuration(Math.round(duration * 1e6) / 1e6);
    this.#event(container, 'Normal', 'Pulled', `Successfully pulled image "${image}" in ${took}`);
    return undefined;
  }

  /** Whether this attempt is among those that fail. */
  #fails(what: string, failures = Infinity): boolean {
    const attempts = this.#attempts.get(what) ?? 0;
    this.#attempts.set(what, attempts + 1);
    return attempts < failures;
  }

  #event(container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const pod = this.#pod();
    this.#services.event(pod, { type, reason, message, fieldPath: fieldPathOf(pod, container) });
  }
}

/** How an Event names a container of a pod. */
export function fieldPathOf({ spec }: Pod, { name }: Container): string {
  const init = spec.initContainers?.some((container) => container.name === name) === true;
  return `spec.${init ? 'initContainers' : 'containers'}{${name}}`;
}

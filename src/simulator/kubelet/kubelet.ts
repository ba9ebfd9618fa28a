/** Owns the kubelets of all nodes: which pods they have, and what they tell the API server. */
import type { Registry } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import type { EventRecorder } from '../controllers/event-recorder.js';
import type { Pod } from '../objects.js';
import type { Random } from '../random.js';
import { PODS } from '../resources.js';
import type { Timers } from '../timers.js';
import { KubeletNode } from './kubelet-node.js';
import { PodWorker } from './pod-worker.js';
import type { ScriptResolver } from './script.js';
import type { KubeletServices } from './services.js';

/** How long it takes until a kubelet hears of a change of a pod, in milliseconds. */
const LATENCY = 15;

const MANAGER = 'kubelet';

export interface KubeletOptions {
  readonly registry: Registry;
  readonly recorder: EventRecorder;
  readonly timers: Timers;
  readonly random: Random;
  readonly scriptFor: ScriptResolver | undefined;
}

export class Kubelets {
  readonly #registry: Registry;
  readonly #recorder: EventRecorder;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #scriptFor: ScriptResolver | undefined;
  readonly #nodes = new Map<string, KubeletNode>();
  readonly #workers = new Map<string, PodWorker>();
  #addresses = 0;

  constructor(options: KubeletOptions) {
    this.#registry = options.registry;
    this.#recorder = options.recorder;
    this.#timers = options.timers;
    this.#random = options.random;
    this.#scriptFor = options.scriptFor;
  }

  /** Runs a kubelet on a node that has some images already. */
  addNode(name: string, address: string, images: readonly string[]): void {
    this.#nodes.set(name, new KubeletNode(name, address, images, () => this.#addresses++));
  }

  start(): void {
    const services = this.#services();
    const hear = (pod: Pod): void => {
      if (pod.spec.nodeName === undefined) return;
      this.#timers.after(LATENCY, () =>
        this.#observe(pod.metadata.uid, keyOf(pod.metadata.namespace, pod.metadata.name), services),
      );
    };
    for (const pod of this.#registry.storage.values(PODS)) hear(pod);
    this.#registry.storage.subscribe(PODS, ({ type, object, previous }) => {
      if (type === 'DELETED') {
        this.#workers.get(object.metadata.uid)?.dispose();
        this.#workers.delete(object.metadata.uid);
        return;
      }
      const worker = this.#workers.get(object.metadata.uid);
      // Its own reports tell a worker nothing that it has not said.
      if (worker !== undefined && previous !== undefined && isOnlyStatus(object, previous)) worker.follow(object);
      else hear(object);
    });
  }

  /** Whether anybody hears of a node; when it comes back, its kubelet tells all that has happened. */
  setNodeUp(name: string, up: boolean): void {
    const node = this.#nodes.get(name);
    if (node === undefined || node.up === up) return;
    node.up = up;
    if (up) for (const worker of this.#of(node)) worker.resume();
  }

  /** The kubelet of a node starts anew: pods with readiness probes are not ready until they have been asked. */
  restart(name: string): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) for (const worker of this.#of(node)) worker.restartKubelet();
  }

  /** The worker of a pod, if a node has it. */
  workerOf(namespace: string, name: string): PodWorker | undefined {
    const pod = this.#registry.storage.get(PODS, keyOf(namespace, name));
    return pod === undefined ? undefined : this.#workers.get(pod.metadata.uid);
  }

  #of(node: KubeletNode): PodWorker[] {
    return [...this.#workers.values()].filter((worker) => worker.node === node);
  }

  #observe(uid: string, key: string, services: KubeletServices): void {
    const pod = this.#registry.storage.get(PODS, key);
    if (pod === undefined || pod.metadata.uid !== uid) return;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const node = this.#nodes.get(pod.spec.nodeName ?? '');
    if (node === undefined || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return;
    const worker = new PodWorker(pod, node, services);
    this.#workers.set(uid, worker);
    worker.sync();
    if (pod.metadata.deletionTimestamp !== undefined) worker.update(pod);
  }

  #services(): KubeletServices {
    return {
      timers: this.#timers,
      random: this.#random,
      resolver: this.#scriptFor,
      report: (pod, status) => {
        this.#registry.writeStatus(PODS, keyOf(pod.metadata.namespace, pod.metadata.name), MANAGER, status);
      },
      event: (pod, text) => {
        const node = this.#nodes.get(pod.spec.nodeName ?? '');
        if (node?.up === true)
          this.#recorder.record({ component: 'kubelet', host: node.name, manager: MANAGER }, pod, text);
      },
      remove: ({ metadata: { namespace, name } }) => {
        this.#registry.delete(PODS, namespace, name, { gracePeriodSeconds: 0 }, { manager: MANAGER });
      },
    };
  }
}

function isOnlyStatus(now: Pod, before: Pod): boolean {
  return (
    now.spec === before.spec && now.metadata.deletionGracePeriodSeconds === before.metadata.deletionGracePeriodSeconds
  );
}

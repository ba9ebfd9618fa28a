/**
 * Owns the composition of the embedded cluster: storage, API, scheduler, kubelet and controllers on one clock.
 * Nothing runs until start().
 */
import type { Clock } from '../system/clock.js';
import { systemClock } from '../system/clock.js';
import type { AdmissionHook } from './api/admission.js';
import { kecsWebhook } from './api/admission.js';
import { Faults } from './api/faults.js';
import { createHandler } from './api/handler.js';
import { Registry } from './api/registry.js';
import { ApiServer } from './api/server.js';
import { DEFAULT_HISTORY, Storage } from './api/storage.js';
import type { WatchStream } from './api/watch.js';
import { ClusterObjects } from './cluster-objects.js';
import { DeploymentController } from './controllers/deployment-controller.js';
import { EventRecorder } from './controllers/event-recorder.js';
import { GarbageCollector } from './controllers/garbage-collector.js';
import { NamespaceController } from './controllers/namespace-controller.js';
import { DEFAULT_CAPACITY, NodeLifecycle } from './controllers/node-lifecycle.js';
import { ReplicaSetController } from './controllers/replicaset-controller.js';
import { Scheduler } from './controllers/scheduler.js';
import { kubeconfigFor } from './kubeconfig.js';
import { Kubelets } from './kubelet/kubelet.js';
import type { ScriptResolver } from './kubelet/script.js';
import { scriptCheck } from './kubelet/script.js';
import { Random } from './random.js';
import { Timers } from './timers.js';

export interface SimulatorOptions {
  /** Where time comes from; the machine's own clock by default. */
  readonly clock?: Clock;
  /** The port on 127.0.0.1; 0, the default, takes any that is free. */
  readonly port?: number;
  /** How many nodes there are; 2 by default. They are called `sim-node-1` and so on. */
  readonly nodes?: number;
  /** What each node has to give, such as `{ cpu: '4', memory: '8Gi', pods: '110' }`. */
  readonly nodeCapacity?: Readonly<Record<string, string>>;
  /** Images that the nodes have already, so that nothing is pulled. */
  readonly images?: readonly string[];
  /** Says what containers do; before the annotation of their pod, and before the name of their image. */
  readonly scriptFor?: ScriptResolver;
  /** Seeds every random choice: names, ids, delays. */
  readonly seed?: number;
  /** Stretches (above 1) or squeezes (below 1) every simulated duration; 1 by default. */
  readonly paceScale?: number;
  /** How many changes of each kind are kept for watches; older ones are answered with 410. */
  readonly history?: number;
  /** Only the API: nothing is scheduled, run or reconciled, and there are no nodes. For load generators and tests. */
  readonly passive?: boolean;
  /** Called for each new object before it is stored: quotas, webhooks. */
  readonly hooks?: readonly AdmissionHook[];
}

/** A Kubernetes cluster in this process. Made by {@link createSimulator}. */
export class Simulator {
  readonly objects: ClusterObjects;
  readonly faults: Faults;
  /** Timers of simulated time; they end with the simulator. */
  readonly timers: Timers;
  readonly #server: ApiServer;
  readonly #storage: Storage;
  readonly #port: number;
  readonly #wire: Timers;
  readonly #kubelets: Kubelets;
  readonly #nodes: NodeLifecycle;

  constructor(options: SimulatorOptions) {
    const clock = options.clock ?? systemClock;
    const random = new Random(options.seed ?? 1);
    this.#port = options.port ?? 0;
    this.#wire = new Timers(clock);
    const timers = new Timers(clock, options.paceScale ?? 1);
    this.timers = timers;
    this.#storage = new Storage(options.history ?? DEFAULT_HISTORY);
    const hooks = [kecsWebhook(random), scriptCheck, ...(options.hooks ?? [])];
    const registry = new Registry({ storage: this.#storage, now: () => clock.now(), random, hooks });
    const recorder = new EventRecorder(registry, random, timers);
    this.#kubelets = new Kubelets({ registry, recorder, timers, random, scriptFor: options.scriptFor });
    this.#nodes = new NodeLifecycle({ registry, recorder, timers, kubelets: this.#kubelets });
    this.objects = new ClusterObjects(registry);
    const watches = new Set<WatchStream>();
    this.faults = new Faults(watches);
    this.#server = new ApiServer(
      createHandler({
        registry,
        timers: this.#wire,
        faults: this.faults,
        watches,
        host: () => `127.0.0.1:${this.port}`,
      }),
    );
    this.objects.ensureNamespace('default');
    if (options.passive === true) return;
    for (let number = 1; number <= (options.nodes ?? 2); number++) {
      const capacity = { ...DEFAULT_CAPACITY, ...options.nodeCapacity };
      this.#nodes.add(`sim-node-${number}`, `10.250.0.${number}`, capacity, options.images ?? []);
    }
    recorder.start();
    this.#kubelets.start();
    new Scheduler(registry, recorder, timers).start();
    new DeploymentController(registry, recorder, timers).start();
    new ReplicaSetController(registry, recorder, timers).start();
    new GarbageCollector(registry, timers).start();
    new NamespaceController(registry, timers).start();
  }

  /** The port listened on; 0 before start(). */
  get port(): number {
    return this.#server.port;
  }

  /** The address for clients, such as `http://127.0.0.1:40123`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A kubeconfig for kubectl and client libraries, as JSON text. */
  kubeconfig(): string {
    return kubeconfigFor(this.url);
  }

  /** Listens. @throws RetryableError LISTEN_FAILED. */
  async start(): Promise<void> {
    await this.#server.listen(this.#port);
  }

  /** Breaks every connection and ends every timer. The simulator cannot be started again. */
  async stop(): Promise<void> {
    this.timers.stop();
    this.#wire.stop();
    await this.#server.close();
  }

  /** The API server dies and comes back on the same port with the same data; `between` happens while it is away. */
  async restart(between: () => Promise<void> | void = () => {}): Promise<void> {
    const { port } = this;
    await this.#server.close();
    await between();
    await this.#server.listen(port);
  }

  /** Cuts a node off. Its pods are not ready after 40 s, and evicted after the five minutes that they tolerate. */
  loseNode(name: string): void {
    this.#nodes.lose(name);
  }

  /** Brings a lost node back. */
  recoverNode(name: string): void {
    this.#nodes.recover(name);
  }

  /** The kubelet of a node starts anew: readiness of pods with readiness probes flaps. */
  restartKubelet(node: string): void {
    this.#kubelets.restart(node);
  }

  /** A kubelet evicts a pod. Returns false when no node has it. */
  evictPod(namespace: string, name: string, message: string): boolean {
    const worker = this.#kubelets.workerOf(namespace, name);
    worker?.evict(message);
    return worker !== undefined;
  }

  /** Ends a container from outside, by SIGKILL unless told otherwise. Returns false when it does not run. */
  killContainer(namespace: string, pod: string, container: string, code = 137, reason = 'Error'): boolean {
    return this.#kubelets.workerOf(namespace, pod)?.kill(container, code, reason) === true;
  }

  /** Forgets the past: watches from older versions get 410, as after a compaction of etcd. */
  compact(): void {
    this.#storage.compact();
  }
}

/** Makes a cluster that is not yet started. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  return new Simulator(options);
}

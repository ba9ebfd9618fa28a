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
import { kubeconfigFor } from './kubeconfig.js';
import { ClusterObjects } from './cluster-objects.js';
import { Random } from './random.js';
import { Timers } from './timers.js';

export interface SimulatorOptions {
  /** Where time comes from; the machine's own clock by default. */
  readonly clock?: Clock;
  /** The port on 127.0.0.1; 0, the default, takes any that is free. */
  readonly port?: number;
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
  readonly #server: ApiServer;
  readonly #storage: Storage;
  readonly #port: number;
  readonly #wire: Timers;
  readonly #timers: Timers;

  constructor(options: SimulatorOptions) {
    const clock = options.clock ?? systemClock;
    const random = new Random(options.seed ?? 1);
    this.#port = options.port ?? 0;
    this.#wire = new Timers(clock);
    this.#timers = new Timers(clock, options.paceScale ?? 1);
    this.#storage = new Storage(options.history ?? DEFAULT_HISTORY);
    const hooks = [kecsWebhook(random), ...(options.hooks ?? [])];
    const registry = new Registry({ storage: this.#storage, now: () => clock.now(), random, hooks });
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
    this.#timers.stop();
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

  /** Forgets the past: watches from older versions get 410, as after a compaction of etcd. */
  compact(): void {
    this.#storage.compact();
  }
}

/** Makes a cluster that is not yet started. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  return new Simulator(options);
}

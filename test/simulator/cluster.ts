/** A cluster on a clock that tests move, and short ways to its pods and services. */
import type { DeleteOptions } from '../../src/simulator/api/deletion.js';
import type { ContainerScript } from '../../src/simulator/kubelet/script.js';
import type { Container, CoreEvent, Deployment, Pod, PodSpec, ReplicaSet } from '../../src/simulator/objects.js';
import { DEPLOYMENTS, EVENTS, PODS, REPLICASETS } from '../../src/simulator/resources.js';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { ManualClock } from '../../src/system/clock.js';

export const NAMESPACE = 'default-us-east-1';
export const START = Date.parse('2026-01-01T00:00:00.250Z');

export interface ServiceSpec {
  readonly replicas?: number;
  readonly image?: string;
  readonly [field: string]: unknown;
}

/** A pod's containers, given by name and script; a readiness probe every second where `probed`. */
export function container(name: string, more: Partial<Container> = {}): Container {
  return { name, image: 'busybox:1.35', ...more };
}

export const PROBE = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 2 };

export class TestCluster {
  readonly clock = new ManualClock(START);
  readonly simulator: Simulator;

  constructor(options: SimulatorOptions & { readonly scripts?: Readonly<Record<string, ContainerScript>> } = {}) {
    const { scripts, ...rest } = options;
    this.simulator = createSimulator({
      clock: this.clock,
      seed: 5,
      images: ['busybox:1.35', 'web:1', 'web:2'],
      ...(scripts === undefined ? {} : { scriptFor: (_pod, name) => scripts[name] }),
      ...rest,
    });
  }

  /** Lets so many seconds pass. */
  wait(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }

  run(name: string, spec: Partial<PodSpec> & { readonly containers: readonly Container[] }, annotations = {}): void {
    const { objects } = this.simulator;
    objects.create(PODS, {
      metadata: { namespace: NAMESPACE, name, annotations },
      spec: { restartPolicy: 'Never', ...spec },
    });
  }

  pod(name: string): Pod {
    return this.simulator.objects.get(PODS, NAMESPACE, name);
  }

  /** The pods that are there, terminating ones left out. */
  pods(): Pod[] {
    return this.simulator.objects
      .list(PODS, NAMESPACE)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  deletePod(name: string, options?: DeleteOptions): void {
    this.simulator.objects.delete(PODS, NAMESPACE, name, options);
  }

  /** A service called `web` of one container called `main`. */
  serve({ replicas = 3, image = 'web:1', ...more }: ServiceSpec = {}): void {
    this.simulator.objects.create(DEPLOYMENTS, {
      metadata: { namespace: NAMESPACE, name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [container('main', { image, readinessProbe: PROBE })] },
        },
        ...more,
      },
    });
  }

  /** Merges into the spec of `web`. */
  change(spec: object): void {
    this.simulator.objects.patch(DEPLOYMENTS, NAMESPACE, 'web', { spec });
  }

  /** Gives `web` another image. */
  deploy(image: string): void {
    this.change({ template: { spec: { containers: [container('main', { image, readinessProbe: PROBE })] } } });
  }

  get web(): Deployment {
    return this.simulator.objects.get(DEPLOYMENTS, NAMESPACE, 'web');
  }

  replicaSets(): ReplicaSet[] {
    return this.simulator.objects.list(REPLICASETS, NAMESPACE);
  }

  events(): CoreEvent[] {
    return this.simulator.objects.list(EVENTS);
  }

  /** The Events of a reason, as `count message`. */
  eventTexts(reason: string): string[] {
    return this.events()
      .filter((event) => event.reason === reason)
      .map(({ count, message }) => `${count ?? '-'} ${message}`)
      .sort();
  }
}

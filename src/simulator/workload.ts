/**
 * Owns the sample workload of the demo: an ECS cluster where something happens all the time. It goes on until it is
 * stopped, on the simulator's clock, and with one seed it is always the same.
 *
 * | what | how it behaves |
 * |---|---|
 * | service `web` | steady |
 * | service `api` | rolls out a good revision, again and again |
 * | service `checkout` | rolls out a revision whose image does not exist, fails, and goes back |
 * | service `worker` | crashes, again and again |
 * | service `queue` | is scaled up and down |
 * | service `search` | its health comes and goes |
 * | task set `blue` of service `legacy` | steady, in the label dialect of task sets |
 * | RunTask | tasks that succeed, fail, run out of memory, cannot be pulled, are stopped, do not listen |
 */
import type { Timer } from '../system/clock.js';
import type { EcsContainer, EcsScope, EcsTaskDefinition } from './kecs-objects.js';
import { clusterNamespace, namespaceOf, serviceDeployment, taskPod, taskSetDeployment } from './kecs-objects.js';
import { Random } from './random.js';
import { DEPLOYMENTS, NAMESPACES, PODS } from './resources.js';
import type { Simulator } from './simulator.js';

export interface WorkloadOptions {
  readonly cluster?: string;
  readonly region?: string;
  readonly account?: string;
  /** Seeds what happens when; 1 by default. */
  readonly seed?: number;
}

export interface Workload {
  /** Lets nothing new happen; what is there, stays. */
  stop(): void;
}

/** How long after a task has ended its pod is removed, in milliseconds of simulated time. */
export const TASK_RETENTION = 180_000;
/** After how long without progress a rollout of the sample is given up, in seconds: the 600 of KECS are long to watch. */
const PROGRESS_DEADLINE = 45;

const MINUTE = 60_000;
const CHECK = {
  command: ['CMD-SHELL', 'curl -f http://localhost/ || exit 1'],
  interval: 5,
  timeout: 2,
  retries: 2,
  startPeriod: 5,
};

/** Starts the sample workload in a simulator; {@link Workload.stop} ends it. */
export function startWorkload(simulator: Simulator, options: WorkloadOptions = {}): Workload {
  const sample = new SampleWorkload(simulator, options);
  sample.start();
  return sample;
}

class SampleWorkload implements Workload {
  readonly #simulator: Simulator;
  readonly #scope: EcsScope;
  readonly #random: Random;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(
    simulator: Simulator,
    { cluster = 'default', region = 'us-east-1', account = '000000000000', seed = 1 }: WorkloadOptions,
  ) {
    this.#simulator = simulator;
    this.#scope = { cluster, region, account };
    this.#random = new Random(seed);
  }

  start(): void {
    const { objects } = this.#simulator;
    if (objects.find(NAMESPACES, undefined, namespaceOf(this.#scope)) === undefined) {
      objects.create(NAMESPACES, clusterNamespace(this.#scope));
    }
    this.#createService('web', 4, service('web', 1));
    this.#createService('api', 3, service('api', 1));
    this.#createService('checkout', 2, service('checkout', 1));
    this.#createService(
      'worker',
      2,
      definition('worker', 1, { name: 'worker', image: 'demo/worker:1', script: CRASHING }),
    );
    this.#createService('queue', 2, service('queue', 1));
    this.#createService('search', 2, definition('search', 1, { ...web('search', 1), script: FLAPPING }));
    const taskSet = { service: 'legacy', taskSetId: `ts-${this.#random.hex(8)}`, externalId: 'blue', count: 2 };
    objects.create(
      DEPLOYMENTS,
      taskSetDeployment({ ...this.#scope, ...taskSet, taskDefinition: service('legacy', 1) }),
    );
    this.#rollForever(2);
    this.#failAndGoBackForever(2);
    this.#scaleForever();
    this.#runTasksForever();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) this.#simulator.timers.cancel(timer);
    this.#timers.clear();
  }

  /** Calls `action` after some time between two durations in milliseconds, unless the workload is stopped before. */
  #later(low: number, high: number, action: () => void): void {
    if (this.#stopped) return;
    const timer = this.#simulator.timers.after(this.#random.between(low, high), () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  // ---------------------------------------------------------------- services

  #rollForever(revision: number): void {
    this.#later(MINUTE, 2 * MINUTE, () => {
      this.#updateService('api', service('api', revision));
      this.#rollForever(revision + 1);
    });
  }

  #failAndGoBackForever(revision: number): void {
    this.#later(MINUTE / 2, MINUTE, () => {
      const broken = { ...web('checkout', revision), image: `nosuch/checkout:${revision}` };
      this.#updateService('checkout', definition('checkout', revision, broken));
      this.#later(2 * MINUTE, 3 * MINUTE, () => {
        this.#updateService('checkout', service('checkout', 1));
        this.#failAndGoBackForever(revision + 1);
      });
    });
  }

  #scaleForever(): void {
    this.#later(MINUTE / 3, MINUTE, () => {
      const replicas = this.#random.pick([0, 1, 2, 3, 5, 8]);
      this.#simulator.objects.patch(DEPLOYMENTS, namespaceOf(this.#scope), 'queue', { spec: { replicas } });
      this.#scaleForever();
    });
  }

  #createService(name: string, desiredCount: number, taskDefinition: EcsTaskDefinition): void {
    const deployment = {
      ...this.#scope,
      service: name,
      desiredCount,
      taskDefinition,
      progressDeadlineSeconds: PROGRESS_DEADLINE,
    };
    this.#simulator.objects.create(DEPLOYMENTS, serviceDeployment(deployment));
  }

  /** Replaces the Deployment, as KECS's UpdateService does: the revision goes, until the controller puts it back. */
  #updateService(name: string, taskDefinition: EcsTaskDefinition): void {
    const { objects } = this.#simulator;
    const current = objects.find(DEPLOYMENTS, namespaceOf(this.#scope), name);
    if (current === undefined) return;
    const desiredCount = current.spec.replicas;
    const deployment = {
      ...this.#scope,
      service: name,
      desiredCount,
      taskDefinition,
      progressDeadlineSeconds: PROGRESS_DEADLINE,
    };
    const manifest = serviceDeployment(deployment);
    objects.replace(DEPLOYMENTS, { ...manifest, metadata: { ...manifest.metadata, name } });
  }

  // ---------------------------------------------------------------- tasks

  #runTasksForever(): void {
    this.#later(2_000, 8_000, () => {
      this.#runTask();
      this.#runTasksForever();
    });
  }

  #runTask(): void {
    const seconds = (low: number, high: number): number => Math.round(this.#random.between(low, high)) * 1000;
    const kind = this.#random.pick(TASK_KINDS);
    switch (kind) {
      case 'import':
        return this.#run(kind, [{ name: 'main', image: 'demo/import:7', script: { exitAfter: seconds(5, 25) } }]);
      case 'report': {
        const sidecar = {
          name: 'log-router',
          image: 'demo/fluent-bit:2',
          essential: false,
          script: { exitAfter: seconds(26, 30) },
        };
        return this.#run(kind, [
          { name: 'main', image: 'demo/report:3', script: { exitAfter: seconds(5, 25) } },
          sidecar,
        ]);
      }
      case 'migrate':
        return this.#run(kind, [
          {
            name: 'main',
            image: 'demo/migrate:12',
            script: { exitAfter: seconds(2, 10), exitCode: this.#random.pick([1, 2, 3]) },
          },
        ]);
      case 'resize-images':
        return this.#run(kind, [
          {
            name: 'main',
            image: 'demo/resize:1',
            memory: '128Mi',
            script: { exitAfter: seconds(3, 15), oomKilled: true },
          },
        ]);
      case 'unpublished':
        return this.#run(kind, [{ name: 'main', image: 'nosuch/unpublished:1' }], seconds(40, 60));
      case 'watch-feed':
        return this.#run(
          kind,
          [{ name: 'main', image: 'demo/watch:4', script: { stopTime: seconds(0, 4) } }],
          seconds(15, 60),
        );
      case 'deaf':
        return this.#run(
          kind,
          [{ name: 'main', image: 'demo/deaf:1', script: { ignoresTerm: true } }],
          seconds(15, 40),
          10,
        );
      case 'lost':
        return this.#run(kind, [{ name: 'main', image: 'demo/lost:1', script: { statusLost: true } }], seconds(15, 40));
    }
  }

  /** Runs a task, stops it after a while where that is wanted, and removes its pod some time after its end. */
  #run(family: string, containers: EcsTaskDefinition['containers'], stopAfter?: number, stopTimeout?: number): void {
    const taskId = this.#random.hex(32);
    const taskDefinition = { family, revision: 1, containers };
    const pod = taskPod({
      ...this.#scope,
      taskId,
      taskDefinition,
      launchType: this.#random.pick(['FARGATE', 'EC2']),
      ...(stopTimeout === undefined ? {} : { stopTimeout }),
    });
    const { objects } = this.#simulator;
    objects.create(PODS, pod);
    const remove = (): void => {
      const namespace = namespaceOf(this.#scope);
      if (objects.find(PODS, namespace, taskId) !== undefined) objects.delete(PODS, namespace, taskId);
    };
    const due = stopAfter ?? TASK_RETENTION;
    this.#later(due, due, remove);
  }
}

/** Kinds of tasks, as often as each is to come. */
const TASK_KINDS = [
  'import',
  'import',
  'import',
  'report',
  'report',
  'migrate',
  'resize-images',
  'unpublished',
  'watch-feed',
  'watch-feed',
  'deaf',
  'lost',
] as const;

const CRASHING = { exitAfter: 8_000, exitCode: 1 };
const FLAPPING = { readyAfter: 2_000, readiness: { ready: 40_000, unready: 25_000 } };

function definition(family: string, revision: number, container: EcsContainer): EcsTaskDefinition {
  return { family, revision, containers: [container] };
}

function web(name: string, revision: number): EcsContainer {
  const script = { readyAfter: 3_000, stopTime: 1_500 };
  return {
    name: 'app',
    image: `demo/${name}:${revision}`,
    port: 80,
    healthCheck: CHECK,
    cpu: '100m',
    memory: '64Mi',
    script,
  };
}

function service(name: string, revision: number): EcsTaskDefinition {
  return definition(name, revision, web(name, revision));
}

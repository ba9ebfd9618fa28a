/**
 * Owns what the tests of waiters run on: a sidecar as it is composed, over the embedded cluster, on a clock that goes much faster than life;
 * the official client; and what the cluster itself says of a service, which no verdict may contradict.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { ProfileName } from '../../machines/semantics.js';
import { Connection } from '../../src/kubernetes/connection.js';
import { createSidecar } from '../../src/sidecar.js';
import { serviceDeployment, taskPod } from '../../src/simulator/kecs-objects.js';
import type { ContainerScript } from '../../src/simulator/kubelet/script.js';
import { DEPLOYMENTS, PODS } from '../../src/simulator/resources.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { ManualClock, systemClock } from '../../src/system/clock.js';
import type { CommittedService } from '../../src/system/state.port.js';
import { createLogger } from '../../src/telemetry/logger.js';

const SCOPE = { cluster: 'default', region: 'us-east-1', account: '000000000000' };
const NAMESPACE = 'default-us-east-1';
const ARNS = 'arn:aws:ecs:us-east-1:000000000000';
const START = Date.parse('2026-01-01T00:00:00Z');

/** Milliseconds of the cluster's time in a step, and of life between two: about forty times as fast. */
const STEP = 200;
const BETWEEN = 5;

/** After how many seconds without progress a rollout is FAILED. */
const PROGRESS_DEADLINE = 20;

export interface ServiceSpec {
  readonly revision: number;
  readonly desiredCount: number;
  readonly image?: string;
}

/** A service of one container with a health check, ready two seconds after its start, and down a second after it is told to end. */
function manifestOf(name: string, { revision, desiredCount, image = `demo/${name}:${revision}` }: ServiceSpec) {
  const healthCheck = { command: ['CMD-SHELL', 'true'], interval: 5, timeout: 2, retries: 2, startPeriod: 1 };
  const container = { name: 'app', image, healthCheck, script: { readyAfter: 2_000, stopTime: 1_000 } };
  return serviceDeployment({
    ...SCOPE,
    service: name,
    desiredCount,
    progressDeadlineSeconds: PROGRESS_DEADLINE,
    taskDefinition: { family: name, revision, containers: [container] },
  });
}

export interface WaiterRig {
  readonly url: string;
  readonly client: ECSClient;
  /** These resolve once the sidecar has seen the change, as a client has that KECS answered. */
  create(name: string, spec: ServiceSpec): Promise<void>;
  update(name: string, spec: ServiceSpec): Promise<void>;
  remove(name: string): Promise<void>;
  /** Runs a task of one container, and gives its id. */
  run(id: string, image: string, script: ContainerScript): Promise<string>;
  stopTask(id: string): void;
  /** Resolves when a service, as the sidecar has it, is like this. */
  until(name: string, isSo: (service: CommittedService) => boolean): Promise<void>;
  untilStopped(taskId: string): Promise<void>;
  /**
   * What keeps the cluster itself from calling this service stable, undefined when nothing does: its controller has seen the newest
   * template, every replica that is wanted is there, ready and of that template, and no other is left that is not going down.
   */
  unstable(name: string): string | undefined;
  /** How many pods of the service there are, those included that are going down. */
  pods(name: string): number;
  stop(): Promise<void>;
}

export async function startRig(semantics: ProfileName): Promise<WaiterRig> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ecstate-waiters-'));
  const clock = new ManualClock(START);
  const simulator = createSimulator({ clock, seed: 11 });
  await simulator.start();
  const { objects } = simulator;
  objects.ensureNamespace(NAMESPACE);
  const connection = new Connection({ server: new URL(simulator.url), clock: systemClock });
  const sidecar = createSidecar(
    {
      listen: { host: '127.0.0.1', port: 0 },
      dataDirectory,
      semantics,
      namespaces: [],
      defaults: { region: 'us-east-1', accountId: '000000000000' },
      retention: { tasks: 3_600_000, history: 3_600_000 },
      clock,
    },
    { connection, logger: createLogger({ level: 'silent' }), networkClock: systemClock },
  );
  await sidecar.start();
  let isGoing = true;
  const driving = (async (): Promise<void> => {
    while (isGoing) {
      clock.advance(STEP);
      await pause(BETWEEN);
      // The cluster does not run ahead of who looks at it: an early verdict would look right by the time that it is checked.
      await sidecar.committed();
    }
  })();
  await sidecar.synced();
  const client = new ECSClient({
    endpoint: sidecar.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

  const deploymentOf = (name: string) => objects.find(DEPLOYMENTS, NAMESPACE, name);
  const service = (name: string) => sidecar.state.service(`${ARNS}:service/default/${name}`);
  const taskArn = (id: string): string => `${ARNS}:task/default/${id}`;
  const podsOf = (name: string) =>
    objects.list(PODS, NAMESPACE).filter(({ metadata }) => metadata.labels?.['kecs.dev/service'] === name);

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await pause(BETWEEN);
  }
  const seen = (name: string): Promise<void> =>
    until(() => service(name)?.context.deployment?.generation === deploymentOf(name)?.metadata.generation);

  return {
    url: sidecar.url,
    client,
    async create(name, spec) {
      objects.create(DEPLOYMENTS, manifestOf(name, spec));
      await seen(name);
    },
    async update(name, spec) {
      const manifest = manifestOf(name, spec);
      objects.replace(DEPLOYMENTS, { ...manifest, metadata: { ...manifest.metadata, name } });
      await seen(name);
    },
    async remove(name) {
      objects.delete(DEPLOYMENTS, NAMESPACE, name);
      await until(() => service(name)?.context.deployment === undefined);
    },
    async run(id, image, script) {
      const taskId = id.padStart(32, '0');
      const taskDefinition = { family: 'job', revision: 1, containers: [{ name: 'main', image, script }] } as const;
      objects.create(PODS, taskPod({ ...SCOPE, taskId, taskDefinition }));
      await until(() => sidecar.state.task(taskArn(taskId)) !== undefined);
      return taskId;
    },
    stopTask: (id) => void objects.delete(PODS, NAMESPACE, id),
    until: (name, isSo) =>
      until(() => {
        const known = service(name);
        return known !== undefined && isSo(known);
      }),
    untilStopped: (id) => until(() => sidecar.state.task(taskArn(id))?.lastStatus === 'STOPPED'),
    unstable(name) {
      const deployment = deploymentOf(name);
      if (deployment === undefined) return 'there is no Deployment';
      const { metadata, spec, status } = deployment;
      if (status.observedGeneration !== metadata.generation) return 'the controller has not seen it';
      const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
      const counts = [replicas, updatedReplicas, readyReplicas];
      if (counts.some((count) => count !== spec.replicas)) return `${counts.join(', ')} of ${spec.replicas}`;
      const wanted = podsOf(name).filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp === undefined);
      const images = new Set(wanted.map((pod) => pod.spec.containers[0]?.image));
      const image = spec.template.spec.containers[0]?.image;
      const isOther = wanted.length !== spec.replicas || [...images].some((one) => one !== image);
      return isOther ? `${wanted.length} pods of ${[...images].join(', ')}` : undefined;
    },
    pods: (name) => podsOf(name).length,
    async stop() {
      isGoing = false;
      await driving;
      client.destroy();
      const stopped = sidecar.stop();
      connection.close();
      await stopped;
      await simulator.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

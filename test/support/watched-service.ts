/**
 * Owns a system that is told of one service, object by object, as its watches would, and read as the ECS API would show it.
 */
import { expect } from 'vitest';
import { observeDeployment, observeReplicaSet } from '../../src/observe/deployment.js';
import { observeIdentity } from '../../src/observe/identity.js';
import { observePod } from '../../src/observe/pod.js';
import { object } from '../../src/observe/raw.js';
import { observeServiceIdentity } from '../../src/observe/service-identity.js';
import { projectService } from '../../src/project/service.js';
import { projectTask } from '../../src/project/task.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { ManualClock } from '../../src/system/clock.js';
import type { SystemMessage } from '../../src/system/messages.js';
import { System } from '../../src/system/system.js';
import { deployment, millis, pod, replicaSet, taskIdOf } from './service-objects.js';
import type { DeploymentParts, PodStage, Raw, ReplicaSetParts } from './service-objects.js';

const DEFAULTS = { region: 'us-east-1', accountId: '000000000000' } as const;
const SERVICE_ARN = 'arn:aws:ecs:us-east-1:000000000000:service/default/web';
const HOUR = 3_600_000;

type Json = Readonly<Record<string, unknown>>;

export class WatchedService {
  readonly clock = new ManualClock(millis(0));
  readonly store: MemoryStore;
  #system: System;
  #version = 0;

  constructor(store = new MemoryStore()) {
    this.store = store;
    this.#system = this.#start();
  }

  #start(): System {
    const fail = (fields: object): void => expect.fail(JSON.stringify(fields));
    const system = new System({
      store: this.store,
      clock: this.clock,
      profile: 'kecs',
      retention: { tasks: HOUR, history: 24 * HOUR },
      logger: { info: () => {}, warn: fail, error: fail },
    });
    system.start();
    return system;
  }

  get system(): System {
    return this.#system;
  }

  /** The process ends and begins again on the same store. */
  async restart(): Promise<this> {
    await this.#system.stop();
    this.#system = this.#start();
    return this;
  }

  async post(...messages: SystemMessage[]): Promise<this> {
    void this.#system.post(messages);
    await this.#system.committed();
    return this;
  }

  deploymentSeen(parts: DeploymentParts, change: 'observed' | 'deleted' = 'observed'): SystemMessage {
    const raw = deployment(parts);
    return {
      kind: 'deployment',
      change,
      identity: identityOf(raw),
      facts: observeDeployment(raw),
      at: this.clock.now(),
    };
  }

  replicaSetSeen(parts: ReplicaSetParts, change: 'observed' | 'deleted' = 'observed'): SystemMessage {
    const raw = replicaSet(parts);
    return {
      kind: 'replicaset',
      change,
      identity: identityOf(raw),
      facts: observeReplicaSet(raw),
      at: this.clock.now(),
    };
  }

  podSeen(
    name: string,
    of: number,
    stage: PodStage,
    second = 1,
    change: 'observed' | 'deleted' = 'observed',
  ): SystemMessage {
    const raw = pod(name, of, stage, second);
    const identity = observeIdentity(raw, DEFAULTS);
    const facts = observePod(object(raw['metadata']), object(raw['status']), identity.containers);
    this.#version += 1;
    const observation = { podUid: identity.podUid, resourceVersion: String(this.#version), identity, facts };
    return { kind: 'pod', change, pod: observation, at: this.clock.now() };
  }

  /** The first rollout of three, complete: the starting point of most tests. */
  async steady(): Promise<this> {
    await this.post(this.deploymentSeen({}), this.replicaSetSeen({ of: 1 }));
    for (const name of ['a', 'b', 'c'])
      await this.post(this.podSeen(name, 1, 'creating'), this.podSeen(name, 1, 'ready'));
    return this.post(
      this.replicaSetSeen({ of: 1, total: 3, ready: 3 }),
      this.deploymentSeen({ total: 3, ready: 3, available: true, progress: 'NewReplicaSetAvailable' }),
    );
  }

  /** The Service of DescribeServices; undefined when there is none. */
  get service(): Json | undefined {
    const committed = this.#system.service(SERVICE_ARN);
    return committed === undefined ? undefined : projectService(committed);
  }

  /** deployments[], in brief. */
  get deployments(): readonly Json[] {
    const deployments = (this.service?.['deployments'] ?? []) as readonly Json[]; // the Service shape
    return deployments.map(
      ({ status, rolloutState, desiredCount, runningCount, pendingCount, failedTasks, taskDefinition }) => ({
        status,
        rolloutState,
        counts: [desiredCount, runningCount, pendingCount, failedTasks],
        revision: Number(String(taskDefinition).split(':').at(-1)),
      }),
    );
  }

  /** The ids of deployments[]. */
  get ids(): readonly unknown[] {
    return ((this.service?.['deployments'] ?? []) as readonly Json[]).map(({ id }) => id); // the Service shape
  }

  /** events[], oldest first. */
  get events(): readonly unknown[] {
    return ((this.service?.['events'] ?? []) as readonly Json[]).map(({ message }) => message).toReversed(); // the Service shape
  }

  /** status, desired, running, pending. */
  get counts(): readonly unknown[] {
    const service = this.service;
    return [service?.['status'], service?.['desiredCount'], service?.['runningCount'], service?.['pendingCount']];
  }

  task(name: string): Json {
    const task = this.#system.task(`arn:aws:ecs:us-east-1:000000000000:task/default/${taskIdOf(name)}`);
    if (task === undefined) throw new Error(`there is no task ${name}`);
    return projectTask(task.context, task.lastStatus, { tags: false });
  }

  /** Lets what waits to be told together be told. */
  async told(): Promise<this> {
    this.clock.advance(1000);
    await this.#system.committed();
    return this;
  }
}

function identityOf(raw: Raw) {
  const identity = observeServiceIdentity('Deployment', raw, DEFAULTS);
  if (identity === undefined) throw new Error('the object is no service’s');
  return identity;
}

export const task = (name: string): string => `(task ${taskIdOf(name)})`;

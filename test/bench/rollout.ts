/**
 * Owns the counting of writes: how often a service is written while many replicas of it start and are replaced.
 *
 * The embedded cluster runs in this process, ten times as fast as life; its changes go through the decoders and the system into a real store.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchOf } from '../../src/kubernetes/kinds/watches.js';
import type { WatchChange, WatchSink, WatchedKind } from '../../src/kubernetes/watched-kind.js';
import { serviceDeployment } from '../../src/simulator/kecs-objects.js';
import { DEPLOYMENTS, PODS, REPLICASETS } from '../../src/simulator/resources.js';
import type { Resource } from '../../src/simulator/resources.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { encodeWatchEvent } from '../../src/simulator/api/storage.js';
import { openStore } from '../../src/store/open-store.js';
import { systemClock } from '../../src/system/clock.js';
import type { WatchedKindName } from '../../src/system/messages.js';
import type { Range, Store, StoreKey, Table, Write } from '../../src/system/store.port.js';
import { System } from '../../src/system/system.js';

export interface RolloutFigures {
  /** Changes of the service's Deployment, ReplicaSets and pods that the cluster told. */
  readonly told: number;
  /** How often the service was written. */
  readonly written: number;
  readonly commits: number;
}

/** How much faster than life. */
const PACE = 10;
const SERVICE = 'arn:aws:ecs:us-east-1:000000000000:service/default/web';

/** A store that counts. */
class CountingStore implements Store {
  written = 0;
  commits = 0;
  readonly #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  get(table: Table, key: StoreKey): string | undefined {
    return this.#inner.get(table, key);
  }

  range(table: Table, range?: Range) {
    return this.#inner.range(table, range);
  }

  count(table: Table): number {
    return this.#inner.count(table);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    this.commits += 1;
    this.written += writes.filter(({ table }) => table === 'services').length;
    await this.#inner.commit(writes);
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

/** Creates a service of so many replicas, waits until it is steady, rolls it to a second revision, and waits again. */
export async function countRollout(replicas: number): Promise<RolloutFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'ecstate-rollout-'));
  const store = new CountingStore(await openStore({ directory, writer: 'bench', now: Date.now }));
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const retention = { tasks: 3_600_000, history: 3_600_000 };
  const system = new System({ store, clock: systemClock, profile: 'kecs', retention, logger: silent });
  system.start();
  const simulator = createSimulator({
    paceScale: 1 / PACE,
    nodes: Math.ceil(replicas / 25),
    nodeCapacity: { cpu: '64', memory: '256Gi' },
  });
  let told = 0;
  const follow = (resource: Resource, name: WatchedKindName): void => {
    const defaults = { region: 'us-east-1', accountId: '000000000000' };
    const open = watchOf({ kind: name }, { known: system, intake: system, clock: systemClock, defaults });
    const feed = open(<T>(kind: WatchedKind<T>, sink: WatchSink<T>) => (bytes: Buffer): void => {
      const line = kind.decodeLine(bytes);
      if (line.type === 'BOOKMARK' || line.type === 'ERROR') return;
      const change: WatchChange<T> = line;
      void sink.changed([change], change.object.resourceVersion);
    });
    simulator.objects.subscribe(resource, ({ type, object }) => {
      told += 1;
      feed(encodeWatchEvent(type, object));
    });
  };
  follow(DEPLOYMENTS, 'deployments');
  follow(REPLICASETS, 'replicasets');
  follow(PODS, 'pods');
  const manifest = (revision: number) =>
    serviceDeployment({
      cluster: 'default',
      region: 'us-east-1',
      account: '000000000000',
      service: 'web',
      desiredCount: replicas,
      taskDefinition: { family: 'web', revision, containers: [{ name: 'app', image: `demo/web:${revision}` }] },
    });
  simulator.objects.create(DEPLOYMENTS, manifest(1));
  await steady(system, 1);
  const { spec } = manifest(2);
  simulator.objects.patch(DEPLOYMENTS, 'default-us-east-1', 'web', { spec });
  await steady(system, 2);
  await simulator.stop();
  await system.stop();
  await store.close();
  await rm(directory, { recursive: true, force: true });
  return { told, written: store.written, commits: store.commits };
}

/** Resolves when the rollout of this number is complete and alone. */
async function steady(system: System, rollout: number): Promise<void> {
  for (;;) {
    const context = system.service(SERVICE)?.context;
    if (context?.rollouts.steady === true && context.rollouts.count === rollout) return;
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 20));
  }
}

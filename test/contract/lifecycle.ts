/**
 * Owns the suite of tasks: every scenario at once, in a namespace of its own, on the cluster that it is given.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ContractCluster } from './cluster.js';
import { expectEnd } from './expectations.js';
import { namespaceOf, taskArn } from './manifests.js';
import { ObservedSidecar } from './observed.js';
import { SCENARIOS } from './scenarios.js';
import { Witness } from './witness.js';

/** Registers the tests; `open` is called once, before the first of them. */
export function lifecycleSuite(open: () => Promise<ContractCluster>): void {
  let cluster: ContractCluster;
  let sidecar: ObservedSidecar;
  let witness: Witness;

  beforeAll(async () => {
    cluster = await open();
    await cluster.createNamespace();
    witness = new Witness(cluster.connection, namespaceOf(cluster.name));
    await witness.start();
    sidecar = new ObservedSidecar(cluster.connection, []);
    await sidecar.start();
  });

  afterAll(async () => {
    await sidecar.remove();
    await witness.stop();
    await cluster.deleteNamespace();
    cluster.connection.close();
  });

  test.concurrent.for(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    'that %s',
    async ([, scenario]) => {
      const taskId = randomBytes(16).toString('hex');
      const arn = taskArn(cluster.name, taskId);
      const family = scenario.name.replaceAll(/[^a-z0-9]+/g, '-');
      await cluster.runTask(family, taskId, scenario.task);
      if (scenario.deletion !== undefined) {
        await sidecar.until(arn, scenario.deletion.when);
        await cluster.deletePod(taskId, scenario.deletion.graceSeconds);
      }
      await sidecar.until(arn, { lastStatus: 'STOPPED' });
      await sidecar.looked();
      const seen = sidecar.reader.known.get(arn);
      if (seen === undefined) throw new Error('It was there a moment ago.');
      expectEnd(scenario, seen, taskId, witness);

      // T2: the deletion of a pod that has ended is no news.
      await cluster.deletePod(taskId);
      while (await cluster.podExists(taskId)) await pause(500);
      await sidecar.looked();
      expect(sidecar.reader.known.get(arn)).toEqual(seen);
      expect(sidecar.reader.faults.filter((fault) => fault.includes(arn))).toEqual([]);
    },
  );
}

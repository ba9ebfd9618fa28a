/**
 * Owns the contract on a real cluster: every scenario at once, in a namespace of its own.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HAS_CLUSTER, NO_CLUSTER, openCluster, type ContractCluster } from './cluster.js';
import { expectEnd } from './expectations.js';
import { namespaceOf, taskArn } from './manifests.js';
import { ObservedSidecar } from './observed.js';
import { SCENARIOS } from './scenarios.js';
import { Witness } from './witness.js';

let cluster: ContractCluster;
let sidecar: ObservedSidecar;
let witness: Witness;

describe.skipIf(!HAS_CLUSTER)(`a task of a real cluster${HAS_CLUSTER ? '' : ` (${NO_CLUSTER})`}`, () => {
  beforeAll(async () => {
    cluster = await openCluster();
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

  test.concurrent.each(SCENARIOS)('that $name', async (scenario) => {
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
  });
});

/**
 * Owns the suite of services: Deployments as KECS makes them, their tasks, and what becomes of both, on the cluster that it is given.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultsOf, type Json, type Seen } from '../recovery/reader.js';
import type { ContractCluster } from './cluster.js';
import { ending, warmingUp } from './containers.js';
import { definitionArn } from './manifests.js';
import { ObservedSidecar, objects } from './observed.js';

const isSteady =
  (count: number) =>
  ({ runningCount, pendingCount, desiredCount, deployments }: Json): boolean =>
    runningCount === count &&
    desiredCount === count &&
    pendingCount === 0 &&
    objects(deployments).length === 1 &&
    objects(deployments)[0]?.['rolloutState'] === 'COMPLETED';

const primaryOf = (service: Json): Json => {
  const [primary] = objects(service['deployments']);
  if (primary === undefined) throw new Error('The service has no deployment.');
  return primary;
};

const pathOf = ({ history }: Seen): readonly string[] => history.map(({ to }) => to);

/** Registers the tests; `open` is called once, before the first of them. */
export function servicesSuite(open: () => Promise<ContractCluster>): void {
  let cluster: ContractCluster;
  let sidecar: ObservedSidecar;

  /** Waits until so many tasks of the service are in this state. */
  async function untilTasks(service: string, lastStatus: string, count: number): Promise<readonly Seen[]> {
    for (;;) {
      const found = sidecar.tasksOf(service).filter(({ task }) => task['lastStatus'] === lastStatus);
      if (found.length === count) return found;
      await pause(100);
    }
  }

  beforeAll(async () => {
    cluster = await open();
    await cluster.createNamespace();
    sidecar = new ObservedSidecar(cluster.connection, [`${cluster.name}-us-east-1`]);
    await sidecar.start();
  });

  afterAll(async () => {
    await sidecar.remove();
    await cluster.deleteNamespace();
    cluster.connection.close();
  });

  test.concurrent('starts, is scaled, rolled out, scaled to nothing and deleted', async () => {
    await cluster.createService('web', 2, { containers: [warmingUp('main', 2)], terminationGracePeriodSeconds: 3 });
    const first = await sidecar.untilService(cluster.name, 'web', isSteady(2));
    expect(first).toMatchObject({ status: 'ACTIVE', serviceName: 'web', taskDefinition: definitionArn('web') });
    const { id } = primaryOf(first);
    expect(id).toMatch(/^ecs-svc\/\d{19}$/);
    for (const seen of await untilTasks('web', 'RUNNING', 2)) {
      expect(pathOf(seen)).toEqual(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING']);
      expect(seen.task).toMatchObject({
        desiredStatus: 'RUNNING',
        healthStatus: 'HEALTHY',
        connectivity: 'CONNECTED',
        startedBy: id,
        taskDefinitionArn: definitionArn('web'),
        attachments: [expect.objectContaining({ status: 'ATTACHED' })],
      });
    }

    await cluster.updateService('web', { replicas: 1 });
    await sidecar.untilService(cluster.name, 'web', isSteady(1));
    const [scaledDown] = await untilTasks('web', 'STOPPED', 1);
    expect(scaledDown?.task).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: `Scaling activity initiated by (deployment ${String(id)})`,
      attachments: [expect.objectContaining({ status: 'DELETED' })],
    });

    await cluster.updateService('web', { revision: 2 });
    const second = await sidecar.untilService(
      cluster.name,
      'web',
      (service) => primaryOf(service)['id'] !== id && isSteady(1)(service),
    );
    expect(second['taskDefinition']).toBe(definitionArn('web', 2));
    await untilTasks('web', 'STOPPED', 2);
    const [running] = await untilTasks('web', 'RUNNING', 1);
    expect(running?.task).toMatchObject({
      startedBy: primaryOf(second)['id'],
      taskDefinitionArn: definitionArn('web', 2),
    });

    // S5
    await cluster.updateService('web', { replicas: 0 });
    expect(await sidecar.untilService(cluster.name, 'web', isSteady(0))).toMatchObject({ status: 'ACTIVE' });
    await untilTasks('web', 'STOPPED', 3);

    // S6
    await cluster.updateService('web', { replicas: 1 });
    await untilTasks('web', 'RUNNING', 1);
    await cluster.deleteService('web');
    await sidecar.untilService(cluster.name, 'web', ({ status }) => status === 'DRAINING');
    expect(await sidecar.untilService(cluster.name, 'web', ({ status }) => status === 'INACTIVE')).toMatchObject({
      desiredCount: 0,
      runningCount: 0,
      pendingCount: 0,
    });
    const stopped = await untilTasks('web', 'STOPPED', 4);
    expect(stopped.flatMap(faultsOf)).toEqual([]);
    expect(sidecar.reader.faults).toEqual([]);
  });

  test.concurrent('whose container crashes keeps its task, which is restarted in place', async () => {
    await cluster.createService('crashing', 1, {
      containers: [ending('main', 3, 1)],
      terminationGracePeriodSeconds: 3,
    });
    const [started] = await untilTasks('crashing', 'RUNNING', 1);
    const arn = String(started?.task['taskArn']);
    // Once down, in its back-off, with the exit code of the run that ended.
    const down = await sidecar.until(arn, {
      lastStatus: 'RUNNING',
      container: { name: 'main', lastStatus: 'PENDING', reason: /^CrashLoopBackOff/ },
    });
    expect(down.task).toMatchObject({ desiredStatus: 'RUNNING', containers: [{ name: 'main' }] });
    expect(down.task['stoppedAt']).toBeUndefined();
    expect(down.task['executionStoppedAt']).toBeUndefined();
    expect(sidecar.tasksOf('crashing')).toHaveLength(1);
    await cluster.deleteService('crashing');
    const { task, history } = await sidecar.until(arn, { lastStatus: 'STOPPED' });
    expect(task['stopCode']).toBe('ServiceSchedulerInitiated');
    expect(faultsOf({ task, history })).toEqual([]);
    expect(sidecar.reader.faults.filter((fault) => fault.includes(arn))).toEqual([]);
  });
}

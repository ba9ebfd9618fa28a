/**
 * Owns the contract in bad times: the sidecar is down while the cluster goes on, or the cluster's components are. Whoever reads sees no step
 * back, no gap and no second history; what happened meanwhile is found.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/system/clock.js';
import { faultsOf, type Json, type Seen } from '../recovery/reader.js';
import { HAS_CLUSTER, NO_CLUSTER, openCluster, type ContractCluster } from './cluster.js';
import { ending, serving, warmingUp, type Container } from './containers.js';
import { answers, control, HAS_CONTROL, NO_CONTROL, restartApiServer } from './control.js';
import { definitionArn, taskArn } from './manifests.js';
import { ObservedSidecar, objects } from './observed.js';

/** How much faster time passes for the watchdog of silent connections where a test waits for it. */
const HURRY = 10;
const hurried: Clock = {
  now: () => Date.now() * HURRY,
  setTimeout: (callback, delay, options) => systemClock.setTimeout(callback, delay / HURRY, options),
  clearTimeout: (timer) => systemClock.clearTimeout(timer),
};

/** How long a rollout of two tasks takes at most, with room to spare, in milliseconds. */
const BACK = 15_000;

const UP = ['PROVISIONING', 'PENDING', 'RUNNING'] as const;

let cluster: ContractCluster;
let sidecar: ObservedSidecar;

interface Task {
  readonly taskId: string;
  readonly arn: string;
}

async function runTask(container: Container): Promise<Task> {
  const taskId = randomBytes(16).toString('hex');
  await cluster.runTask('outage', taskId, { containers: [container], terminationGracePeriodSeconds: 3 });
  return { taskId, arn: taskArn(cluster.name, taskId) };
}

async function running(container: Container): Promise<Task> {
  const task = await runTask(container);
  await sidecar.until(task.arn, { lastStatus: 'RUNNING' });
  return task;
}

const known = ({ arn }: Task): Seen => {
  const seen = sidecar.reader.known.get(arn);
  if (seen === undefined) throw new Error(`${arn} is not known.`);
  return seen;
};

/** The lastStatus values of a task; a RUNNING that was passed through a short ACTIVATING counts as RUNNING. */
const pathOf = (task: Task): readonly string[] =>
  known(task)
    .history.map(({ to }) => to)
    .filter((to) => to !== 'ACTIVATING');

/** Down, however many of the steps of the way the cluster told. */
const downOf = (task: Task): string => pathOf(task).slice(UP.length).join(' ');
const ANY_WAY_DOWN = /^DEACTIVATING( STOPPING)?( DEPROVISIONING)? STOPPED$/;

async function untilGone(...tasks: readonly Task[]): Promise<void> {
  for (const { taskId } of tasks) while (await cluster.podExists(taskId)) await pause(300);
}

async function untilPhase({ taskId }: Task, phase: string): Promise<void> {
  while ((await cluster.podPhase(taskId)) !== phase) await pause(300);
}

async function untilReason(wanted: RegExp | undefined): Promise<void> {
  for (;;) {
    const { ready, reason } = sidecar.readiness();
    // P2: trouble does not close the door.
    expect(ready).toBe(true);
    if (wanted === undefined ? reason === undefined : wanted.test(reason ?? '')) return;
    await pause(100);
  }
}

/** How often pods were listed: by each of their watches once at the first start. */
const lists = (): number => sidecar.log.filter(({ msg }) => /^pods.*: listed, /.test(msg)).length;
const POD_WATCHES = 2;

function eachWith(clock: Clock, namespaced: boolean): void {
  beforeAll(async () => {
    cluster = await openCluster();
    await cluster.createNamespace();
  });
  beforeEach(async () => {
    const { connection } = await openCluster(clock);
    sidecar = new ObservedSidecar(connection, namespaced ? [`${cluster.name}-us-east-1`] : [], clock);
    await sidecar.start();
  });
  afterEach(async () => {
    await sidecar.remove();
  });
  afterAll(async () => {
    await cluster.deleteNamespace();
    cluster.connection.close();
  });
}

describe.skipIf(!HAS_CLUSTER)(`while the sidecar is down${HAS_CLUSTER ? '' : ` (${NO_CLUSTER})`}`, () => {
  eachWith(systemClock, true);

  test('nothing happens, and nothing changes', async () => {
    const task = await running(serving('main'));
    await sidecar.looked();
    const before = known(task);
    await sidecar.stop();
    await sidecar.start();
    await sidecar.looked();
    expect(known(task)).toEqual(before);
    expect(lists()).toBe(POD_WATCHES);
    await cluster.deletePod(task.taskId, 0);
  });

  test('what happens is told afterwards, step by step', async () => {
    const [stopped, kept] = [await running(serving('main')), await running(serving('main'))];
    await sidecar.looked();
    const before = known(kept);
    await sidecar.stop();

    await cluster.deletePod(stopped.taskId);
    const [ended, began] = [await runTask(ending('main', 3, 3)), await runTask(serving('main'))];
    const forgotten = await runTask(serving('main'));
    await untilPhase(forgotten, 'Running');
    await cluster.deletePod(forgotten.taskId, 0);
    await untilPhase(ended, 'Failed');
    await untilPhase(began, 'Running');
    await cluster.deletePod(ended.taskId);
    await untilGone(stopped, forgotten, ended);

    await sidecar.start();
    for (const task of [stopped, ended, forgotten]) await sidecar.until(task.arn, { lastStatus: 'STOPPED' });
    await sidecar.until(began.arn, { lastStatus: 'RUNNING' });
    await sidecar.looked();
    expect(lists()).toBe(POD_WATCHES);
    expect(known(kept)).toEqual(before);
    expect(downOf(stopped)).toMatch(ANY_WAY_DOWN);
    expect(pathOf(ended)).toEqual([...UP, 'STOPPED']);
    expect(known(ended).task).toMatchObject({ stopCode: 'EssentialContainerExited', containers: [{ exitCode: 3 }] });
    expect(pathOf(began)).toEqual(UP);
    expect(pathOf(forgotten).slice(0, UP.length)).toEqual(UP);
    expect([...sidecar.reader.known.values()].flatMap(faultsOf)).toEqual([]);
    expect(sidecar.reader.faults).toEqual([]);
    for (const { taskId } of [kept, began]) await cluster.deletePod(taskId, 0);
  });

  test('a service that is rolled out and back has a new deployment, and its tasks are that deployment’s', async () => {
    await cluster.createService('web', 2, { containers: [warmingUp('main', 1)], terminationGracePeriodSeconds: 1 });
    const isSteadyOn =
      (revision: number) =>
      (service: Json): boolean =>
        service['taskDefinition'] === definitionArn('web', revision) &&
        service['runningCount'] === 2 &&
        objects(service['deployments'])
          .map(({ rolloutState }) => rolloutState)
          .join() === 'COMPLETED';
    const idOf = (service: Json): unknown => objects(service['deployments'])[0]?.['id'];
    const first = await sidecar.untilService(cluster.name, 'web', isSteadyOn(1));
    await cluster.updateService('web', { revision: 2 });
    const second = await sidecar.untilService(cluster.name, 'web', isSteadyOn(2));
    expect(idOf(second)).not.toBe(idOf(first));
    await sidecar.looked();
    await sidecar.stop();

    await cluster.updateService('web', { revision: 1 });
    await pause(BACK);

    await sidecar.start();
    const third = await sidecar.untilService(cluster.name, 'web', isSteadyOn(1));
    await sidecar.looked();
    expect(idOf(third)).not.toBe(idOf(first));
    expect(idOf(third)).not.toBe(idOf(second));
    const running = sidecar.tasksOf('web').filter(({ task }) => task['lastStatus'] === 'RUNNING');
    expect(running.map(({ task }) => task['startedBy'])).toEqual([idOf(third), idOf(third)]);
    expect(sidecar.reader.faults).toEqual([]);
    await cluster.deleteService('web');
  });

  test.skipIf(!HAS_CONTROL)(
    `what the cluster has forgotten is found by a list${HAS_CONTROL ? '' : ` (${NO_CONTROL})`}`,
    async () => {
      const [stopped, kept, ending4] = [
        await running(serving('main')),
        await running(serving('main')),
        await running(ending('main', 15, 4)),
      ];
      await sidecar.looked();
      const before = known(kept);
      await sidecar.stop();

      await cluster.deletePod(stopped.taskId, 0);
      const [began, forgotten] = [await runTask(serving('main')), await runTask(serving('main'))];
      await untilPhase(began, 'Running');
      await untilPhase(ending4, 'Failed');
      await cluster.deletePod(forgotten.taskId, 0);
      await untilGone(stopped, forgotten);
      await control('compact');
      await restartApiServer(cluster.connection);

      await sidecar.start();
      await sidecar.until(stopped.arn, { lastStatus: 'STOPPED' });
      await sidecar.until(ending4.arn, { lastStatus: 'STOPPED' });
      await sidecar.until(began.arn, { lastStatus: 'RUNNING' });
      await sidecar.looked();
      expect(lists()).toBe(2 * POD_WATCHES);
      expect(sidecar.log.map(({ msg }) => msg)).toContainEqual(
        expect.stringMatching(/^pods.*Everything is listed again\.$/),
      );
      expect(known(kept)).toEqual(before);
      expect(downOf(stopped)).toBe('STOPPED');
      expect(known(stopped).history.at(-1)?.cause).toMatch(/^the pod was missing when the cluster was listed again/);
      expect(known(ending4).task).toMatchObject({
        stopCode: 'EssentialContainerExited',
        containers: [{ exitCode: 4, reason: 'Error' }],
      });
      expect(pathOf(began)).toEqual(['RUNNING']);
      expect(sidecar.reader.known.has(forgotten.arn)).toBe(false);
      expect([...sidecar.reader.known.values()].flatMap(faultsOf)).toEqual([]);
      expect(sidecar.reader.faults).toEqual([]);
      for (const { taskId } of [kept, began]) await cluster.deletePod(taskId, 0);
    },
  );
});

const NO_FAULTS = HAS_CLUSTER ? (HAS_CONTROL ? '' : ` (${NO_CONTROL})`) : ` (${NO_CLUSTER})`;

describe.skipIf(!HAS_CLUSTER || !HAS_CONTROL)(`while the API server is down${NO_FAULTS}`, () => {
  eachWith(systemClock, false);

  test('reads go on, and what the nodes did is told afterwards', async () => {
    const [kept, ended] = [await running(serving('main')), await running(ending('main', 12, 0))];
    await sidecar.looked();
    const before = known(kept);
    await control('kill', 'apiserver');
    await untilReason(/(^|; )pods: (Nothing answers at|The connection to) /);
    await sidecar.looked();
    expect(known(kept)).toEqual(before);
    await pause(15_000);
    await control('start', 'apiserver');
    await answers(cluster.connection);
    await sidecar.until(ended.arn, { lastStatus: 'STOPPED' });
    expect(pathOf(ended)).toEqual([...UP, 'STOPPED']);
    expect(known(ended).task).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 0, reason: 'Completed' }],
    });
    await untilReason(undefined);
    await cluster.deletePod(kept.taskId);
    await sidecar.until(kept.arn, { lastStatus: 'STOPPED' });
    expect(downOf(kept)).toMatch(ANY_WAY_DOWN);
    expect([...sidecar.reader.known.values()].flatMap(faultsOf)).toEqual([]);
    expect(sidecar.reader.faults).toEqual([]);
  });
});

describe.skipIf(!HAS_CLUSTER || !HAS_CONTROL)(`while the API server is frozen${NO_FAULTS}`, () => {
  eachWith(hurried, false);

  test('the silence is noticed and said, and it goes on when it thaws', async () => {
    const kept = await running(serving('main'));
    await control('stop', 'apiserver');
    try {
      await untilReason(/(^|; )pods: .* has not answered for /);
    } finally {
      await control('cont', 'apiserver');
    }
    await answers(cluster.connection);
    await untilReason(undefined);
    await cluster.deletePod(kept.taskId);
    await sidecar.until(kept.arn, { lastStatus: 'STOPPED' });
    expect(downOf(kept)).toMatch(ANY_WAY_DOWN);
    expect(sidecar.reader.faults).toEqual([]);
  });
});

describe.skipIf(!HAS_CLUSTER || !HAS_CONTROL)(`while a node is lost${NO_FAULTS}`, () => {
  eachWith(systemClock, false);

  test('its task runs on, disconnected, and is connected again when the node is back', async () => {
    const kept = await running(serving('main'));
    const { task: before } = known(kept);
    const kubelet = `kubelet-${/\d+$/.exec(await cluster.nodeOf(kept.taskId))?.[0]}`;
    await control('stop', kubelet);
    try {
      while (known(kept).task['connectivity'] !== 'DISCONNECTED') await pause(500);
      expect(known(kept).task).toMatchObject({
        lastStatus: 'RUNNING',
        desiredStatus: 'RUNNING',
        connectivityAt: before['connectivityAt'],
      });
    } finally {
      await control('cont', kubelet);
    }
    while (known(kept).task['connectivity'] !== 'CONNECTED') await pause(500);
    expect(Number(known(kept).task['connectivityAt'])).toBeGreaterThan(Number(before['connectivityAt']));
    expect(pathOf(kept)).toEqual(UP);
    expect(sidecar.reader.faults).toEqual([]);
    await cluster.deletePod(kept.taskId, 0);
  });
});

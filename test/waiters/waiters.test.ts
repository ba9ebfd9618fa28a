/**
 * The four waiters of the official client, against a sidecar over the embedded cluster: each ends as it is to end, and services-stable never
 * before the cluster itself would say so.
 */
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  waitUntilServicesInactive,
  waitUntilServicesStable,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROFILE_NAMES } from '../../machines/semantics.js';
import { startRig } from './rig.js';
import type { WaiterRig } from './rig.js';

/** In seconds: the client's own delays (15 s, 6 s) made short. */
const SOON = { maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.03 };
/** Dozens of looks, and half a minute of the cluster's time. */
const BRIEFLY = { ...SOON, maxWaitTime: 0.8 };

describe.each(PROFILE_NAMES)('profile %s', (profile) => {
  let rig: WaiterRig;
  beforeAll(async () => {
    rig = await startRig(profile);
  });
  afterAll(() => rig.stop());

  /** The verdict of services-stable, and what the cluster said against it at that moment. */
  async function stable(name: string, times = SOON): Promise<readonly [verdict: string, against: string | undefined]> {
    try {
      const { state } = await waitUntilServicesStable({ client: rig.client, ...times }, { services: [name] });
      return [state, rig.unstable(name)];
    } catch (error) {
      return [error instanceof Error ? error.name : String(error), rig.unstable(name)];
    }
  }

  async function describeService(name: string) {
    const { services } = await rig.client.send(new DescribeServicesCommand({ services: [name] }));
    return services?.[0];
  }

  async function describeTask(id: string) {
    const { tasks } = await rig.client.send(new DescribeTasksCommand({ tasks: [id] }));
    return tasks?.[0];
  }

  test('services-stable: created, scaled up, down and to nothing', async () => {
    const revision = 1;
    await rig.create('scaled', { revision, desiredCount: 2 });
    expect(await stable('scaled')).toEqual(['SUCCESS', undefined]);
    await rig.update('scaled', { revision, desiredCount: 4 });
    expect((await describeService('scaled'))?.desiredCount).toBe(4);
    expect(await stable('scaled')).toEqual(['SUCCESS', undefined]);
    await rig.update('scaled', { revision, desiredCount: 1 });
    expect(await stable('scaled')).toEqual(['SUCCESS', undefined]);
    await rig.update('scaled', { revision, desiredCount: 0 });
    expect(await stable('scaled')).toEqual(['SUCCESS', undefined]);
    expect(await describeService('scaled')).toMatchObject({ status: 'ACTIVE', desiredCount: 0, runningCount: 0 });
    await rig.update('scaled', { revision, desiredCount: 2 });
    expect(await stable('scaled')).toEqual(['SUCCESS', undefined]);
    const { deployments } = (await describeService('scaled')) ?? {};
    expect(deployments?.map(({ rolloutState }) => rolloutState)).toEqual(['COMPLETED']);
  });

  test('services-stable: a rolling update is stable when nothing of the old revision is left in the list', async () => {
    await rig.create('rolled', { revision: 1, desiredCount: 3 });
    expect(await stable('rolled')).toEqual(['SUCCESS', undefined]);
    const before = await describeService('rolled');
    await rig.update('rolled', { revision: 2, desiredCount: 3 });
    const during = await describeService('rolled');
    expect(during?.deployments?.map(({ status }) => status)).toEqual(['PRIMARY', 'ACTIVE']);
    expect(await stable('rolled')).toEqual(['SUCCESS', undefined]);
    const after = await describeService('rolled');
    expect(after?.deployments).toMatchObject([
      { taskDefinition: expect.stringMatching(/\/rolled:2$/), runningCount: 3, status: 'PRIMARY' },
    ]);
    expect(after?.deployments?.[0]?.id).toBe(during?.deployments?.[0]?.id);
    expect(after?.deployments?.[0]?.id).not.toBe(before?.deployments?.[0]?.id);
  });

  test('services-stable: an image that does not exist is never stable, and going back is', async () => {
    await rig.create('stuck', { revision: 1, desiredCount: 2 });
    expect(await stable('stuck')).toEqual(['SUCCESS', undefined]);
    const [good] = (await describeService('stuck'))?.deployments ?? [];
    await rig.update('stuck', { revision: 2, desiredCount: 2, image: 'nosuch/stuck:2' });
    expect((await stable('stuck', BRIEFLY))[0]).toBe('TimeoutError');
    await rig.until('stuck', ({ deployments }) => deployments[0]?.rollout === 'FAILED');
    expect((await stable('stuck', BRIEFLY))[0]).toBe('TimeoutError');
    const [bad] = (await describeService('stuck'))?.deployments ?? [];
    expect(bad).toMatchObject({ rolloutState: 'FAILED', runningCount: 0 });
    await rig.update('stuck', { revision: 1, desiredCount: 2 });
    expect(await stable('stuck')).toEqual(['SUCCESS', undefined]);
    const { deployments } = (await describeService('stuck')) ?? {};
    expect(deployments).toMatchObject([{ taskDefinition: good?.taskDefinition, runningCount: 2 }]);
    expect([good?.id, bad?.id]).not.toContain(deployments?.[0]?.id);
  });

  test('services-stable: a service that never starts is never stable', async () => {
    await rig.create('never', { revision: 1, desiredCount: 1, image: 'nosuch/never:1' });
    expect((await stable('never', BRIEFLY))[0]).toBe('TimeoutError');
  });

  test('services-inactive: a deleted service, and services-stable gives up on it at once', async () => {
    await rig.create('deleted', { revision: 1, desiredCount: 2 });
    expect(await stable('deleted')).toEqual(['SUCCESS', undefined]);
    const waiting = waitUntilServicesInactive({ client: rig.client, ...SOON }, { services: ['deleted'] });
    await rig.remove('deleted');
    expect((await stable('deleted'))[0]).toBe('Error');
    expect(await waiting).toMatchObject({ state: 'SUCCESS' });
    expect(rig.pods('deleted')).toBe(0);
    expect((await stable('deleted'))[0]).toBe('Error');
    expect(await describeService('deleted')).toMatchObject({ status: 'INACTIVE', desiredCount: 0 });
  });

  test('services-inactive: gives up on a service that never was', async () => {
    const waiting = waitUntilServicesInactive({ client: rig.client, ...SOON }, { services: ['unheard-of'] });
    await expect(waiting).rejects.toThrow('MISSING');
  });

  test('tasks-running, and tasks-stopped when it has ended', async () => {
    const id = await rig.run('a1', 'demo/job:1', { exitAfter: 20_000, exitCode: 3 });
    expect(await waitUntilTasksRunning({ client: rig.client, ...SOON }, { tasks: [id] })).toMatchObject({
      state: 'SUCCESS',
    });
    expect((await describeTask(id))?.lastStatus).toBe('RUNNING');
    expect(await waitUntilTasksStopped({ client: rig.client, ...SOON }, { tasks: [id] })).toMatchObject({
      state: 'SUCCESS',
    });
    expect(await describeTask(id)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 3 }],
    });
  });

  test('tasks-stopped: a task that is stopped', async () => {
    const id = await rig.run('a2', 'demo/job:1', { stopTime: 1_000 });
    await waitUntilTasksRunning({ client: rig.client, ...SOON }, { tasks: [id] });
    rig.stopTask(id);
    expect(await waitUntilTasksStopped({ client: rig.client, ...SOON }, { tasks: [id] })).toMatchObject({
      state: 'SUCCESS',
    });
  });

  test('tasks-running: gives up on a task that cannot start as soon as it is STOPPED', async () => {
    const id = await rig.run('a3', 'demo/job:1', { startError: 'no such file or directory' });
    await expect(waitUntilTasksRunning({ client: rig.client, ...SOON }, { tasks: [id] })).rejects.toThrow(/FAILURE/);
    expect(await describeTask(id)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' });
  });
});

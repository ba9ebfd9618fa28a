/**
 * Owns the proof that the sync document's service table, watch strategy, performance considerations and critical sync points are kept: a test
 * for each row, named by it.
 */
import { describe, expect, test } from 'vitest';
import { MAX_SERVICE_EVENTS } from '../../machines/service/service-events.js';
import type { WATCHED_KINDS } from '../../src/system/messages.js';
import { watchOf } from '../../src/kubernetes/kinds/watches.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import type { Write } from '../../src/system/store.port.js';
import { WatchedService, task } from '../support/watched-service.js';

const COMPLETE = { available: true, progress: 'NewReplicaSetAvailable' } as const;

describe('service table', () => {
  test('`runningCount` ← Deployment.Status.ReadyReplicas', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({ total: 3, ready: 2 }));
    expect(web.service).toMatchObject({ runningCount: 2 });
    await web.post(web.deploymentSeen({ total: 3 }));
    expect(web.service).toMatchObject({ runningCount: 0 });
  });

  test('`pendingCount` ← Deployment.Status.Replicas - ReadyReplicas', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({ total: 4, ready: 3 }));
    expect(web.service).toMatchObject({ pendingCount: 1 });
  });

  test('`desiredCount` ← Deployment.Spec.Replicas', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({ replicas: 7 }));
    expect(web.service).toMatchObject({ desiredCount: 7 });
  });

  test('`status` ← Deployment conditions: PENDING until Available, and then ACTIVE whatever comes (S5)', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({ generation: 2, observed: 1, available: true }));
    expect(web.service).toMatchObject({ status: 'PENDING' });
    await web.post(web.deploymentSeen({ generation: 2, available: true }));
    expect(web.service).toMatchObject({ status: 'ACTIVE' });
    await web.post(web.deploymentSeen({ generation: 3, replicas: 0, available: false }));
    expect(web.counts).toEqual(['ACTIVE', 0, 0, 0]);
  });

  test('`deployments[].runningCount`, `.pendingCount` ← ReplicaSet.Status', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({}), web.replicaSetSeen({ of: 1, total: 3, ready: 1 }));
    expect(web.deployments).toEqual([
      { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', counts: [3, 1, 2, 0], revision: 1 },
    ]);
  });

  test('`deployments[].failedTasks` ← tasks of the ReplicaSet that failed before they were first ready, each once', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({}), web.replicaSetSeen({ of: 1, total: 3 }));
    await web.post(web.podSeen('a', 1, 'pullFails'), web.podSeen('b', 1, 'started'), web.podSeen('c', 1, 'ready'));
    expect(web.deployments).toMatchObject([{ counts: [3, 0, 3, 1] }]);
    await web.post(web.podSeen('b', 1, 'crashed'), web.podSeen('c', 1, 'crashed'), web.podSeen('a', 1, 'pullFails'));
    expect(web.deployments).toMatchObject([{ counts: [3, 0, 3, 2] }]);
  });

  test('`deployments[].rolloutState` ← the rollout, believed only for the generation that was observed', async () => {
    const web = await new WatchedService().steady();
    expect(web.deployments).toMatchObject([{ rolloutState: 'COMPLETED' }]);
    // The template changed, and the condition is still that of the rollout before.
    await web.post(web.deploymentSeen({ revision: 2, generation: 2, observed: 1, total: 3, ready: 3, ...COMPLETE }));
    expect(web.deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', revision: 2 },
      { status: 'ACTIVE', rolloutState: 'COMPLETED', revision: 1 },
    ]);
    await web.post(
      web.deploymentSeen({
        revision: 2,
        generation: 2,
        total: 4,
        ready: 3,
        updated: 1,
        progress: 'ProgressDeadlineExceeded',
      }),
    );
    expect(web.deployments).toMatchObject([{ rolloutState: 'FAILED' }, { rolloutState: 'COMPLETED' }]);
    await web.post(web.deploymentSeen({ revision: 2, generation: 2, total: 3, ready: 3, updated: 3, ...COMPLETE }));
    expect(web.deployments).toMatchObject([{ rolloutState: 'COMPLETED' }, { rolloutState: 'COMPLETED' }]);
  });

  test('`events[]` ← our own transitions in ECS’s words, and Kubernetes Events converted, each cause once', async () => {
    const web = await new WatchedService().steady();
    const notice = (at: number) =>
      ({
        kind: 'notice',
        replicaSetUid: 'replicaset-1',
        cause: 'create: quota',
        message: 'was unable to place a task. Reason: quota.',
        at,
      }) as const;
    await web.post(notice(web.clock.now()), notice(web.clock.now() + 60_000));
    const [id] = web.ids;
    expect(web.events).toEqual([
      `(service web) has started 3 tasks: ${task('a')} ${task('b')} ${task('c')}.`,
      `(service web) (deployment ${String(id)}) deployment completed.`,
      '(service web) has reached a steady state.',
      '(service web) was unable to place a task. Reason: quota.',
    ]);
  });

  test('static fields: serviceArn, serviceName, clusterArn, taskDefinition, launchType, createdAt', async () => {
    const web = await new WatchedService().steady();
    expect(web.service).toMatchObject({
      serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
      serviceName: 'web',
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      launchType: 'EC2',
      createdAt: Date.UTC(2026, 0, 1) / 1000,
      schedulingStrategy: 'REPLICA',
    });
  });
});

describe('watch strategy', () => {
  const open = (kind: (typeof WATCHED_KINDS)[number]) => {
    const web = new WatchedService();
    const parts = {
      known: web.system,
      intake: web.system,
      clock: web.clock,
      defaults: { region: 'r', accountId: 'a' },
    };
    return watchOf(
      { kind },
      parts,
    )(({ path, labelSelector, fieldSelector }) => ({ path, labelSelector, fieldSelector }));
  };

  test('service controller: Deployments in all namespaces with a label selector', () => {
    expect(open('deployments')).toEqual({
      path: '/apis/apps/v1/deployments',
      labelSelector: 'kecs.dev/managed-by=kecs',
    });
    expect(open('taskset-deployments')).toEqual({
      path: '/apis/apps/v1/deployments',
      labelSelector: 'kecs.io/role=taskset',
    });
  });

  test('service controller: ReplicaSets owned by tracked Deployments; one that lost its owner no longer counts', async () => {
    expect(open('replicasets')).toEqual({
      path: '/apis/apps/v1/replicasets',
      labelSelector: 'kecs.dev/managed-by=kecs',
    });
    const web = await new WatchedService().steady();
    await web.post(web.replicaSetSeen({ of: 1, total: 3, ready: 3, owned: false }));
    expect(web.deployments).toMatchObject([{ counts: [3, 0, 0, 0] }]);
  });

  test('service controller: counts are aggregated from ReplicaSet status, not from pods', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({}), web.replicaSetSeen({ of: 1, total: 3, ready: 3 }));
    await web.post(web.podSeen('a', 1, 'creating'));
    expect(web.deployments).toMatchObject([{ counts: [3, 3, 0, 0] }]);
  });

  test('service controller: updates are buffered; a turn writes the service once', async () => {
    const commits: number[] = [];
    class Watched extends MemoryStore {
      override async commit(writes: readonly Write[]): Promise<void> {
        commits.push(writes.filter(({ table }) => table === 'services').length);
        await super.commit(writes);
      }
    }
    const web = new WatchedService(new Watched());
    const pods = Array.from({ length: 100 }, (_, index) => web.podSeen(`p${index}`, 1, 'creating'));
    await web.post(web.deploymentSeen({ replicas: 100 }), web.replicaSetSeen({ of: 1, desired: 100 }), ...pods);
    expect(
      Object.keys(web.system.service('arn:aws:ecs:us-east-1:000000000000:service/default/web')?.context.tasks ?? {}),
    ).toHaveLength(100);
    expect(Math.max(...commits)).toBe(1);
    expect(commits.length).toBeLessThan(100);
  });

  test('task controller: one label-selected watch a kind instead of one a pod', () => {
    expect(open('pods')).toEqual({ path: '/api/v1/pods', labelSelector: 'kecs.dev/managed-by=kecs' });
    expect(open('taskset-pods')).toEqual({ path: '/api/v1/pods', labelSelector: 'kecs.io/role=taskset-pod' });
  });

  test('event aggregation: Events with field selectors for tracked resources', () => {
    expect(open('events')).toEqual({ path: '/api/v1/events', fieldSelector: 'involvedObject.kind=Pod' });
    expect(open('replicaset-events')).toEqual({
      path: '/api/v1/events',
      fieldSelector: 'involvedObject.kind=ReplicaSet',
    });
  });

  test('event aggregation: deduplicated and limited: a cause is told once in six hours, unless it was resolved; the latest 100 stay', async () => {
    const web = await new WatchedService().steady();
    const hour = 3_600_000;
    const notice = (hours: number, cause = 'quota') =>
      ({
        kind: 'notice',
        replicaSetUid: 'replicaset-1',
        cause,
        message: `says ${cause}.`,
        at: web.clock.now() + hours * hour,
      }) as const;
    const before = web.events.length;
    await web.post(notice(0), notice(5.9), notice(6));
    expect(web.events.length - before).toBe(2);
    for (let index = 0; index < 120; index += 1) await web.post(notice(7, `cause ${index}`));
    expect(web.events).toHaveLength(MAX_SERVICE_EVENTS);
    expect(web.events.at(-1)).toBe('(service web) says cause 119.');
  });
});

describe('critical sync points', () => {
  test('1 service creation: PENDING, then ACTIVE when the Deployment is ready', async () => {
    const web = new WatchedService();
    await web.post(web.deploymentSeen({ observed: 0 }));
    expect(web.counts).toEqual(['PENDING', 3, 0, 0]);
    await web.post(web.deploymentSeen({ total: 3, ready: 3, ...COMPLETE }));
    expect(web.counts).toEqual(['ACTIVE', 3, 3, 0]);
  });

  test('2 service update: the rollout is tracked from the change of the template to the last old task', async () => {
    const web = await new WatchedService().steady();
    const [first] = web.ids;
    await web.post(web.deploymentSeen({ revision: 2, generation: 2, observed: 1, total: 3, ready: 3, ...COMPLETE }));
    const [second] = web.ids;
    await web.post(
      web.replicaSetSeen({ of: 2, desired: 1, total: 1 }),
      web.podSeen('d', 2, 'creating', 10),
      web.podSeen('d', 2, 'ready', 10),
      web.replicaSetSeen({ of: 2, desired: 3, total: 3, ready: 3 }),
      web.replicaSetSeen({ of: 1, desired: 0, total: 1, ready: 1 }),
    );
    expect(web.ids).toEqual([second, first]);
    await web.post(
      web.replicaSetSeen({ of: 1, desired: 0, total: 0 }),
      web.deploymentSeen({ revision: 2, generation: 2, total: 3, ready: 3, ...COMPLETE }),
    );
    expect(web.deployments).toEqual([
      { status: 'PRIMARY', rolloutState: 'COMPLETED', counts: [3, 3, 0, 0], revision: 2 },
    ]);
    expect(web.ids).toEqual([second]);
    expect(web.task('d')).toMatchObject({ startedBy: second, group: 'service:web', lastStatus: 'RUNNING' });
    expect(web.task('a')).toMatchObject({ startedBy: first });
  });

  test('5 health checks: a task that turns unhealthy is told of', async () => {
    const web = await new WatchedService().steady();
    await web.post(web.podSeen('a', 1, 'unready'));
    expect(web.task('a')).toMatchObject({ healthStatus: 'UNHEALTHY', lastStatus: 'RUNNING' });
    expect(web.events.at(-1)).toBe(`(service web) ${task('a')} failed container health checks.`);
  });
});

describe('a service and its tasks', () => {
  test('scale-in: the tasks that go are the scheduler’s, by the deployment that they belong to', async () => {
    const web = await new WatchedService().steady();
    const [id] = web.ids;
    await web.post(
      web.deploymentSeen({ replicas: 1, generation: 2, total: 3, ready: 3, ...COMPLETE }),
      web.podSeen('b', 1, 'terminating'),
      web.podSeen('c', 1, 'terminating'),
    );
    await web.told();
    expect(web.task('b')).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: `Scaling activity initiated by (deployment ${String(id)})`,
    });
    expect(web.events.at(-1)).toBe(`(service web) has stopped 2 running tasks: ${task('b')} ${task('c')}.`);
  });

  test('S3: back to an old task definition is a new rollout with a new id, and its new tasks are its own', async () => {
    const web = await new WatchedService().steady();
    const [first] = web.ids;
    await web.post(
      web.deploymentSeen({ revision: 2, generation: 2, total: 4, ready: 3, updated: 1 }),
      web.replicaSetSeen({ of: 2, desired: 1, total: 1 }),
    );
    const [second] = web.ids;
    web.clock.advance(20_000);
    await web.post(web.deploymentSeen({ revision: 1, generation: 3, observed: 2, total: 4, ready: 3, updated: 1 }));
    const [third] = web.ids;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(web.deployments).toMatchObject([
      { counts: [3, 0, 0, 0] },
      { status: 'ACTIVE' },
      { status: 'ACTIVE', counts: [3, 3, 0, 0] },
    ]);
    // Kubernetes takes the old ReplicaSet again, under a new revision.
    await web.post(web.replicaSetSeen({ of: 1, revision: 3, total: 3, ready: 3 }), web.podSeen('e', 1, 'creating', 21));
    expect(web.ids).toEqual([third, second]);
    expect(web.deployments).toMatchObject([{ counts: [3, 3, 0, 0] }, { status: 'ACTIVE' }]);
    expect(web.task('e')).toMatchObject({ startedBy: third });
    expect(web.task('a')).toMatchObject({ startedBy: first });
  });

  test('a task is known before its ReplicaSet: it is given its deployment when that is known', async () => {
    const web = new WatchedService();
    await web.post(web.podSeen('a', 1, 'creating'));
    expect(web.service).toBeUndefined();
    expect(web.task('a')).not.toHaveProperty('startedBy');
    await web.post(web.replicaSetSeen({ of: 1, total: 1 }));
    expect(web.service).toBeUndefined();
    await web.post(web.deploymentSeen({}));
    expect(web.task('a')).toMatchObject({ startedBy: web.ids[0], version: 2 });
  });

  test('what a service is, its own object says, whichever object was seen first', async () => {
    const web = new WatchedService();
    await web.post(web.podSeen('a', 1, 'creating'));
    const seen = web.deploymentSeen({});
    if (seen.kind !== 'deployment') throw new Error('a Deployment was asked for');
    await web.post({ ...seen, identity: { ...seen.identity, launchType: 'FARGATE', schedulingStrategy: 'DAEMON' } });
    expect(web.service).toMatchObject({ launchType: 'FARGATE', schedulingStrategy: 'DAEMON' });
  });

  test('rollover: a rollout that never got a ReplicaSet leaves when the next one has its own', async () => {
    const web = await new WatchedService().steady();
    await web.post(web.deploymentSeen({ revision: 2, generation: 2, observed: 1, total: 3, ready: 3 }));
    await web.post(web.deploymentSeen({ revision: 3, generation: 3, observed: 1, total: 3, ready: 3 }));
    expect(web.deployments.map(({ revision }) => revision)).toEqual([3, 2, 1]);
    await web.post(web.replicaSetSeen({ of: 3, revision: 2, desired: 1, total: 1 }));
    expect(web.deployments.map(({ revision }) => revision)).toEqual([3, 1]);
  });

  test('a Deployment that exists already, in the middle of a rollout: the older ReplicaSet is a deployment too', async () => {
    const web = new WatchedService();
    await web.post(
      web.replicaSetSeen({ of: 1, desired: 2, total: 2, ready: 2 }),
      web.deploymentSeen({
        revision: 2,
        generation: 5,
        total: 4,
        ready: 3,
        updated: 2,
        progress: 'ReplicaSetUpdated',
        available: true,
      }),
      web.replicaSetSeen({ of: 2, desired: 2, total: 2, ready: 1 }),
    );
    expect(web.deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', counts: [3, 1, 1, 0], revision: 2 },
      { status: 'ACTIVE', counts: [2, 2, 0, 0], revision: 1 },
    ]);
  });

  test('S6: deleted, DRAINING until the last task is STOPPED, then INACTIVE and still described', async () => {
    const web = await new WatchedService().steady();
    await web.post(
      web.deploymentSeen({ total: 3, ready: 3 }, 'deleted'),
      web.replicaSetSeen({ of: 1, total: 3, ready: 3 }, 'deleted'),
    );
    expect(web.counts).toEqual(['DRAINING', 3, 0, 0]);
    for (const name of ['a', 'b']) await web.post(web.podSeen(name, 1, 'terminating', 1, 'deleted'));
    expect(web.counts).toEqual(['DRAINING', 3, 0, 0]);
    await web.post(web.podSeen('c', 1, 'terminating', 1, 'deleted'));
    expect(web.counts).toEqual(['INACTIVE', 0, 0, 0]);
    expect(web.deployments).toEqual([]);
  });

  test('a namespace that vanishes, found by lists alone, leaves an INACTIVE service', async () => {
    const web = await new WatchedService().steady();
    const listed = (kind: (typeof WATCHED_KINDS)[number]) =>
      ({
        kind: 'listed',
        scope: { kind },
        uids: new Set<string>(),
        resourceVersion: '9',
        at: web.clock.now(),
      }) as const;
    await web.post(listed('deployments'), listed('replicasets'), listed('pods'));
    expect(web.counts).toEqual(['INACTIVE', 0, 0, 0]);
  });

  test('a service made again under its name is a new one, with new ids', async () => {
    const web = await new WatchedService().steady();
    const [first] = web.ids;
    await web.post(web.deploymentSeen({}, 'deleted'));
    for (const name of ['a', 'b', 'c']) await web.post(web.podSeen(name, 1, 'terminating', 1, 'deleted'));
    await web.post(web.deploymentSeen({ replicas: 1, created: 90 }));
    expect(web.counts).toEqual(['PENDING', 1, 0, 0]);
    expect(web.events).toEqual([]);
    expect(web.ids).not.toContain(first);
  });

  test('restart in the middle of a rollout: same ids, same events, nothing twice', async () => {
    const web = await new WatchedService().steady();
    await web.post(
      web.deploymentSeen({ revision: 2, generation: 2, total: 4, ready: 3, updated: 1 }),
      web.replicaSetSeen({ of: 2, desired: 1, total: 1 }),
      web.podSeen('d', 2, 'creating', 10),
    );
    const { ids, events, deployments } = web;
    await web.restart();
    expect({ ids: web.ids, events: web.events, deployments: web.deployments }).toEqual({ ids, events, deployments });
    // A relist tells everything again.
    await web.post(
      web.deploymentSeen({ revision: 2, generation: 2, total: 4, ready: 3, updated: 1 }),
      web.replicaSetSeen({ of: 1, total: 3, ready: 3 }),
      web.replicaSetSeen({ of: 2, desired: 1, total: 1 }),
      web.podSeen('d', 2, 'creating', 10),
    );
    expect({ ids: web.ids, events: web.events, deployments: web.deployments }).toEqual({ ids, events, deployments });
    await web.told();
    expect(web.events).toEqual([...events, `(service web) has started 1 tasks: ${task('d')}.`]);
  });
});

/**
 * Which deployment has which ReplicaSet, and which task: on the way forward, on the way back, when a rollout begins before the last one is
 * over, and when things are seen late, given away or lost.
 */
import { describe, expect, it } from 'vitest';
import { deploymentOfTask } from '../../../machines/service/react.js';
import { after } from '../task/messages.js';
import {
  FAILED,
  LEAVING,
  RUNNING,
  STEADY,
  UNSEEN,
  all,
  complete,
  deployment,
  deploymentGone,
  replicaSet,
  replicaSetGone,
  task,
  taskIdOf,
} from './messages.js';
import { RunningService } from './running-service.js';

const steady = () => new RunningService().send(...STEADY);
/** From v1 to v2, of which one replica is there. */
const rolling = () =>
  steady().send(
    deployment(20, { of: 2, total: 3, ready: 3, updated: 0, available: true, ...UNSEEN }),
    replicaSet(21, { of: 2, desired: 1, total: 1 }),
    deployment(22, { of: 2, total: 4, ready: 3, updated: 1, available: true, progress: 'ReplicaSetUpdated' }),
  );
/** The Deployment back at v1: its third generation. */
const back = (seconds: number, look: Parameters<typeof deployment>[1]) =>
  deployment(seconds, { of: 1, generation: 3, available: true, total: 4, ready: 3, ...look });

describe('rollback: Kubernetes takes the old ReplicaSet again, under a new revision', () => {
  it('it stays the old rollout’s until it has the new revision; then the old rollout leaves', () => {
    const service = rolling();
    const [second, first] = service.ids;
    service.send(back(30, { updated: 1, observedGeneration: 2 }));
    const [third] = service.ids;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(service.list).toEqual([
      'PRIMARY IN_PROGRESS v1 0/3',
      'ACTIVE IN_PROGRESS v2 0/1',
      'ACTIVE COMPLETED v1 3/3',
    ]);
    service.send(replicaSet(31, { ...all(3), revision: 3 }));
    expect(service.ids).toEqual([third, second]);
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 3/3', 'ACTIVE IN_PROGRESS v2 0/1']);
    service.send(replicaSet(32, { of: 2, ...all(0) }), back(33, { ...complete(), observedGeneration: 3 }));
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 3/3']);
  });

  it('the old tasks keep the deployment that started them, the new ones are the new one’s', () => {
    const service = rolling();
    const first = service.ids[1];
    service.send(
      back(30, { updated: 1, observedGeneration: 2 }),
      replicaSet(31, { ...all(3), revision: 3 }),
      task(32, 'a', LEAVING),
      task(33, 'd', { created: 32 }),
    );
    const { tasks } = service.now.context;
    expect([tasks[taskIdOf('a')]?.deployment, tasks[taskIdOf('d')]?.deployment]).toEqual([first, service.ids[0]]);
  });

  it('a task that is seen before the new revision is the new rollout’s, if it was made since that began', () => {
    const service = rolling().send(back(30, { updated: 1, observedGeneration: 2 }));
    const [third, , first] = service.ids;
    const of = (created: number) =>
      deploymentOfTask(service.now.context, { replicaSetUid: 'replicaset-1', createdAt: after(created) });
    expect([of(31), of(29)]).toEqual([third, first]);
    // Kubernetes stamps whole seconds: it may have been made within the second in which the rollout began.
    const { context } = service.now;
    const made = (createdAt: number) => deploymentOfTask(context, { replicaSetUid: 'replicaset-1', createdAt });
    expect([made(after(30) - 999), made(after(30) - 1000)]).toEqual([third, first]);
    expect(deploymentOfTask(context, { replicaSetUid: 'replicaset-9', createdAt: after(31) })).toBeUndefined();
  });

  it('changed and changed back before the controller looked: the ReplicaSet keeps its revision, and is the new rollout’s', () => {
    const service = steady();
    const [first] = service.ids;
    service.send(
      deployment(20, { of: 2, ...complete(), observedGeneration: 1 }),
      back(21, { ...complete(), observedGeneration: 1 }),
    );
    expect(service.list).toEqual([
      'PRIMARY IN_PROGRESS v1 0/3',
      'ACTIVE IN_PROGRESS v2 0/0',
      'ACTIVE COMPLETED v1 3/3',
    ]);
    service.send(back(22, { ...complete(), observedGeneration: 3 }));
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 3/3']);
    expect(service.ids).not.toContain(first);
    expect(service.lines.slice(-2)).toEqual([
      `(deployment ${service.ids[0]}) deployment completed.`,
      'has reached a steady state.',
    ]);
  });

  it('the revision that a ReplicaSet gets later is the one that counts', () => {
    const service = rolling().send(back(30, complete()));
    const revisions = () => service.now.context.deployments.map(({ revision }) => revision);
    // Seen by the controller: the ReplicaSet of this template is its, though what is known of it is old.
    expect([service.list[0], revisions()[0]]).toEqual(['PRIMARY COMPLETED v1 3/3', 1]);
    service.send(replicaSet(31, { ...all(3), revision: 3 }));
    expect(revisions()[0]).toBe(3);
    service.send(deployment(40, { of: 2, generation: 4, observedGeneration: 3 }));
    expect(service.now.context.deployments[0]).toMatchObject({ template: 'v2', afterRevision: 3 });
  });
});

describe('rollover: a new rollout begins before the last one is over', () => {
  it('one that never got a ReplicaSet leaves when the next has its own', () => {
    const service = steady().send(deployment(20, { of: 2, ...UNSEEN }), deployment(21, { of: 3, ...UNSEEN }));
    expect(service.list.map((line) => line.split(' ')[2])).toEqual(['v3', 'v2', 'v1']);
    service.send(replicaSet(22, { of: 3, revision: 2, desired: 1, total: 1 }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v3 0/3', 'ACTIVE COMPLETED v1 3/3']);
  });

  it('one that got its ReplicaSet stays until that is empty', () => {
    const service = rolling().send(
      deployment(30, { of: 3, ...UNSEEN }),
      replicaSet(31, { of: 3, desired: 1, total: 1 }),
    );
    expect(service.list).toEqual([
      'PRIMARY IN_PROGRESS v3 0/3',
      'ACTIVE IN_PROGRESS v2 0/1',
      'ACTIVE COMPLETED v1 3/3',
    ]);
    service.send(replicaSet(32, { of: 2, ...all(0) }), replicaSet(33, { desired: 0, total: 1 }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v3 0/3', 'ACTIVE COMPLETED v1 0/0']);
  });
});

describe('adoption: a rollout that began before anyone looked', () => {
  it('a ReplicaSet that is older than the PRIMARY’s and still has replicas is a deployment too, the newest first', () => {
    const service = new RunningService().send(
      replicaSet(0, { ...all(1) }),
      replicaSet(0, { of: 2, desired: 0, total: 2, ready: 1 }),
      replicaSet(0, { of: 3, desired: 2, total: 2 }),
      deployment(1, { of: 3, generation: 9, total: 5, ready: 2, updated: 2 }),
    );
    expect(service.list).toEqual([
      'PRIMARY IN_PROGRESS v3 0/3',
      'ACTIVE IN_PROGRESS v2 1/0',
      'ACTIVE IN_PROGRESS v1 1/1',
    ]);
    expect(service.now.deployments.map(({ context: { taskDefinitionArn = '' } }) => taskDefinitionArn.at(-1))).toEqual([
      '3',
      '2',
      '1',
    ]);
    service.send(replicaSet(2, { of: 2, ...all(0) }), replicaSetGone(3, 1));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v3 0/3']);
  });

  it('one that is kept for history alone is none', () => {
    const service = new RunningService().send(
      replicaSet(0, { ...all(0) }),
      replicaSet(0, { of: 2, ...all(3) }),
      deployment(1, { of: 2, ...complete() }),
    );
    expect(service.list).toEqual(['PRIMARY COMPLETED v2 3/3']);
  });

  it('one of the PRIMARY’s own revision is no older rollout', () => {
    const service = new RunningService().send(
      replicaSet(0, { of: 2, ...all(3) }),
      replicaSet(0, { of: 1, revision: 2, ...all(1) }),
      deployment(1, { of: 2, ...complete() }),
    );
    expect(service.list).toEqual(['PRIMARY COMPLETED v2 3/3']);
  });

  it('nothing is adopted before the PRIMARY’s own is known: it may be the PRIMARY’s, or newer than what is known of the Deployment', () => {
    const service = new RunningService().send(
      deployment(0, { of: 1, ...complete() }),
      replicaSet(1, { of: 2, desired: 1, total: 1 }),
    );
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 0/3']);
    expect(service.send(replicaSet(2, all(3))).list).toEqual(['PRIMARY COMPLETED v1 3/3']);
    service.send(deployment(3, { of: 2, ...UNSEEN }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 0/3', 'ACTIVE COMPLETED v1 3/3']);
  });
});

describe('orphan and lost', () => {
  it('a ReplicaSet that is given away counts no more, and is the PRIMARY’s again when it is taken back', () => {
    const service = steady().send(replicaSet(20, { ...all(3), owned: false }));
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 0/3']);
    expect(service.send(replicaSet(21, { ...all(2) })).list).toEqual(['PRIMARY COMPLETED v1 2/3']);
  });

  it('an orphan is nobody’s, however well its template and revision fit', () => {
    const service = new RunningService().send(replicaSet(0, { ...all(3), owned: false }), deployment(1, complete()));
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 0/3']);
    expect(service.send(task(2, 'a')).now.context.tasks[taskIdOf('a')]?.deployment).toBe(service.ids[0]);
  });

  it('the PRIMARY’s ReplicaSet is deleted by hand: the next one of its template is its, though revisions begin anew', () => {
    const service = rolling().send(replicaSet(23, all(0)), replicaSet(24, { of: 2, ...all(3) }));
    service.send(replicaSetGone(25, 1), replicaSetGone(26, 2));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 0/3']);
    service.send(replicaSet(27, { of: 2, revision: 1, desired: 3, total: 3, ready: 1 }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 1/3']);
  });

  it('a ReplicaSet that nobody knew is gone: no news', () => {
    const service = steady();
    const { snapshot } = service;
    expect(service.send(replicaSetGone(20, 7)).snapshot).toBe(snapshot);
  });
});

describe('tasks that are seen before their deployment', () => {
  it('are given it, in one go, when their ReplicaSet is', () => {
    const service = new RunningService().send(task(0, 'a'), task(0, 'b', RUNNING), task(0, 'c', { of: 2 }));
    expect(service.emitted).toEqual([]);
    service.send(deployment(1), replicaSet(2, { total: 2 }));
    expect(service.emitted).toEqual(
      ['a', 'b'].map((name) => ({ type: 'taskAssigned', taskId: taskIdOf(name), startedBy: service.ids[0] })),
    );
  });

  it('a failure that was seen then is counted once it is known whose (row 13)', () => {
    const service = new RunningService().send(
      task(0, 'a', { failed: true }),
      task(0, 'b', { failed: true }),
      task(0, 'c'),
    );
    service.send(deployment(1), replicaSet(2, { total: 3 }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 2 failed']);
    // And not again when the task ends, or is told of in any other way.
    service.send(task(3, 'a', { failed: true, lastStatus: 'ACTIVATING' }), task(4, 'b', FAILED));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 2 failed']);
  });

  it('a failure is counted when the task itself tells next, if that is how its deployment is known', () => {
    const service = rolling().send(replicaSet(23, all(0)));
    // Of the old ReplicaSet, which the way back will take: nobody’s until the way back begins.
    service.send(task(29, 'd', { failed: true, created: 31 }), back(30, { updated: 1, observedGeneration: 2 }));
    expect(service.list[0]).toBe('PRIMARY IN_PROGRESS v1 0/3');
    service.send(task(31, 'd', { failed: true, created: 31, lastStatus: 'ACTIVATING' }));
    expect(service.list[0]).toBe('PRIMARY IN_PROGRESS v1 0/3, 1 failed');
  });

  it('a service of which only tasks are seen is not born', () => {
    const { context, status } = new RunningService().send(task(0, 'a'), replicaSet(1)).now;
    expect([status, context.born, context.deployments]).toEqual(['PENDING', undefined, []]);
  });
});

describe('failedTasks counts each task of the deployment once (row 13)', () => {
  it('however often it is told of, and whatever it does later', () => {
    const service = new RunningService().send(deployment(0), replicaSet(1, { total: 2 }), task(2, 'a'));
    service.send(
      task(3, 'a', { failed: true }),
      task(4, 'a', { failed: true, unhealthy: true }),
      task(5, 'a', RUNNING),
    );
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 1 failed']);
    service.send(task(6, 'a', { failed: true }), task(7, 'b', { failed: true }), task(8, 'b', FAILED));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 2 failed']);
  });

  it('a task that has already ended when it is first seen counts if it failed; else it is no news', () => {
    const service = new RunningService().send(deployment(0), replicaSet(1), task(2, 'a', FAILED));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 1 failed']);
    const { snapshot } = service;
    expect(service.send(task(3, 'b', { ...FAILED, failed: false })).snapshot).toBe(snapshot);
  });

  it('a Deployment that is gone leaves what was counted', () => {
    const service = new RunningService().send(deployment(0), replicaSet(1), task(2, 'a', { failed: true }));
    expect(service.send(deploymentGone(3)).list).toEqual(['PRIMARY IN_PROGRESS v1 0/3, 1 failed']);
  });
});

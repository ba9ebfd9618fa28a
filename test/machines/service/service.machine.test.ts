/**
 * The service machine: the paths through it in a numbered table, then its invariants S1 to S6, then what keeps it cheap.
 * service.graph.test.ts closes the graph; service.properties.test.ts holds the invariants under any messages;
 * binding.test.ts says which deployment has which ReplicaSet, service-events.test.ts what is told.
 */
import { describe, expect, it } from 'vitest';
import { serviceMachine } from '../../../machines/service/service.machine.js';
import type { ServiceMessage, ServiceStatus } from '../../../machines/service/service.types.js';
import { arrowsOf } from '../arrows.js';
import { after } from '../task/messages.js';
import {
  FAILED,
  GONE,
  LEAVING,
  RUNNING,
  STEADY,
  UNSEEN,
  all,
  batchDue,
  complete,
  deployment,
  deploymentGone,
  noticed,
  replicaSet,
  replicaSetGone,
  task,
  taskIdOf,
  taskSet,
  taskSetGone,
} from './messages.js';
import { PATHS } from './paths.js';
import { RunningService } from './running-service.js';

const steady = () => new RunningService().send(...STEADY);

/** The statuses that a service goes through, each once. */
function walk(service: RunningService, messages: readonly ServiceMessage[]): readonly ServiceStatus[] {
  const statuses: ServiceStatus[] = [];
  for (const message of messages) {
    const { status } = service.send(message);
    if (statuses.at(-1) !== status) statuses.push(status);
  }
  return statuses;
}

const NAMED = PATHS.map((path) => [`${path.number}. ${path.name}`, path] as const);

describe('paths', () => {
  it.each(NAMED)('%s', (_, { identity, messages, statuses, list }) => {
    const service = new RunningService(identity);
    expect(walk(service, messages).join(' ')).toBe(statuses);
    expect(service.list).toEqual(list);
  });

  it('take every arrow of the chart', () => {
    const taken = PATHS.flatMap(({ identity, messages }) => [...new RunningService(identity).send(...messages).arrows]);
    expect([...new Set(taken)].toSorted()).toEqual(arrowsOf(serviceMachine).toSorted());
  });
});

describe('S1 while ACTIVE exactly one PRIMARY, and it is deployments[0]', () => {
  it('from the very look that brings a new template, before anything of it exists', () => {
    const service = steady();
    const [first] = service.ids;
    service.send(deployment(20, { of: 2, ...complete(), ...UNSEEN }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 0/3', 'ACTIVE COMPLETED v1 3/3']);
    expect(service.ids[1]).toBe(first);
  });

  it('the others stand newest first', () => {
    const service = steady().send(
      deployment(20, { of: 2, ...UNSEEN }),
      replicaSet(21, { of: 2, total: 1 }),
      deployment(30, { of: 3, ...UNSEEN }),
    );
    expect(service.list).toEqual([
      'PRIMARY IN_PROGRESS v3 0/3',
      'ACTIVE IN_PROGRESS v2 0/3',
      'ACTIVE COMPLETED v1 3/3',
    ]);
  });

  it('begins with the service, and the first rollout is as old as its Deployment', () => {
    const service = new RunningService().send(deployment(500, UNSEEN));
    expect(service.now.context.born).toBe(after(0));
    expect(service.now.deployments).toMatchObject([{ role: 'PRIMARY', context: { createdAt: after(0) } }]);
  });
});

describe('S2 a deployment with no tasks left and no longer PRIMARY leaves the list', () => {
  const replaced = () => steady().send(deployment(20, { of: 2, ...UNSEEN }), replicaSet(21, { of: 2, ...all(3) }));

  it('when its ReplicaSet wants none and has none', () => {
    const service = replaced();
    expect(service.send(replicaSet(22, { desired: 0, total: 1 })).list).toHaveLength(2);
    expect(service.send(replicaSet(23, all(0))).list).toEqual(['PRIMARY IN_PROGRESS v2 3/3']);
  });

  it('when its ReplicaSet is gone, or is given away', () => {
    expect(replaced().send(replicaSetGone(22)).list).toEqual(['PRIMARY IN_PROGRESS v2 3/3']);
    const givenAway = replicaSet(22, { ...all(3), owned: false });
    expect(replaced().send(givenAway).list).toEqual(['PRIMARY IN_PROGRESS v2 3/3']);
  });

  it('at once when its ReplicaSet was empty before it was superseded', () => {
    const service = steady().send(deployment(20, complete(0)), replicaSet(21, all(0)));
    expect(service.send(deployment(22, { of: 2, ...UNSEEN, desired: 0 })).list).toEqual(['PRIMARY IN_PROGRESS v2 0/0']);
  });

  it('and so does one whose ReplicaSet was gone before it was superseded, when the next has its own', () => {
    const service = steady().send(replicaSetGone(20), deployment(21, { of: 2, ...UNSEEN }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 0/3', 'ACTIVE COMPLETED v1 0/0']);
    expect(service.send(replicaSet(22, { of: 2, total: 1 })).list).toEqual(['PRIMARY IN_PROGRESS v2 0/3']);
  });

  it('a PRIMARY stays, with no tasks or no ReplicaSet', () => {
    expect(steady().send(deployment(20, complete(0)), replicaSet(21, all(0))).list).toEqual([
      'PRIMARY COMPLETED v1 0/0',
    ]);
    expect(steady().send(replicaSetGone(20)).list).toEqual(['PRIMARY COMPLETED v1 0/3']);
  });

  it('its tasks that are still going down hold nobody up, and their failures reach nobody', () => {
    const service = replaced().send(task(22, 'a', LEAVING), replicaSet(23, all(0)));
    service.send(task(24, 'a', { ...GONE, failed: true, stopCode: 'EssentialContainerExited' }));
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v2 3/3']);
    expect(Object.keys(service.now.context.tasks)).toEqual(['b', 'c'].map(taskIdOf));
  });

  it('what has left is remembered, newest first, the latest twenty', () => {
    const service = new RunningService().send(deployment(0, { ...complete(0) }));
    for (let index = 1; index <= 22; index += 1) {
      const of = 1 + (index % 2);
      service.send(
        deployment(index * 10, { ...complete(0), of, generation: index + 1 }),
        replicaSet(index * 10 + 1, { of, revision: index + 1, ...all(0) }),
      );
    }
    const { past, count } = service.now.context.rollouts;
    expect([count, past.length, service.list]).toEqual([23, 20, ['PRIMARY COMPLETED v1 0/0']]);
    expect(past[0]).toEqual({
      id: past[0]?.id,
      createdAt: after(210),
      endedAt: after(220),
      rolloutState: 'COMPLETED',
      finishedAt: after(210),
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:2',
    });
    expect(new Set([...past.map(({ id }) => id), ...service.ids]).size).toBe(21);
  });
});

describe('S3 deployment ids are unique a rollout, stable across restarts, and the startedBy of its tasks', () => {
  const FIRST = 'ecs-svc/7454580046211504465';

  it('the id of the first rollout of this seed and birth is this one, on every machine', () => {
    expect(steady().ids).toEqual([FIRST]);
    expect(steady().restarted().ids).toEqual([FIRST]);
  });

  it('each task is told once which deployment started it, and keeps it', () => {
    const service = steady();
    const [first] = service.ids;
    service.send(
      deployment(20, { of: 2, ...UNSEEN }),
      replicaSet(21, { of: 2, total: 1 }),
      task(22, 'd', { of: 2, created: 21 }),
    );
    const [second] = service.ids;
    service.send(task(23, 'a', LEAVING), task(24, 'd', { of: 2, created: 21, ...RUNNING }), replicaSet(25, all(0)));
    expect(service.emitted).toEqual([
      { type: 'taskAssigned', taskId: taskIdOf('a'), startedBy: first },
      { type: 'taskAssigned', taskId: taskIdOf('b'), startedBy: first },
      { type: 'taskAssigned', taskId: taskIdOf('c'), startedBy: first },
      { type: 'taskAssigned', taskId: taskIdOf('d'), startedBy: second },
    ]);
    expect(service.now.context.tasks[taskIdOf('a')]?.deployment).toBe(first);
  });

  it('a restart between any two messages of any path changes nothing', () => {
    for (const { identity, messages } of PATHS) {
      const uninterrupted = new RunningService(identity);
      let restarted = new RunningService(identity);
      for (const message of messages) {
        restarted = restarted.restarted().send(message);
        expect(restarted.now).toEqual(uninterrupted.send(message).now);
      }
    }
  });
});

describe('S4 the events ring holds the latest 100, newest first, ids stable', () => {
  it('numbers rise by one, and stay when older lines fall out', () => {
    const service = steady();
    for (let index = 0; index < 120; index += 1) service.send(noticed(20 + index, `cause ${index}`));
    const { ring, last } = service.now.context.events;
    expect(last).toBe(123);
    expect(ring.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, index) => 123 - index));
    expect(ring[0]).toEqual({ number: 123, at: after(139), message: '(service web) says cause 119.' });
    expect(ring.at(-1)).toEqual({ number: 24, at: after(40), message: '(service web) says cause 20.' });
    expect(service.restarted().now.context.events.ring).toEqual(ring);
  });

  it('the birth, from which ids are made, is written once: a Deployment that was replaced unseen does not change it', () => {
    const service = steady().send(deployment(40, { uid: 'another', createdAt: after(39), ...complete() }));
    expect([service.now.context.born, service.list]).toEqual([after(0), ['PRIMARY COMPLETED v1 3/3']]);
  });
});

describe('S5 a service scaled to 0 stays ACTIVE', () => {
  it('with its PRIMARY, and reaches its steady state', () => {
    const service = steady().send(
      deployment(20, { ...complete(), desired: 0, generation: 2, ...UNSEEN }),
      deployment(21, { ...complete(0), available: false, generation: 2 }),
      replicaSet(22, all(0)),
    );
    expect(service.status).toBe('ACTIVE');
    expect(service.now.context.counts).toEqual({ desired: 0, running: 0, pending: 0 });
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 0/0']);
    expect(service.lines.at(-1)).toBe('has reached a steady state.');
  });

  it('created with 0, it is ACTIVE as soon as it is Available', () => {
    expect(walk(new RunningService(), [deployment(0, { ...UNSEEN, desired: 0 }), deployment(1, complete(0))])).toEqual([
      'PENDING',
      'ACTIVE',
    ]);
  });

  it('Available counts for the generation that it speaks of (row 14), and once ACTIVE nothing takes it back', () => {
    const service = new RunningService();
    const looks = [
      deployment(0, { ...complete(), generation: 2, observedGeneration: 1 }),
      deployment(1, { ...complete(), generation: 2, available: false }),
      deployment(2, { ...complete(), generation: 2 }),
      deployment(3, { ready: 0, generation: 3, available: false, progress: 'ProgressDeadlineExceeded' }),
    ];
    expect(looks.map((look) => service.send(look).status)).toEqual(['PENDING', 'PENDING', 'ACTIVE', 'ACTIVE']);
  });
});

describe('S6 a deleted one is DRAINING until its tasks are gone, then INACTIVE, and can be described', () => {
  const buried = () =>
    steady().send(task(20, 'd'), deploymentGone(30), ...['a', 'b', 'c', 'd'].map((name) => task(31, name, GONE)));

  it('INACTIVE, it wants, has and runs nothing; its identity, its birth and its events stay', () => {
    const { status, context, children } = buried().now;
    expect([status, children]).toEqual(['INACTIVE', []]);
    expect(context).toEqual({
      ...new RunningService().now.context,
      born: after(0),
      events: { ...context.events, last: 4 },
      rollouts: { count: 1, past: [], steady: false },
    });
    // What waited to be told is told before it ends.
    expect(context.events.ring[0]?.message).toBe(`(service web) has started 1 tasks: (task ${taskIdOf('d')}).`);
  });

  it('nothing that is told later changes it', () => {
    const service = buried();
    const { snapshot } = service;
    const later: readonly ServiceMessage[] = [
      ...STEADY,
      deployment(60, { uid: 'another' }),
      deploymentGone(60),
      replicaSetGone(60),
      task(60, 'e', FAILED),
      taskSet(60, 'a'),
      taskSetGone(60, 'a'),
      noticed(60),
      { type: 'ROLLOUT_SETTLED', id: 'ecs-svc/1', to: 'FAILED', at: after(60) },
      { type: 'ROLLOUT_ENDED', id: 'ecs-svc/1', at: after(60) },
    ];
    for (const message of later) expect(service.send(message).snapshot).toBe(snapshot);
  });

  it('its counts are of objects that exist: while DRAINING nothing runs, though its tasks still go', () => {
    const { status, context } = steady().send(deploymentGone(30)).now;
    expect([status, context.counts]).toEqual(['DRAINING', { desired: 3, running: 0, pending: 0 }]);
  });

  it('while its Deployment is there it is not over, though no task is left or waited for', () => {
    const deleting = () => steady().send(deployment(30, { ...complete(), deletionRequestedAt: after(30) }));
    const tasksGone = ['a', 'b', 'c'].map((name) => task(31, name, GONE));
    expect(walk(deleting(), [...tasksGone, deploymentGone(32)])).toEqual(['DRAINING', 'INACTIVE']);
    const givenAway = replicaSet(31, { ...all(3), owned: false });
    expect(walk(deleting(), [givenAway, deploymentGone(32)])).toEqual(['DRAINING', 'INACTIVE']);
  });

  it('a late look at the Deployment that goes, or a look at another that goes too, does not make it again', () => {
    const service = steady().send(deployment(30, { ...complete(), deletionRequestedAt: after(30) }));
    const another = { uid: 'another', ...complete(), deletionRequestedAt: after(32) };
    expect(walk(service, [deployment(31, complete()), deploymentGone(32), deployment(33, another)])).toEqual([
      'DRAINING',
    ]);
  });

  it('a ReplicaSet that was given away and taken back is its own again: it waits for those tasks', () => {
    const service = steady().send(replicaSet(20, { ...all(3), owned: false }), replicaSet(21, all(3)));
    expect(service.list).toEqual(['PRIMARY COMPLETED v1 3/3']);
    expect(service.send(deploymentGone(30)).status).toBe('DRAINING');
  });

  it('and so is it when the one that was given away is gone', () => {
    const service = steady().send(replicaSet(20, { ...all(0), of: 2, owned: false }), replicaSetGone(21, 2));
    expect(service.send(deploymentGone(30)).status).toBe('DRAINING');
  });

  it('made again under its name before that: the new one from then on, with ids that were never given', () => {
    const service = steady();
    const [former] = service.ids;
    const another = { uid: 'another', createdAt: after(32), desired: 1 };
    service.send(noticed(20), deploymentGone(30), replicaSetGone(30), task(31, 'a', LEAVING), batchDue(32));
    const { last } = service.now.context.events;
    service.send(deployment(32, { ...another, ...UNSEEN }));
    expect(service.now.context).toMatchObject({
      born: after(32),
      counts: { desired: 1, running: 0, pending: 0 },
      events: { last, ring: [], told: {} },
      rollouts: { count: 2, past: [], steady: false },
    });
    expect(service.ids).not.toContain(former);
    expect(service.now.children).toEqual(service.ids);
    // The former's tasks go without being told of, and its failures reach nobody.
    service.send(task(40, 'a', GONE), task(40, 'b', { ...GONE, failed: true }), batchDue(45));
    expect(service.lines).toEqual([]);
    expect(service.list).toEqual(['PRIMARY IN_PROGRESS v1 0/1']);
    // Deleted again, it waits for the one that is left.
    expect(walk(service, [deploymentGone(50), task(51, 'c', GONE)])).toEqual(['DRAINING', 'INACTIVE']);
  });
});

describe('what keeps it cheap', () => {
  it('has at most twelve top-level context keys: each assign copies them all', () => {
    const service = steady().send(taskSet(20, 'a'), noticed(21), task(22, 'd'));
    expect(service.now.context).toMatchObject({ deployment: {}, batch: {}, born: after(0) });
    expect(Object.keys(service.now.context).length).toBeLessThanOrEqual(12);
  });

  it('has a context that survives JSON', () => {
    const { context } = steady().now;
    expect(JSON.parse(JSON.stringify(context))).toEqual(context);
  });

  it.each(NAMED)('%s: the same message twice leaves the very same snapshot', (_, { identity, messages }) => {
    const service = new RunningService(identity);
    for (const message of messages) {
      const { snapshot } = service.send(message);
      expect(service.send({ ...message, at: message.at + 500 }).snapshot).toBe(snapshot);
    }
  });
});

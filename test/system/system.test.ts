/**
 * Owns the proof that turns are atomic, durable and idempotent: what was committed is what readers see, before and after a restart.
 */
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory-store.js';
import { ManualClock } from '../../src/system/clock.js';
import { System } from '../../src/system/system.js';
import type { Store } from '../../src/system/store.port.js';
import type { TaskTransition } from '../../src/system/state.port.js';
import { LOOKS, identityOf, seen } from '../support/task-messages.js';

const HOUR = 3_600_000;
const POD_WATCH = { kind: 'pods' } as const;
const EVENT_WATCH = { kind: 'events' } as const;

/** A store whose commits are looked at first; the look may throw. */
class InterceptedStore extends MemoryStore {
  readonly #look: () => void;

  constructor(look: () => void) {
    super();
    this.#look = look;
  }

  override async commit(writes: Parameters<Store['commit']>[0]): Promise<void> {
    this.#look();
    await super.commit(writes);
  }
}

interface Rig {
  readonly system: System;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly logged: string[];
}

function start(store: Store = new MemoryStore(), clock = new ManualClock(1_000_000)): Rig {
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const system = new System({
    store,
    clock,
    profile: 'kecs',
    retention: { tasks: HOUR, history: 24 * HOUR },
    logger: { info: log, warn: log, error: log },
  });
  system.start();
  return { system, store, clock, logged };
}

/** Posts, waits for the commit, and tells what a reader sees. */
async function post({ system }: Rig, ...messages: Parameters<System['post']>[0]): Promise<void> {
  void system.post(messages);
  await system.committed();
}

const statuses = ({ system }: Rig): Record<string, string> =>
  Object.fromEntries([...system.tasks()].map((task) => [task.taskId.replace(/^0+/, ''), task.lastStatus]));

const path = ({ system }: Rig, taskArn: string): string[] =>
  system.history(taskArn).map(({ from, to }) => `${from ?? ''}>${to}`);

const A = identityOf('a');
const B = identityOf('b');

describe('a task in turns', () => {
  test('each look that says something new is a transition with its cause and version', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.created, 1_000_100));
    await post(rig, seen(A, LOOKS.creating, 1_001_000));
    await post(rig, seen(A, LOOKS.running, 1_002_100));
    expect(rig.system.history(A.taskArn)).toEqual([
      { from: null, to: 'PROVISIONING', at: 1_000_100, cause: `pod ${A.podName} was created`, version: 1 },
      {
        from: 'PROVISIONING',
        to: 'PENDING',
        at: 1_001_000,
        cause: 'placed on a node; main is waiting (ContainerCreating)',
        version: 2,
      },
      { from: 'PENDING', to: 'RUNNING', at: 1_002_100, cause: 'its container is ready', version: 3 },
    ]);
    expect(rig.system.task(A.taskArn)?.context.version).toBe(3);
    expect(rig.system.load).toMatchObject({ actors: 1, tasks: 1, inbox: 0, sequence: 3 });
  });

  test('several messages in one turn are one commit and keep every transition', async () => {
    let commits = 0;
    const store = new InterceptedStore(() => (commits += 1));
    const rig = start(store);
    await post(
      rig,
      seen(A, LOOKS.created, 1),
      seen(A, LOOKS.creating, 2),
      seen(A, LOOKS.running, 3),
      seen(B, LOOKS.creating, 4),
    );
    expect(commits).toBe(1);
    expect(path(rig, A.taskArn)).toEqual(['>PROVISIONING', 'PROVISIONING>PENDING', 'PENDING>RUNNING']);
    expect(path(rig, B.taskArn)).toEqual(['>PENDING']);
  });

  test('a task first seen running has one row: nothing is invented for what nobody saw', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.running, 5));
    expect(rig.system.history(A.taskArn)).toEqual([
      { from: null, to: 'RUNNING', at: 5, cause: 'first seen like this: its container is ready', version: 1 },
    ]);
  });

  test('the same look again, under a new resourceVersion, changes and writes nothing', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.running, 5));
    const before = rig.system.task(A.taskArn);
    await post(rig, seen(A, LOOKS.running, 6), seen(A, { ...LOOKS.running }, 7));
    expect(rig.system.task(A.taskArn)).toBe(before);
    expect(rig.system.history(A.taskArn)).toHaveLength(1);
  });

  test('a stopped task has no actor, and can still be described', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.running, 1_002_100), seen(A, LOOKS.succeeded, 1_005_100));
    expect(rig.system.load.actors).toBe(0);
    const task = rig.system.task(A.taskArn);
    expect(task?.lastStatus).toBe('STOPPED');
    expect(task?.context).toMatchObject({
      version: 2,
      desiredStatus: 'STOPPED',
      stop: { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
      times: { startedAt: 1_000_000, executionStoppedAt: 1_005_000, stoppedAt: 1_005_000 },
    });
    await post(rig, seen(A, LOOKS.succeeded, 1_009_000, 'deleted'));
    expect(path(rig, A.taskArn)).toEqual(['>RUNNING', 'RUNNING>STOPPED']);
  });

  test('listeners hear of transitions after their commit, numbered without gaps', async () => {
    const rig = start();
    const heard: TaskTransition[] = [];
    const stop = rig.system.onTransitions((transitions) => {
      for (const transition of transitions) {
        expect(rig.system.task(transition.taskArn)?.lastStatus).toBeDefined();
        heard.push(transition);
      }
    });
    await post(rig, seen(A, LOOKS.created, 1), seen(B, LOOKS.created, 2));
    stop();
    await post(rig, seen(A, LOOKS.creating, 3));
    expect(heard.map(({ sequence, taskArn, to }) => [sequence, taskArn, to])).toEqual([
      [1, A.taskArn, 'PROVISIONING'],
      [2, B.taskArn, 'PROVISIONING'],
    ]);
  });

  test('counts by cluster follow the tasks', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.creating, 1), seen(B, LOOKS.running, 2));
    const [cluster] = rig.system.clusters();
    expect(cluster).toEqual({
      clusterArn: A.clusterArn,
      clusterName: 'default',
      runningTasksCount: 1,
      pendingTasksCount: 1,
      activeServicesCount: 0,
    });
  });
});

describe('lists', () => {
  test('a pod that a complete list does not hold is gone, and says why', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.running, 1), seen(B, LOOKS.running, 2));
    await post(rig, {
      kind: 'listed',
      scope: POD_WATCH,
      uids: new Set([B.podUid]),
      resourceVersion: '900',
      at: 2_000_000,
    });
    expect(statuses(rig)).toEqual({ a: 'STOPPED', b: 'RUNNING' });
    expect(rig.system.history(A.taskArn).at(-1)?.cause).toBe(
      'the pod was missing when the cluster was listed again (UserInitiated: Task stopped by user)',
    );
    expect(rig.system.cursor(POD_WATCH)).toBe('900');
  });

  test('a list of one namespace, or of the other dialect, says nothing of the rest', async () => {
    const rig = start();
    const elsewhere = identityOf('c', { namespace: 'other-us-east-1' });
    const ofTaskSet = identityOf('d', { taskSetId: 'ts-12345678' });
    await post(rig, seen(elsewhere, LOOKS.running, 1), seen(ofTaskSet, LOOKS.running, 2), seen(A, LOOKS.running, 3));
    await post(rig, {
      kind: 'listed',
      scope: { kind: 'pods', namespace: 'default-us-east-1' },
      uids: new Set(),
      resourceVersion: '1',
      at: 4,
    });
    expect(statuses(rig)).toEqual({ a: 'STOPPED', c: 'RUNNING', d: 'RUNNING' });
    await post(rig, {
      kind: 'listed',
      scope: { kind: 'taskset-pods' },
      uids: new Set(),
      resourceVersion: '1',
      at: 5,
    });
    expect(statuses(rig)).toEqual({ a: 'STOPPED', c: 'RUNNING', d: 'STOPPED' });
  });

  test('a pod that ended longer ago than tasks are kept is no task', async () => {
    const rig = start(undefined, new ManualClock(1_005_000 + HOUR));
    await post(rig, seen(A, LOOKS.succeeded, 1_005_000 + HOUR));
    expect(statuses(rig)).toEqual({});
    await post(rig, seen(B, LOOKS.succeeded, 1_004_999 + HOUR));
    expect(statuses(rig)).toEqual({ b: 'STOPPED' });
  });

  test('a pod made again under its name is a new task with the same ARN; the old one says no more', async () => {
    const rig = start();
    const again = identityOf('a', { podUid: 'uid-again', createdAt: 1_009_000 });
    await post(rig, seen(A, LOOKS.running, 1_002_100));
    await post(rig, seen(again, LOOKS.creating, 1_009_100));
    expect(statuses(rig)).toEqual({ a: 'PENDING' });
    await post(rig, seen(A, LOOKS.succeeded, 1_010_000));
    expect(statuses(rig)).toEqual({ a: 'PENDING' });
    expect(path(rig, A.taskArn)).toEqual(['>RUNNING', 'RUNNING>STOPPED', '>PENDING']);
    expect(rig.system.clusters()).toMatchObject([{ runningTasksCount: 0, pendingTasksCount: 1 }]);
  });

  test('a task under an ARN that was used before is kept for its own hour', async () => {
    const rig = start();
    const again = identityOf('a', { podUid: 'uid-again', createdAt: 1_009_000 });
    await post(rig, seen(A, LOOKS.running, 1_002_100), seen(A, LOOKS.succeeded, 1_005_100));
    const later = { ...LOOKS.succeeded, containers: [{ ...LOOKS.succeeded.containers[0], finishedAt: 1_605_000 }] };
    await post(rig, seen(again, LOOKS.running, 1_009_100), seen(again, later, 1_605_100));
    rig.clock.moveTo(1_005_000 + HOUR);
    await rig.system.committed();
    expect(statuses(rig)).toEqual({ a: 'STOPPED' });
    rig.clock.moveTo(1_605_000 + HOUR);
    await rig.system.committed();
    expect(statuses(rig)).toEqual({});
  });
});

describe('a restart', () => {
  test('continues versions, history, sequence and cursors, and delivers nothing twice', async () => {
    const first = start();
    await post(first, seen(A, LOOKS.created, 1), seen(A, LOOKS.creating, 2), {
      kind: 'cursor',
      scope: POD_WATCH,
      resourceVersion: '77',
    });
    await first.system.stop();

    const second = start(first.store);
    expect(second.system.cursor(POD_WATCH)).toBe('77');
    expect(statuses(second)).toEqual({ a: 'PENDING' });
    expect(second.system.load.actors).toBe(0);
    await post(second, seen(A, LOOKS.creating, 3));
    expect(second.system.load.actors).toBe(1);
    await post(second, seen(A, LOOKS.running, 4));
    expect(second.system.history(A.taskArn).map(({ to, version }) => [to, version])).toEqual([
      ['PROVISIONING', 1],
      ['PENDING', 2],
      ['RUNNING', 3],
    ]);
    expect(second.system.load.sequence).toBe(3);
  });

  test('a snapshot that cannot be used costs that task its memory, not the others, and has the cluster listed again', async () => {
    const first = start();
    await post(first, seen(A, LOOKS.running, 1), seen(B, LOOKS.running, 2), {
      kind: 'cursor',
      scope: POD_WATCH,
      resourceVersion: '9',
    });
    await first.system.stop();
    await first.store.commit([{ table: 'snapshots', key: A.taskArn, value: '{"v":1,"lastStatus":"NO_SUCH_STATE"}' }]);

    const second = start(first.store);
    expect(statuses(second)).toEqual({ b: 'RUNNING' });
    expect(second.system.cursor(POD_WATCH)).toBeUndefined();
    expect(second.logged).toEqual(['persisted actors cannot be used; the cluster is listed again']);
    await post(second, seen(A, LOOKS.running, 3));
    expect(statuses(second)).toEqual({ b: 'RUNNING', a: 'RUNNING' });
  });
});

describe('retention', () => {
  test('a stopped task is forgotten an hour after stoppedAt, its history a day after, also over a restart', async () => {
    const first = start();
    await post(first, seen(A, LOOKS.running, 1_002_100), seen(A, LOOKS.succeeded, 1_005_100));
    await first.system.stop();

    const clock = new ManualClock(1_006_000);
    const second = start(first.store, clock);
    clock.moveTo(1_005_000 + HOUR - 1);
    await second.system.committed();
    expect(statuses(second)).toEqual({ a: 'STOPPED' });
    clock.moveTo(1_005_000 + HOUR);
    await second.system.committed();
    expect(statuses(second)).toEqual({});
    expect(second.system.task(A.taskArn)).toBeUndefined();
    expect(second.system.clusters()).toEqual([]);
    expect(path(second, A.taskArn)).toEqual(['>RUNNING', 'RUNNING>STOPPED']);
    clock.moveTo(1_005_000 + 24 * HOUR);
    await second.system.committed();
    expect(path(second, A.taskArn)).toEqual([]);
    expect(first.store.count('deadlines')).toBe(0);
    expect(first.store.count('snapshots')).toBe(0);
  });
});

describe('Events', () => {
  const pulling = (at: number) =>
    ({
      kind: 'event',
      scope: EVENT_WATCH,
      at,
      event: {
        podUid: A.podUid,
        namespace: A.namespace,
        podName: A.podName,
        facts: {
          kind: 'pulling',
          container: 'main',
          firstAt: 1_001_000,
          lastAt: 1_001_000,
          message: 'Pulling image "app:1"',
        },
      },
    }) as const;
  const cursor = (resourceVersion: string) => ({ kind: 'cursor', scope: EVENT_WATCH, resourceVersion }) as const;

  test('an Event of a known task gives it its pull time', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.creating, 1_000_500), pulling(1_001_200));
    expect(rig.system.task(A.taskArn)?.context.times).toEqual({ pullStartedAt: 1_001_000 });
    expect(rig.system.task(A.taskArn)?.context.version).toBe(2);
  });

  test('an Event that comes before its pod waits for it, and its watch is held back until then', async () => {
    const rig = start();
    await post(rig, cursor('10'), pulling(1_001_200), cursor('11'), cursor('12'));
    expect(rig.system.cursor(EVENT_WATCH)).toBe('10');
    expect(rig.system.load.unclaimedEvents).toBe(1);
    await post(rig, seen(A, LOOKS.creating, 1_001_300), cursor('13'));
    expect(rig.system.task(A.taskArn)?.context.times).toEqual({ pullStartedAt: 1_001_000 });
    expect(rig.system.task(A.taskArn)?.context.version).toBe(1);
    expect(rig.system.cursor(EVENT_WATCH)).toBe('13');
    expect(rig.system.load.unclaimedEvents).toBe(0);
  });

  test('an Event whose sender did not know the uid finds its pod by name', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.running, 1_002_100));
    const event = { ...pulling(1_003_000).event, podUid: undefined };
    await post(rig, {
      kind: 'event',
      scope: EVENT_WATCH,
      at: 1_003_000,
      event: {
        ...event,
        facts: { kind: 'taintEviction', firstAt: 1_003_000, lastAt: 1_003_000, message: 'Marking for deletion' },
      },
    });
    const deletion = { requestedAt: 1_003_000, graceSeconds: 30 };
    await post(rig, seen(A, { ...LOOKS.running, deletion }, 1_003_100));
    expect(rig.system.task(A.taskArn)?.context.stop?.stopCode).toBe('TerminationNotice');
  });

  test('an Event of a pod that is nobody’s waits for a minute, and holds its watch no longer', async () => {
    const rig = start();
    await post(rig, cursor('10'), pulling(1_001_200), cursor('11'));
    expect(rig.system.cursor(EVENT_WATCH)).toBe('10');
    await post(rig, {
      kind: 'listed',
      scope: EVENT_WATCH,
      uids: new Set(),
      resourceVersion: '20',
      at: 1_001_200 + 60_000,
    });
    expect(rig.system.cursor(EVENT_WATCH)).toBe('20');
  });
});

describe('failures', () => {
  test('a commit that fails shows nothing until it succeeds, and nothing is lost', async () => {
    let failures = 2;
    const store = new InterceptedStore(() => {
      if (failures-- > 0) throw new Error('no space left');
    });
    const rig = start(store);
    void rig.system.post([seen(A, LOOKS.running, 1)]);
    while (rig.clock.pending === 0) await new Promise(setImmediate);
    expect(statuses(rig)).toEqual({});
    expect(rig.system.failure).toEqual(new Error('no space left'));
    rig.clock.advance(250);
    while (rig.clock.pending === 0) await new Promise(setImmediate);
    rig.clock.advance(500);
    await rig.system.committed();
    expect(statuses(rig)).toEqual({ a: 'RUNNING' });
    expect(rig.system.failure).toBeUndefined();
    expect(rig.logged).toEqual([
      'the store cannot be written; nothing new is shown until it can',
      'the store can be written again',
    ]);
  });

  test('an actor that throws is set aside; its task goes on from what was committed', async () => {
    const rig = start();
    await post(rig, seen(A, LOOKS.creating, 1));
    const poisoned = { ...LOOKS.running, containers: null } as unknown as typeof LOOKS.running; // what no decoder makes
    await post(rig, seen(A, poisoned, 2));
    expect(rig.logged).toEqual([
      'a task actor failed and was set aside; its task goes on from its last committed state',
    ]);
    expect(statuses(rig)).toEqual({ a: 'PENDING' });
    await post(rig, seen(A, LOOKS.running, 3));
    expect(rig.system.history(A.taskArn).map(({ to, version }) => [to, version])).toEqual([
      ['PENDING', 1],
      ['RUNNING', 2],
    ]);
  });
});

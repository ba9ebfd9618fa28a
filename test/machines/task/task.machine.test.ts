/**
 * The task machine: the paths through it in a numbered table, then its invariants T1 to T8, then what keeps it cheap.
 * task.graph.test.ts closes the graph; task.properties.test.ts holds the invariants under any messages.
 */
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../../machines/semantics.js';
import type { ProfileName } from '../../../machines/semantics.js';
import { taskMachine } from '../../../machines/task/task.machine.js';
import { LAST_STATUSES, rankOf } from '../../../machines/task/task.types.js';
import type { LastStatus, TaskIdentity, TaskMessage } from '../../../machines/task/task.types.js';
import {
  ABSENT,
  CREATING,
  IDENTITY,
  LOOKS,
  READY,
  STARTED,
  after,
  event,
  exited,
  facts,
  gone,
  observed,
  startedBy,
  stop,
} from './messages.js';
import { PATHS } from './paths.js';
import { startTask } from './running-task.js';
import type { RunningTask } from './running-task.js';

const { kecs } = LOOKS;
const begin = (profile: ProfileName = 'kecs', identity: TaskIdentity = IDENTITY) => startTask({ identity, profile });
const isDown = (status: LastStatus) => rankOf(status) >= rankOf('DEACTIVATING');

/** The states that a task goes through, each once. */
function walk(task: RunningTask, messages: readonly TaskMessage[]): readonly LastStatus[] {
  const states: LastStatus[] = [];
  for (const message of messages) {
    const { lastStatus } = task.send(message);
    if (states.at(-1) !== lastStatus) states.push(lastStatus);
  }
  return states;
}

describe('paths', () => {
  it.each(PATHS)('$number. $profile: $name', ({ profile, messages, states, stopCode }) => {
    const task = begin(profile);
    expect(walk(task, messages).join(' ')).toBe(states);
    expect(task.now().context.stop?.stopCode).toBe(stopCode);
  });
});

describe('T1 lastStatus never moves backward, and may jump forward over states that nobody saw', () => {
  const pairs = PROFILE_NAMES.flatMap((profile) =>
    LAST_STATUSES.flatMap((from) => LAST_STATUSES.map((to) => ({ profile, from, to }))),
  );
  it.each(pairs)('$profile: at $from, a look that speaks of $to', ({ profile, from, to }) => {
    const task = begin(profile);
    expect(task.send(observed(LOOKS[profile][from])).lastStatus).toBe(from);
    const expected = rankOf(to) > rankOf(from) ? to : from;
    expect(task.send(observed(LOOKS[profile][to])).lastStatus).toBe(expected);
  });

  it('invents nothing for what was jumped over', () => {
    const { context } = begin().send(observed(kecs.PENDING, 2), observed(kecs.STOPPED, 9));
    expect(context.times).toEqual({ executionStoppedAt: after(9), stoppedAt: after(9) });
    expect(context.connectivity).toBeUndefined();
  });
});

describe('T2 STOPPED is final', () => {
  const later: readonly TaskMessage[] = [
    observed(kecs.RUNNING, 60),
    observed(kecs.DEACTIVATING, 60),
    gone(60),
    gone(60, kecs.DEPROVISIONING),
    event('pulled', 60),
    event('taintEviction', 60),
    stop(60, 'too late'),
    startedBy('ecs-svc/1000000000000000000'),
  ];
  it.each(PROFILE_NAMES)('%s: nothing that comes later changes it', (profile) => {
    const task = begin(profile);
    const over = task.send(observed(kecs.STOPPED, 9));
    for (const message of later) {
      const { context, lastStatus } = task.send(message);
      expect(lastStatus).toBe('STOPPED');
      expect(context).toBe(over.context);
    }
  });
});

describe('T3 desiredStatus goes RUNNING → STOPPED once', () => {
  it.each(LAST_STATUSES)('kecs: at %s it is what its group says', (status) => {
    const { context } = begin().send(observed(kecs[status]));
    expect(context.desiredStatus).toBe(isDown(status) ? 'STOPPED' : 'RUNNING');
  });

  it('aws: it is STOPPED after a StopTask, while lastStatus waits for the node', () => {
    const task = begin('aws');
    const seen = [observed(LOOKS.aws.PENDING, 2), stop(3), observed(LOOKS.aws.RUNNING, 4)].map((message) => {
      const { context, lastStatus } = task.send(message);
      return `${lastStatus}:${context.desiredStatus}`;
    });
    expect(seen).toEqual(['PENDING:RUNNING', 'PENDING:STOPPED', 'RUNNING:STOPPED']);
  });
});

describe('T4 stopCode and stoppedReason are written with it, by the first cause, and never again', () => {
  const causes: Readonly<Record<string, readonly TaskMessage[]>> = {
    UserInitiated: [stop(20, 'drill')],
    EssentialContainerExited: [observed(facts(exited(1, 9), READY), 10)],
    TerminationNotice: [event('taintEviction', 20)],
    ServiceSchedulerInitiated: [
      event('livenessFailed', 19, { container: 'main' }),
      event('killing', 20, { container: 'main' }),
    ],
  };
  const orders = Object.keys(causes).flatMap((first) =>
    Object.keys(causes).flatMap((second) => (first === second ? [] : [{ first, second }])),
  );
  it.each(orders)('$first, then $second: $first', ({ first, second }) => {
    const task = begin();
    task.send(observed(kecs.RUNNING, 3), ...(causes[first] ?? []), ...(causes[second] ?? []));
    expect(task.send(observed(kecs.STOPPING, 25)).context.stop?.stopCode).toBe(first);
    const { stop: written } = task.now().context;
    task.send(observed(kecs.DEPROVISIONING, 30), stop(31, 'again'), gone(32));
    expect(task.now().context.stop).toBe(written);
  });

  it('is not written while the task is wanted, though a cause is known', () => {
    const { context } = begin().send(observed(kecs.RUNNING, 3), event('taintEviction', 20));
    expect(context.stop).toBeUndefined();
    expect(context.firstCause).toEqual({
      stopCode: 'TerminationNotice',
      stoppedReason: 'The node of the task no longer tolerates it (taint)',
    });
  });

  it('does not depend on whether the first cause is told once or twice', () => {
    const failing = facts({ state: 'waiting', reason: 'CrashLoopBackOff' }, ABSENT, { phase: 'Pending' });
    const overcome = observed(facts(exited(0, 5), exited(0, 6), { phase: 'Running' }), 7);
    const once = begin().send(observed(failing, 2), overcome);
    const twice = begin().send(observed(failing, 2), overcome, overcome);
    expect(once.context.firstCause?.stopCode).toBe('EssentialContainerExited');
    expect(twice.context).toEqual(once.context);
  });
});

describe('T5 RUNNING latches', () => {
  it('readiness lost later is health, not lifecycle', () => {
    const task = begin();
    expect(task.send(observed(kecs.RUNNING, 3)).context.healthStatus).toBe('HEALTHY');
    const { context, lastStatus } = task.send(observed(facts(STARTED, READY), 9));
    expect([lastStatus, context.healthStatus]).toEqual(['RUNNING', 'UNHEALTHY']);
  });
});

describe('T6 every instant is written once', () => {
  const permutations = <Item>(items: readonly Item[]): readonly (readonly Item[])[] =>
    items.length < 2
      ? [items]
      : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));

  it('createdAt ≤ pullStartedAt ≤ pullStoppedAt, in whatever order the Events come', () => {
    const pulls = [
      event('pulling', 2, { container: 'main' }),
      event('pulled', 5, { container: 'main' }),
      event('pulling', 6, { container: 'proxy' }),
      event('pulled', 9, { container: 'proxy' }),
    ];
    for (const order of permutations(pulls)) {
      const { pullStartedAt = 0, pullStoppedAt } = begin().send(observed(kecs.PENDING, 2), ...order).context.times;
      expect(pullStoppedAt).toBe(after(9));
      expect(pullStartedAt).toBeGreaterThanOrEqual(after(2));
      expect(pullStartedAt).toBeLessThanOrEqual(after(6));
    }
    const early = begin().send(event('pulling', -4), event('pulled', -2), observed(kecs.PENDING, 2));
    expect(early.context.times).toEqual({ pullStartedAt: after(0), pullStoppedAt: after(0) });
  });

  it('pullStoppedAt is the last pull, and only grows', () => {
    const task = begin();
    const stops = [5, 9, 7].map((second) => task.send(event('pulled', second)).context.times.pullStoppedAt);
    expect(stops).toEqual([after(5), after(9), after(9)]);
  });

  it('a later look that says otherwise does not move them', () => {
    const task = begin();
    const first = task.send(observed(kecs.RUNNING, 3), observed(kecs.STOPPING, 22)).context.times;
    expect(first).toEqual({ startedAt: after(1), runningAt: after(3), stoppingAt: after(20) });
    const moved = facts(exited(143, 25), exited(0, 26), {
      startTime: after(7),
      deletion: { requestedAt: after(40), graceSeconds: 30 },
    });
    expect(task.send(observed(moved, 41)).context.times).toEqual({ ...first, executionStoppedAt: after(26) });
  });

  it.each([
    ['kecs', 95],
    ['aws', 90],
  ] as const)(
    '%s: stoppingAt ≤ stoppedAt and executionStoppedAt ≤ stoppedAt, whatever the clocks say',
    (profile, end) => {
      const late = facts(exited(0, 90), exited(0, 95), { deletion: { requestedAt: after(80), graceSeconds: 0 } });
      const { times } = begin(profile).send(observed(kecs.RUNNING, 3), gone(50, late)).context;
      expect(times).toMatchObject({ stoppingAt: after(80), executionStoppedAt: after(end), stoppedAt: after(end) });
    },
  );

  it.each(PROFILE_NAMES)('%s: stoppedAt iff STOPPED', (profile) => {
    const task = begin(profile);
    for (const status of LAST_STATUSES) {
      const { context } = task.send(observed(LOOKS[profile][status]));
      expect([status, context.times.stoppedAt !== undefined]).toEqual([status, status === 'STOPPED']);
    }
  });
});

describe('T7 version counts the changes that ECS would show', () => {
  it('starts at 1 and rises by one for each', () => {
    const task = begin();
    expect(task.now().context.version).toBe(0);
    const versions = LAST_STATUSES.map((status) => task.send(observed(kecs[status])).context.version);
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('rises by one however much one look changes', () => {
    expect(begin().send(observed(kecs.PENDING, 2), observed(kecs.STOPPED, 9)).context.version).toBe(2);
  });

  it('rises without a change of lastStatus: a pull time, a reason, an exit code, a StopTask', () => {
    const task = begin('aws');
    const messages = [
      observed(LOOKS.aws.PENDING, 2),
      event('pulling', 3),
      observed(facts({ state: 'waiting', reason: 'ErrImagePull' }, CREATING, { phase: 'Pending' }), 4),
      stop(5),
    ];
    expect(messages.map((message) => task.send(message).context.version)).toEqual([1, 2, 3, 4]);
  });

  it('does not rise for health, for a cause not yet effective, or for what ECS does not show', () => {
    const task = begin();
    const messages = [
      observed(kecs.RUNNING, 3),
      observed(facts(STARTED, READY, { startTime: after(1) }), 9),
      event('livenessFailed', 9, { container: 'main' }),
      event('taintEviction', 10),
      event('pullFailed', 11, { container: 'main' }),
      observed(facts({ ...READY, restartCount: 2 }, READY, { startTime: after(1) }), 12),
    ];
    expect(messages.map((message) => task.send(message).context.version)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('an Event before the first look is remembered, and the look is version 1', () => {
    const task = begin();
    expect(task.send(event('pulling', 2)).context.version).toBe(0);
    const { context } = task.send(observed(kecs.PENDING, 3));
    expect([context.version, context.times.pullStartedAt]).toEqual([1, after(2)]);
  });

  it.each(PATHS)('$number. $profile: the same message twice leaves the very same context', ({ profile, messages }) => {
    const task = begin(profile);
    for (const message of messages) {
      const { context } = task.send(message);
      expect(task.send({ ...message, at: message.at + 5_000 }).context).toBe(context);
    }
  });
});

describe('T8 an exit code exists only on a container that exited', () => {
  const codes = (task: RunningTask) => task.now().context.containers.map(({ exitCode }) => exitCode);

  it('0 is kept as 0', () => {
    const task = begin();
    task.send(observed(kecs.RUNNING, 3), observed(facts(exited(0, 9), READY), 10));
    expect(codes(task)).toEqual([0, undefined]);
  });

  it('it goes when the container runs again, and what is over keeps it', () => {
    const task = begin();
    task.send(observed(facts(exited(3, 9), exited(4, 9)), 10), observed(facts(READY, ABSENT), 12));
    expect(codes(task)).toEqual([undefined, 4]);
    task.send(gone(20));
    expect(codes(task)).toEqual([undefined, 4]);
  });

  it('a container that never started has none, whatever its status says', () => {
    const never = { state: 'terminated', reason: 'StartError', exitCode: 128 } as const;
    const task = begin();
    task.send(observed(facts(never, CREATING, { phase: 'Failed' }), 9));
    expect(codes(task)).toEqual([undefined, undefined]);
  });

  it('the last look at a pod that was deleted by force shows a run whose code nobody knows', () => {
    const task = begin();
    task.send(observed(facts(exited(3, 9), READY), 10), gone(30, facts(READY, READY)));
    expect(codes(task)).toEqual([undefined, undefined]);
    expect(task.now().context.times.executionStoppedAt).toBe(after(30));
  });
});

describe('STARTED_BY', () => {
  it('is written once and counts as a change', () => {
    const task = begin();
    task.send(observed(kecs.RUNNING, 3), startedBy('ecs-svc/1'), startedBy('ecs-svc/2'));
    expect([task.now().context.identity.startedBy, task.now().context.version]).toEqual(['ecs-svc/1', 2]);
  });
  it('before the first look is part of version 1', () => {
    const { context } = begin().send(startedBy('ecs-svc/1'), observed(kecs.RUNNING, 3));
    expect([context.identity.startedBy, context.version]).toEqual(['ecs-svc/1', 1]);
  });
});

describe('what keeps it cheap', () => {
  it('has at most twelve top-level context keys: each assign copies them all', () => {
    const task = begin();
    task.send(observed(kecs.RUNNING, 3), event('taintEviction', 10), stop(20, 'drill'));
    const { context } = task.now();
    // Everything that may be absent is there.
    expect(context).toMatchObject({ stop: {}, firstCause: {}, connectivity: {} });
    expect(Object.keys(context).length).toBeLessThanOrEqual(12);
  });

  it('takes one step for each message, and one action for each transition: no entry, no exit, no timer, no child', () => {
    for (const node of nodesOf(taskMachine.root)) {
      expect({
        entry: node.entry,
        exit: node.exit,
        invoke: node.invoke,
        after: node.after,
        always: node.always,
      }).toEqual({
        entry: [],
        exit: [],
        invoke: [],
        after: [],
        always: undefined,
      });
      for (const transitions of node.transitions.values()) {
        for (const { actions } of transitions) expect(actions.length).toBeLessThanOrEqual(1);
      }
    }
    for (const { profile, messages } of PATHS) {
      const task = begin(profile);
      const atStart = task.microsteps;
      task.send(...messages);
      expect(task.microsteps - atStart).toBe(messages.length);
    }
  });
});

type Node = typeof taskMachine.root;
const nodesOf = (node: Node): readonly Node[] => [
  node,
  ...Object.values(node.states).flatMap((child) => nodesOf(child)),
];

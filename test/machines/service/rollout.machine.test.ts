/**
 * The rollout machine, one deployment of a service: the paths through it in a numbered table, then its invariants R1 to R4, then its graph.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createActor, setup } from 'xstate';
import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { IGNORED_BY_ROLLOUT, rolloutMachine } from '../../../machines/service/rollout.machine.js';
import { DEPLOYMENT_ROLES, ROLLOUT_STATES } from '../../../machines/service/service.types.js';
import type { RolloutContext, RolloutInput, RolloutMessage } from '../../../machines/service/service.types.js';
import { arrowsOf, arrowsTaken } from '../arrows.js';
import { after } from '../task/messages.js';
import { all, rollout } from './messages.js';

const ID = 'ecs-svc/1000000000000000001';
const INPUT: RolloutInput = { id: ID, createdAt: after(0), target: 3, taskDefinitionArn: 'web:1' };

interface Told {
  readonly type: string;
}

/** A deployment under a service that only listens. */
class RunningRollout {
  readonly #actor: ActorRefFrom<typeof rolloutMachine>;
  /** What it told its service. */
  readonly told: Told[] = [];
  readonly arrows = new Set<string>();

  constructor() {
    const parent = createActor(
      setup({ actors: { rollout: rolloutMachine } }).createMachine({
        invoke: { id: ID, src: 'rollout', input: INPUT },
        on: { '*': { actions: ({ event }) => this.told.push(event) } },
      }),
      {
        inspect: (inspected) => {
          if (inspected.type === '@xstate.microstep' && inspected.actorRef === this.#actor)
            for (const arrow of arrowsTaken(inspected)) this.arrows.add(arrow);
        },
      },
    ).start();
    this.#actor = parent.getSnapshot().children[ID] as ActorRefFrom<typeof rolloutMachine>; // what was invoked above
  }

  send(...messages: readonly RolloutMessage[]): this {
    for (const message of messages) this.#actor.send(message);
    return this;
  }

  get context(): RolloutContext {
    return this.#actor.getSnapshot().context;
  }

  get state(): string {
    return stateOf(this.#actor.getSnapshot());
  }

  get snapshot(): unknown {
    return this.#actor.getSnapshot();
  }
}

const stateOf = ({ value }: SnapshotFrom<typeof rolloutMachine>): string => `${value.role} ${value.rollout}`;

const { counted, lost, target, reported, superseded, abandoned, taskFailed } = rollout;
const settled = (seconds: number, to: 'COMPLETED' | 'FAILED') => ({
  type: 'ROLLOUT_SETTLED',
  id: ID,
  to,
  at: after(seconds),
});
const ended = (seconds: number) => ({ type: 'ROLLOUT_ENDED', id: ID, at: after(seconds) });

const rows: readonly (readonly [string, readonly RolloutMessage[], string, readonly Told[]])[] = [
  [
    'rolled out, scaled, superseded, scaled down to nothing',
    [
      counted(1, { desired: 3, total: 3, ready: 0 }),
      counted(2, all(3)),
      reported(3, 'COMPLETED'),
      target(4, 5),
      superseded(20),
      counted(21, { desired: 0, total: 1, ready: 1 }),
      counted(22, all(0)),
    ],
    'PRIMARY IN_PROGRESS, PRIMARY COMPLETED, ACTIVE COMPLETED, INACTIVE COMPLETED',
    [settled(3, 'COMPLETED'), ended(22)],
  ],
  [
    'never gets a ReplicaSet: the next deployment has its own first',
    [superseded(20), abandoned(21)],
    'PRIMARY IN_PROGRESS, ACTIVE IN_PROGRESS, INACTIVE IN_PROGRESS',
    [ended(21)],
  ],
  [
    'empty when it is superseded: it leaves at once',
    [counted(1, all(0)), reported(2, 'COMPLETED'), superseded(20)],
    'PRIMARY IN_PROGRESS, PRIMARY COMPLETED, INACTIVE COMPLETED',
    [settled(2, 'COMPLETED'), ended(20)],
  ],
  [
    'fails, and is superseded by the way back, which takes no ReplicaSet of its',
    [
      counted(1, { desired: 3, total: 3, ready: 0 }),
      taskFailed(2),
      reported(600, 'FAILED'),
      superseded(700),
      taskFailed(701),
      counted(702, all(0)),
    ],
    'PRIMARY IN_PROGRESS, PRIMARY FAILED, ACTIVE FAILED, INACTIVE FAILED',
    [settled(600, 'FAILED'), ended(702)],
  ],
  [
    'fails, and comes right after all',
    [reported(600, 'FAILED'), reported(900, 'COMPLETED')],
    'PRIMARY IN_PROGRESS, PRIMARY FAILED, PRIMARY COMPLETED',
    [settled(600, 'FAILED'), settled(900, 'COMPLETED')],
  ],
  [
    'its ReplicaSet is taken by the way back to its template',
    [counted(1, all(3)), reported(2, 'COMPLETED'), superseded(20), lost(21)],
    'PRIMARY IN_PROGRESS, PRIMARY COMPLETED, ACTIVE COMPLETED, INACTIVE COMPLETED',
    [settled(2, 'COMPLETED'), ended(21)],
  ],
  [
    'loses its ReplicaSet while PRIMARY, and gets another',
    [counted(1, all(3)), lost(2), counted(3, { desired: 3, total: 1, ready: 0 })],
    'PRIMARY IN_PROGRESS',
    [],
  ],
];
const PATHS = rows.map(
  ([name, messages, states, told], index) => [`${index + 1}. ${name}`, { messages, states, told }] as const,
);

describe('paths', () => {
  it.each(PATHS)('%s', (_, { messages, states, told }) => {
    const deployment = new RunningRollout();
    const seen = [deployment.state];
    for (const message of messages) {
      const { state } = deployment.send(message);
      if (seen.at(-1) !== state) seen.push(state);
    }
    expect(seen.join(', ')).toBe(states);
    expect(deployment.told).toEqual(told);
  });

  it('take every arrow of the chart', () => {
    const taken = PATHS.flatMap(([, { messages }]) => [...new RunningRollout().send(...messages).arrows]);
    expect([...new Set(taken)].toSorted()).toEqual(arrowsOf(rolloutMachine).toSorted());
  });
});

const ALL: readonly RolloutMessage[] = [
  counted(40, all(3)),
  counted(41, { desired: 3, total: 3, ready: 1 }),
  counted(42, all(0)),
  lost(43),
  target(44, 7),
  reported(45, 'COMPLETED'),
  reported(46, 'FAILED'),
  superseded(47),
  abandoned(48),
  taskFailed(49),
];

describe('R1 role only falls: PRIMARY → ACTIVE → INACTIVE', () => {
  it('nothing raises it', () => {
    const deployment = new RunningRollout();
    expect(deployment.send(superseded(20), ...ALL.filter(({ type }) => type === 'TARGET_SET')).state).toMatch(
      /^ACTIVE/,
    );
    expect(deployment.send(superseded(21), lost(22)).state).toMatch(/^INACTIVE/);
    const { context } = deployment;
    expect(deployment.send(...ALL).state).toMatch(/^INACTIVE/);
    expect(deployment.context).toEqual({ ...context, finishedAt: after(45), updatedAt: after(45) });
    expect(deployment.told.filter(({ type }) => type === 'ROLLOUT_ENDED')).toEqual([ended(22)]);
  });
});

describe('R2 COMPLETED is not taken back; FAILED may still become COMPLETED', () => {
  it('what fails later is the service’s health', () => {
    const deployment = new RunningRollout().send(reported(10, 'COMPLETED'));
    const { snapshot } = deployment;
    expect(deployment.send(reported(700, 'FAILED'), reported(701, 'COMPLETED')).snapshot).toBe(snapshot);
    expect(deployment.context.finishedAt).toBe(after(10));
    expect(deployment.told).toEqual([settled(10, 'COMPLETED')]);
  });

  it('finishedAt is when it became what it is, the last time', () => {
    const deployment = new RunningRollout().send(reported(600, 'FAILED'));
    expect(deployment.context.finishedAt).toBe(after(600));
    expect(deployment.send(reported(601, 'FAILED')).context.finishedAt).toBe(after(600));
    expect(deployment.send(reported(900, 'COMPLETED')).context.finishedAt).toBe(after(900));
  });

  it('failed tasks are counted, whatever the rollout is', () => {
    const deployment = new RunningRollout().send(taskFailed(1), reported(2, 'COMPLETED'), taskFailed(3));
    expect(deployment.send(superseded(4), taskFailed(5)).context).toMatchObject({
      failedTasks: 3,
      updatedAt: after(5),
    });
  });
});

describe('R3 it ends when it is no longer PRIMARY and its ReplicaSet wants and has no replicas, or there is none', () => {
  it.each([
    ['wants none and has one', { desired: 0, total: 1, ready: 0 }, 'ACTIVE'],
    ['wants one and has none', { desired: 1, total: 0, ready: 0 }, 'ACTIVE'],
    ['wants none and has none', all(0), 'INACTIVE'],
  ] as const)('a ReplicaSet that %s', (_, counts, role) => {
    const before = new RunningRollout().send(counted(1, counts), superseded(20));
    expect(before.state).toBe(`${role} IN_PROGRESS`);
    const later = new RunningRollout().send(counted(1, all(3)), superseded(20), counted(21, counts));
    expect(later.state).toBe(`${role} IN_PROGRESS`);
  });

  it('while PRIMARY neither ends it', () => {
    expect(new RunningRollout().send(counted(1, all(0)), lost(2), abandoned(3)).state).toBe('PRIMARY IN_PROGRESS');
  });
});

describe('R4 desiredCount is the service’s while it is PRIMARY, then what its ReplicaSet wants', () => {
  it('follows the service, before there is a ReplicaSet too', () => {
    const deployment = new RunningRollout();
    expect(deployment.context).toEqual({ ...INPUT, updatedAt: after(0), replicaSet: undefined, failedTasks: 0 });
    expect(deployment.send(target(1, 5)).context).toMatchObject({ target: 5, updatedAt: after(1) });
    deployment.send(counted(2, { desired: 4, total: 4, ready: 1 }));
    expect(deployment.context).toMatchObject({ target: 5, replicaSet: { desired: 4, total: 4, ready: 1 } });
  });

  it('does not follow it any more once it is superseded', () => {
    const deployment = new RunningRollout().send(counted(1, all(3)), superseded(20), target(21, 9));
    expect(deployment.context).toMatchObject({ target: 3, replicaSet: all(3), updatedAt: after(20) });
  });

  it('counts that say nothing new are no update', () => {
    const deployment = new RunningRollout().send(counted(1, all(3)));
    const { context } = deployment;
    expect(context.updatedAt).toBe(after(1));
    expect(deployment.send(counted(9, all(3))).context).toEqual(context);
  });
});

it('has at most twelve top-level context keys', () => {
  const { context } = new RunningRollout().send(counted(1, all(3)), reported(2, 'COMPLETED'), taskFailed(3));
  expect(context).toMatchObject({ finishedAt: after(2), replicaSet: all(3) });
  expect(Object.keys(context).length).toBeLessThanOrEqual(12);
});

describe('the graph of the rollout machine', () => {
  const MESSAGE_TYPES = [...new Set(ALL.map(({ type }) => type))];
  const STATES = DEPLOYMENT_ROLES.flatMap((role) => ROLLOUT_STATES.map((state) => `${role} ${state}`));

  type Snapshot = SnapshotFrom<typeof rolloutMachine>;
  interface Transition {
    readonly event: RolloutMessage;
    readonly state: Snapshot;
  }
  // There is no service here to tell of it.
  const alone = rolloutMachine.provide({ actions: { tellSettled: () => {}, tellEnded: () => {} } });
  const adjacency = getAdjacencyMap(alone, {
    input: INPUT,
    events: ALL,
    // Failures are counted without end; what the answers hang on is the state, the counts and the target.
    serializeState: ({ value, context }) => JSON.stringify([value, context.replicaSet, context.target]),
    serializeEvent: (message) => JSON.stringify(message),
  });
  const pairs = new Map<string, boolean>();
  for (const { state, transitions } of Object.values(adjacency)) {
    for (const { event, state: next } of Object.values<Transition>(transitions)) {
      const pair = `${stateOf(state)}: ${event.type}`;
      const changed = stateOf(next) !== stateOf(state) || !isDeepStrictEqual(next.context, state.context);
      pairs.set(pair, changed || pairs.get(pair) === true);
    }
  }
  /** A message is one region's: it is ignored in a state when that region's part of it is listed. */
  const ignored = (pair: string): boolean => {
    const [state = '', type] = pair.split(': ');
    return IGNORED_BY_ROLLOUT.some(
      (entry) => state.split(' ').includes(entry.state) && entry.messages.some((message) => message === type),
    );
  };

  it('reaches every state, and meets each with every message', () => {
    const everything = STATES.flatMap((state) => MESSAGE_TYPES.map((type) => `${state}: ${type}`));
    expect([...pairs.keys()].toSorted()).toEqual(everything.toSorted());
  });

  it('has every value of its regions on a path of the table', () => {
    const onPaths = PATHS.flatMap(([, { states }]) => states.split(/,? /));
    expect(new Set(onPaths)).toEqual(new Set([...DEPLOYMENT_ROLES, ...ROLLOUT_STATES]));
  });

  it('answers every pair, but for those on the list', () => {
    const wrong = [...pairs].filter(([pair, changed]) => changed === ignored(pair)).map(([pair]) => pair);
    expect(wrong).toEqual([]);
  });

  it('lists each pair once, with a reason', () => {
    const listed = IGNORED_BY_ROLLOUT.flatMap(({ state, messages }) => messages.map((type) => `${state} ${type}`));
    expect(new Set(listed).size).toBe(listed.length);
    for (const { reason } of IGNORED_BY_ROLLOUT) expect(reason).toMatch(/^R\d/);
  });
});

/**
 * The sidecar machine: the paths through it in a numbered table, then its invariants P1 to P3, then its graph.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { IGNORED_BY_SIDECAR, READY_STATES, sidecarMachine } from '../../../machines/sidecar/sidecar.machine.js';
import type { SidecarMessage } from '../../../machines/sidecar/sidecar.types.js';
import { arrowsOf, arrowsTaken } from '../arrows.js';

type State = SnapshotFrom<typeof sidecarMachine>['value'];

const opened: SidecarMessage = { type: 'STORE_OPENED' };
const rehydrated = (...watches: readonly string[]): SidecarMessage => ({ type: 'REHYDRATED', watches });
const synced = (watch: string): SidecarMessage => ({ type: 'WATCH_SYNCED', watch });
const trouble = (source: string, reason = `${source} is down`): SidecarMessage => ({ type: 'TROUBLE', source, reason });
const recovered = (source: string): SidecarMessage => ({ type: 'RECOVERED', source });
const stop: SidecarMessage = { type: 'STOP' };
const drained: SidecarMessage = { type: 'DRAINED' };

/** A process from its start; what it went through, each state once, and what is true of it in the end. */
function live(...messages: readonly SidecarMessage[]) {
  const arrows: string[] = [];
  const actor = createActor(sidecarMachine, {
    inspect: (inspected) => {
      if (inspected.type === '@xstate.microstep') arrows.push(...arrowsTaken(inspected));
    },
  }).start();
  const states: State[] = [actor.getSnapshot().value];
  for (const message of messages) {
    actor.send(message);
    const { value } = actor.getSnapshot();
    if (states.at(-1) !== value) states.push(value);
  }
  const { value, context, status } = actor.getSnapshot();
  return { states: states.join(' '), state: value, context, isOver: status === 'done', arrows };
}

const UP = [opened, rehydrated('pods', 'events'), synced('pods'), synced('events')] as const;

const rows: readonly (readonly [string, readonly SidecarMessage[], string])[] = [
  [
    'started, rehydrated, synced; stopped, drained',
    [...UP, stop, drained],
    'starting rehydrating syncing ready draining stopped',
  ],
  ['nothing to watch', [opened, rehydrated()], 'starting rehydrating ready'],
  [
    'trouble comes and goes',
    [...UP, trouble('pods'), recovered('pods')],
    'starting rehydrating syncing ready degraded ready',
  ],
  [
    'two troubles: ready again when both are over',
    [...UP, trouble('pods'), trouble('store'), recovered('pods'), recovered('store')],
    'starting rehydrating syncing ready degraded ready',
  ],
  [
    'trouble before it was ever ready, over in time',
    [opened, rehydrated('pods', 'events'), trouble('pods'), recovered('pods'), synced('pods'), synced('events')],
    'starting rehydrating syncing ready',
  ],
  [
    'synced for the first time while something else is wrong',
    [opened, rehydrated('pods'), trouble('store'), synced('pods'), recovered('store')],
    'starting rehydrating syncing degraded ready',
  ],
  ['stopped before the store is open', [stop, drained], 'starting draining stopped'],
  ['stopped while rehydrating', [opened, stop, stop, drained], 'starting rehydrating draining stopped'],
  ['stopped while syncing', [opened, rehydrated('pods'), stop], 'starting rehydrating syncing draining'],
  [
    'stopped while degraded',
    [...UP, trouble('pods'), stop, drained],
    'starting rehydrating syncing ready degraded draining stopped',
  ],
];
const PATHS = rows.map(([name, messages, states], index) => [`${index + 1}. ${name}`, { messages, states }] as const);

describe('paths', () => {
  it.each(PATHS)('%s', (_, { messages, states }) => expect(live(...messages).states).toBe(states));

  it('take every arrow of the chart', () => {
    const taken = PATHS.flatMap(([, { messages }]) => live(...messages).arrows);
    expect([...new Set(taken)].toSorted()).toEqual(arrowsOf(sidecarMachine).toSorted());
  });
});

describe('P1 nobody is answered before the persisted tasks are known and every watch has been synced once', () => {
  it('it may be asked when it is ready, and when it is degraded', () => {
    expect(READY_STATES).toEqual(['ready', 'degraded']);
  });

  it('waits for each watch by its name, in any order, and for none twice', () => {
    const watches = ['pods', 'deployments', 'replicasets'];
    const { state, context } = live(opened, rehydrated(...watches), synced('replicasets'), synced('replicasets'));
    expect([state, context.waitingFor]).toEqual(['syncing', ['pods', 'deployments']]);
    expect(live(opened, rehydrated(...watches), ...watches.toReversed().map(synced)).state).toBe('ready');
  });

  it('a watch that nobody waits for makes nothing ready', () => {
    expect(live(opened, rehydrated('pods'), synced('events')).state).toBe('syncing');
  });

  it('a watch that syncs is in no trouble any more; what is wrong elsewhere stays known', () => {
    const { state, context } = live(opened, rehydrated('pods'), trouble('pods'), trouble('store'), synced('pods'));
    expect([state, context]).toEqual(['degraded', { waitingFor: [], troubles: { store: 'store is down' } }]);
    expect(live(opened, rehydrated('pods'), trouble('pods'), synced('pods'))).toMatchObject({
      state: 'ready',
      context: { waitingFor: [], troubles: {} },
    });
  });

  it('trouble, and its end, make nothing ready', () => {
    expect(live(opened, rehydrated('pods'), trouble('pods'), recovered('pods')).state).toBe('syncing');
  });
});

describe('P2 trouble after that does not close the door, and says why', () => {
  it('the last reason of each source is told, until all are over', () => {
    const down = [...UP, trouble('pods', 'refused'), trouble('store', 'full'), trouble('pods', 'timed out')];
    expect(live(...down)).toMatchObject({
      state: 'degraded',
      context: { troubles: { pods: 'timed out', store: 'full' } },
    });
    expect(live(...down, recovered('events'), recovered('store'))).toMatchObject({
      state: 'degraded',
      context: { troubles: { pods: 'timed out' } },
    });
    expect(live(...down, recovered('store'), recovered('pods'))).toMatchObject({
      state: 'ready',
      context: { troubles: {} },
    });
  });

  it('a watch that lists again is no recovery by itself: RECOVERED tells it', () => {
    expect(live(...UP, trouble('pods'), synced('pods')).state).toBe('degraded');
  });
});

describe('P3 once draining there is no way back', () => {
  it('nothing but its end is answered any more', () => {
    const before = [...UP, trouble('pods'), stop];
    const later = [opened, rehydrated('pods'), synced('pods'), trouble('store'), recovered('pods'), stop];
    const { state, context } = live(...before, ...later);
    expect([state, context]).toEqual(['draining', live(...before).context]);
  });

  it('stopped is the end: the actor takes nothing more', () => {
    expect([live(...UP, stop).isOver, live(...UP, stop, drained).isOver]).toEqual([false, true]);
  });
});

describe('the graph of the sidecar machine', () => {
  const MESSAGES: readonly SidecarMessage[] = [
    opened,
    rehydrated(),
    rehydrated('pods', 'events'),
    synced('pods'),
    synced('events'),
    trouble('pods'),
    trouble('store'),
    recovered('pods'),
    recovered('store'),
    stop,
    drained,
  ];
  const STATES: readonly string[] = Object.keys(sidecarMachine.states);
  const MESSAGE_TYPES = [...new Set(MESSAGES.map(({ type }) => type))];
  const PAIRS = STATES.flatMap((state) => MESSAGE_TYPES.map((type) => `${state} ${type}`));

  type Snapshot = SnapshotFrom<typeof sidecarMachine>;
  interface Transition {
    readonly event: SidecarMessage;
    readonly state: Snapshot;
  }
  const adjacency = getAdjacencyMap(sidecarMachine, {
    events: MESSAGES,
    serializeState: ({ value, context }) => JSON.stringify([value, context]),
    serializeEvent: (message) => JSON.stringify(message),
  });
  const reached = new Set<string>();
  const answered = new Set<string>();
  for (const { state, transitions } of Object.values(adjacency)) {
    reached.add(state.value);
    // An actor that is done takes nothing, whatever its chart says.
    if (state.status !== 'active') continue;
    for (const { event, state: next } of Object.values<Transition>(transitions)) {
      if (next.value !== state.value || !isDeepStrictEqual(next.context, state.context))
        answered.add(`${state.value} ${event.type}`);
    }
  }
  const ignored = IGNORED_BY_SIDECAR.flatMap(({ state, messages }) => messages.map((type) => `${state} ${type}`));

  it('reaches every state, and each is on a path of the table', () => {
    expect([...reached].toSorted()).toEqual(STATES.toSorted());
    const onPaths = new Set(PATHS.flatMap(([, { states }]) => states.split(' ')));
    expect([...onPaths].toSorted()).toEqual(STATES.toSorted());
  });

  it('answers every pair, but for those on the list', () => {
    expect(PAIRS.filter((pair) => !answered.has(pair)).toSorted()).toEqual(ignored.toSorted());
  });

  it('lists each pair once, with a reason', () => {
    expect(new Set(ignored).size).toBe(ignored.length);
    expect(IGNORED_BY_SIDECAR.filter(({ reason }) => reason.length === 0)).toEqual([]);
  });
});

it('has at most twelve top-level context keys, which survive JSON', () => {
  const { context } = live(opened, rehydrated('pods', 'events'), trouble('store'));
  expect(JSON.parse(JSON.stringify(context))).toEqual({
    waitingFor: ['pods', 'events'],
    troubles: { store: 'store is down' },
  });
  expect(Object.keys(context).length).toBeLessThanOrEqual(12);
});

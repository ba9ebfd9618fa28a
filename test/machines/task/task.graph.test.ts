/**
 * The task machine's graph is closed: every reachable state is on a path of the table, and every (state, message) pair either does
 * something or is on the list of those that do nothing, with its reason.
 */
import { describe, expect, it } from 'vitest';
import type { SnapshotFrom } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { PROFILE_NAMES } from '../../../machines/semantics.js';
import { IGNORED_BY_TASK, lastStatusOf, taskMachine } from '../../../machines/task/task.machine.js';
import { LAST_STATUSES } from '../../../machines/task/task.types.js';
import type { LastStatus, TaskMessage } from '../../../machines/task/task.types.js';
import { IDENTITY, LOOKS, event, exited, facts, gone, observed, startedBy, stop } from './messages.js';
import { PATHS } from './paths.js';

/** One of everything that a task can be told, and of looks one for each state. */
const messagesOf = (profile: (typeof PROFILE_NAMES)[number]): readonly TaskMessage[] => [
  ...LAST_STATUSES.map((status) => observed(LOOKS[profile][status])),
  observed(facts(exited(7, 40), exited(0, 41), { deletion: { requestedAt: 20, graceSeconds: 30 } })),
  gone(60),
  gone(60, LOOKS[profile].DEPROVISIONING),
  event('pulling', 1),
  event('pulled', 2),
  event('pulled', 3),
  stop(20),
  startedBy('ecs-svc/1000000000000000000'),
];

const MESSAGE_TYPES: readonly TaskMessage['type'][] = [
  'POD_OBSERVED',
  'POD_GONE',
  'EVENT_OBSERVED',
  'STOP_REQUESTED',
  'STARTED_BY',
];

type Snapshot = SnapshotFrom<typeof taskMachine>;
interface Transition {
  readonly event: TaskMessage;
  readonly state: Snapshot;
}

/** All (state, message) pairs met on a walk over the whole graph, and whether the message changed anything at least once. */
function explore(profile: (typeof PROFILE_NAMES)[number]) {
  const adjacency = getAdjacencyMap(taskMachine, {
    input: { identity: IDENTITY, profile },
    events: messagesOf(profile),
    // The version grows without end; what the answers hang on is the state, what is wanted, and which instants are known.
    serializeState: ({ value, context }) =>
      JSON.stringify([value, context.desiredStatus, Object.keys(context.times), context.identity.startedBy]),
    serializeEvent: (message) => JSON.stringify(message),
  });
  const reached = new Set<LastStatus>();
  const pairs = new Map<string, boolean>();
  for (const { state, transitions } of Object.values(adjacency)) {
    const from = lastStatusOf(state.value);
    reached.add(from);
    for (const { event: message, state: next } of Object.values<Transition>(transitions)) {
      const changed = next.context !== state.context || lastStatusOf(next.value) !== from;
      const pair = `${from} ${message.type}`;
      pairs.set(pair, changed || pairs.get(pair) === true);
    }
  }
  return { reached, pairs };
}

const ignored = IGNORED_BY_TASK.map(({ state, message }) => `${state} ${message}`).toSorted();

describe.each(PROFILE_NAMES)('the graph of the task machine: %s', (profile) => {
  const { reached, pairs } = explore(profile);

  it('reaches every state', () => {
    expect([...reached].toSorted()).toEqual(LAST_STATUSES.toSorted());
  });

  it('has every reachable state on a path of the table', () => {
    const onPaths = new Set(
      PATHS.filter((path) => path.profile === profile).flatMap(({ states }) => states.split(' ')),
    );
    expect([...reached].filter((status) => !onPaths.has(status))).toEqual([]);
  });

  it('meets every state with every message', () => {
    const all = LAST_STATUSES.flatMap((status) => MESSAGE_TYPES.map((type) => `${status} ${type}`));
    expect([...pairs.keys()].toSorted()).toEqual(all.toSorted());
  });

  it('answers every pair, but for those on the list', () => {
    const unanswered = [...pairs].flatMap(([pair, changed]) => (changed ? [] : [pair]));
    expect(unanswered.toSorted()).toEqual(ignored);
  });
});

describe('the list of ignored pairs', () => {
  it('names each pair once, with a reason', () => {
    expect(new Set(ignored).size).toBe(ignored.length);
    for (const { reason } of IGNORED_BY_TASK) expect(reason).toMatch(/^T\d/);
  });
});

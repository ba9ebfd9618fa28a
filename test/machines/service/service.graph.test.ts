/**
 * The service machine's graph is closed: every reachable state is on a path of the table, and every (state, message) pair either does
 * something or is on the list of those that do nothing, with its reason. A service lives with its deployments, which are actors: each step
 * of the walk is taken by a real one, restored from what the step before left.
 */
import { describe, expect, it } from 'vitest';
import { fromTransition } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { IGNORED_BY_SERVICE } from '../../../machines/service/service.machine.js';
import { SERVICE_STATUSES } from '../../../machines/service/service.types.js';
import type { ServiceMessage, ServiceStatus } from '../../../machines/service/service.types.js';
import { after } from '../task/messages.js';
import {
  GONE,
  IDENTITY,
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
  taskSet,
  taskSetGone,
} from './messages.js';
import { brokenInvariants } from './invariants.js';
import { PATHS } from './paths.js';
import { RunningService } from './running-service.js';
import type { Persisted, ServiceStep } from './running-service.js';

/** In seconds: the walk goes back to many places, so it has one instant for all of them. */
const NOW = 1;
/** By which the walk goes on: what the cluster tells of a service and its tasks. */
const MESSAGES: readonly ServiceMessage[] = [
  deployment(NOW, UNSEEN),
  deployment(NOW, complete()),
  deployment(NOW, { of: 2, total: 4, ready: 3, updated: 1, progress: 'ProgressDeadlineExceeded' }),
  deployment(NOW, { ...complete(), deletionRequestedAt: after(4) }),
  deployment(NOW, { uid: 'another', ...complete(1) }),
  deploymentGone(NOW),
  replicaSet(NOW, all(3)),
  replicaSet(NOW, all(0)),
  replicaSet(NOW, { ...all(3), owned: false }),
  replicaSet(NOW, { of: 2, ...all(1) }),
  replicaSetGone(NOW),
  task(NOW, 'a', { failed: true }),
  task(NOW, 'a', GONE),
];
/** What it is told besides, at every place that the walk reaches: its own deployments speak of the PRIMARY. */
const besides = ({ deployments: [primary] }: ServiceStep): readonly ServiceMessage[] => [
  { type: 'ROLLOUT_SETTLED', id: primary?.id ?? 'ecs-svc/1', to: 'COMPLETED', at: after(NOW) },
  { type: 'ROLLOUT_ENDED', id: primary?.id ?? 'ecs-svc/1', at: after(NOW) },
  noticed(NOW),
  task(NOW, 'b'),
  batchDue(NOW),
  taskSet(NOW, 'a'),
  taskSetGone(NOW, 'a'),
];
const MESSAGE_TYPES: readonly ServiceMessage['type'][] = [
  'DEPLOYMENT_OBSERVED',
  'DEPLOYMENT_GONE',
  'REPLICASET_OBSERVED',
  'REPLICASET_GONE',
  'TASK_SET_OBSERVED',
  'TASK_SET_GONE',
  'TASK_MOVED',
  'NOTICED',
  'BATCH_DUE',
  'ROLLOUT_SETTLED',
  'ROLLOUT_ENDED',
];

/** A service between two steps of the walk. */
interface Place {
  readonly persisted: Persisted;
  readonly now: ServiceStep;
}
const placeOf = (service: RunningService): Place => ({ persisted: service.persisted, now: service.now });
const from = ({ persisted }: Place): RunningService => new RunningService(IDENTITY, persisted);

/**
 * Events and rollouts are counted, and lists grow, without end. What the answers hang on: the status, what is known of the Deployment, who
 * is in the list, which ReplicaSets are its, and whether there are tasks.
 */
function summary({ now: { status, context, deployments } }: Place): string {
  const { deployment: seen, replicaSets, tasks, orphaned } = context;
  return JSON.stringify([
    status,
    seen === undefined || seen.deletionRequestedAt !== undefined,
    [...new Set(deployments.map(({ role, rollout }) => `${role} ${rollout}`))],
    Object.values(replicaSets).filter(({ deployment: bound }) => bound !== undefined).length,
    orphaned,
    Object.keys(tasks).length,
  ]);
}

const adjacency = getAdjacencyMap(
  fromTransition(
    (place: Place, message: ServiceMessage) => placeOf(from(place).send(message)),
    placeOf(new RunningService()),
  ),
  {
    events: MESSAGES,
    serializeState: ({ context }) => summary(context),
    serializeEvent: (message) => JSON.stringify(message),
  },
);

interface Transition {
  readonly event: ServiceMessage;
  readonly state: { readonly context: Place };
}
const reached = new Set<ServiceStatus>();
/** All (state, message) pairs met on the walk, and whether the message changed anything at least once. */
const pairs = new Map<string, boolean>();
const broken = new Set<string>();
const isChanged = (before: Place, now: ServiceStep): boolean =>
  JSON.stringify([now.context, now.deployments]) !== JSON.stringify([before.now.context, before.now.deployments]) ||
  now.status !== before.now.status;
function meet(before: Place, { type }: ServiceMessage, now: ServiceStep): void {
  const pair = `${before.now.status} ${type}`;
  pairs.set(pair, pairs.get(pair) === true || isChanged(before, now));
}
for (const { state, transitions } of Object.values(adjacency)) {
  const place = state.context;
  reached.add(place.now.status);
  for (const { event, state: next } of Object.values<Transition>(transitions)) {
    meet(place, event, next.context.now);
    for (const name of brokenInvariants(place.now, event, next.context.now)) broken.add(name);
  }
  let here = place;
  for (const message of besides(place.now)) {
    const service = from(here).send(message);
    meet(here, message, service.now);
    if (service.status === here.now.status) here = placeOf(service);
  }
}
const ignored = IGNORED_BY_SERVICE.flatMap(({ state, messages }) => messages.map((type) => `${state} ${type}`));

describe('the graph of the service machine', () => {
  it('reaches every state', () => {
    expect([...reached].toSorted()).toEqual(SERVICE_STATUSES.toSorted());
  });

  it('has every reachable state on a path of the table', () => {
    const onPaths = new Set<string>(PATHS.flatMap(({ statuses }) => statuses.split(' ')));
    expect([...reached].filter((status) => !onPaths.has(status))).toEqual([]);
  });

  it('meets every state with every message', () => {
    const everything = SERVICE_STATUSES.flatMap((status) => MESSAGE_TYPES.map((type) => `${status} ${type}`));
    expect([...pairs.keys()].toSorted()).toEqual(everything.toSorted());
  });

  it('keeps every invariant on every step of the walk', () => {
    expect([...broken]).toEqual([]);
  });

  it('answers every pair, but for those on the list', () => {
    const unanswered = [...pairs].flatMap(([pair, changed]) => (changed ? [] : [pair]));
    expect(unanswered.toSorted()).toEqual(ignored.toSorted());
  });
});

describe('the list of ignored pairs', () => {
  it('names each pair once, with a reason', () => {
    expect(new Set(ignored).size).toBe(ignored.length);
    for (const { reason } of IGNORED_BY_SERVICE) expect(reason).toMatch(/^(S|row )\d/);
  });
});

/**
 * Owns arbitrary messages to a service, for the properties of its machine. Nothing in them is plausible but their types, and that a
 * ReplicaSet has one template for its life. What its own deployments tell it is left to them.
 */
import * as fc from 'fast-check';
import type { ServiceMessage } from '../../../machines/service/service.types.js';
import { LAST_STATUSES } from '../../../machines/task/task.types.js';
import { BIRTH, after } from '../task/messages.js';
import {
  batchDue,
  deployment,
  deploymentGone,
  noticed,
  replicaSet,
  replicaSetGone,
  task,
  taskSet,
  taskSetGone,
} from './messages.js';

const few = fc.nat(3);
const template = fc.integer({ min: 1, max: 3 });
const rarely = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const counts = fc.oneof(
  fc.record({ desired: few, total: few, ready: few }),
  few.map((count) => ({ desired: count, total: count, ready: count })),
);

const deploymentSeen = fc
  .record({
    of: template,
    counts,
    updated: fc.option(few, { nil: undefined }),
    generation: fc.integer({ min: 1, max: 4 }),
    behind: fc.nat(1),
    available: fc.boolean(),
    progress: fc.constantFrom(
      undefined,
      'ReplicaSetUpdated',
      'NewReplicaSetAvailable',
      'NewReplicaSetAvailable',
      'ProgressDeadlineExceeded',
    ),
    another: rarely(9),
    deleted: rarely(15),
  })
  .map(({ of, counts: { desired, total, ready }, updated = total, generation, behind, available, progress, ...rest }) =>
    deployment(0, {
      of,
      desired,
      total,
      ready,
      updated,
      generation,
      observedGeneration: generation - behind,
      available,
      ...(progress === undefined ? {} : { progress }),
      ...(rest.another ? { uid: 'another', createdAt: after(60) } : {}),
      ...(rest.deleted ? { deletionRequestedAt: after(30) } : {}),
    }),
  );

const replicaSetSeen = fc
  .record({ of: template, revision: fc.integer({ min: 1, max: 6 }), counts, givenAway: rarely(9) })
  .map(({ of, revision, counts, givenAway }) => replicaSet(0, { of, revision, ...counts, owned: !givenAway }));

const taskMoved = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    // Of the fourth no template is known.
    of: fc.integer({ min: 1, max: 4 }),
    created: fc.nat(40),
    lastStatus: fc.constantFrom(...LAST_STATUSES),
    wanted: fc.boolean(),
    ran: fc.boolean(),
    failed: rarely(3),
    unhealthy: rarely(3),
    stopCode: fc.constantFrom(undefined, 'UserInitiated' as const, 'ServiceSchedulerInitiated' as const),
  })
  .map(({ name, stopCode, ...look }) => task(0, name, { ...look, ...(stopCode === undefined ? {} : { stopCode }) }));

const notice = fc.constantFrom('quota', 'image', 'node').map((cause) => noticed(0, cause));

const message: fc.Arbitrary<ServiceMessage> = fc.oneof(
  { weight: 10, arbitrary: deploymentSeen },
  { weight: 10, arbitrary: replicaSetSeen },
  { weight: 8, arbitrary: taskMoved },
  { weight: 2, arbitrary: template.map((of) => replicaSetGone(0, of)) },
  { weight: 2, arbitrary: fc.constant(deploymentGone(0)) },
  { weight: 2, arbitrary: notice },
  { weight: 2, arbitrary: fc.constant(batchDue(0)) },
);

/** Each is received some time after the one before, mostly within seconds. */
const inTime = (entries: readonly (readonly [ServiceMessage, number])[]): readonly ServiceMessage[] => {
  let at = BIRTH;
  return entries.map(([entry, waited]) => {
    at += waited;
    return { ...entry, at };
  });
};
const waited = fc.oneof({ weight: 9, arbitrary: fc.nat(3000) }, { weight: 1, arbitrary: fc.nat(4 * 3_600_000) });

export const arbitraryMessages: fc.Arbitrary<readonly ServiceMessage[]> = fc
  .array(fc.tuple(message, waited), { minLength: 1, maxLength: 30 })
  .map(inTime);

/** To a service whose tasks are those of task sets. */
const taskSetMessage: fc.Arbitrary<ServiceMessage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'b'), counts, fc.boolean())
      .map(([id, seen, primary]) => taskSet(0, id, { ...seen, primary })),
  },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((id) => taskSetGone(0, id)) },
  { weight: 3, arbitrary: taskMoved },
  { weight: 1, arbitrary: notice },
  { weight: 1, arbitrary: fc.constant(batchDue(0)) },
);
export const arbitraryTaskSetMessages: fc.Arbitrary<readonly ServiceMessage[]> = fc
  .array(fc.tuple(taskSetMessage, waited), { minLength: 1, maxLength: 20 })
  .map(inTime);

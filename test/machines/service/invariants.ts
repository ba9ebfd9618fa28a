/**
 * Owns the check of the service machine's invariants over one step: what a service was, what it was told, what it is.
 */
import { SERVICE_STATUSES } from '../../../machines/service/service.types.js';
import type { DeploymentRole, RolloutState, ServiceMessage } from '../../../machines/service/service.types.js';
import type { ServiceStep } from './running-service.js';

const ROLES: readonly DeploymentRole[] = ['PRIMARY', 'ACTIVE', 'INACTIVE'];
/** R2: what a rollout may become. */
const NEXT: Readonly<Record<RolloutState, readonly RolloutState[]>> = {
  IN_PROGRESS: ['IN_PROGRESS', 'COMPLETED', 'FAILED'],
  FAILED: ['FAILED', 'COMPLETED'],
  COMPLETED: ['COMPLETED'],
};
/** S6: what a service may become; one that is DRAINING may be made again. */
const LATER: Readonly<Record<ServiceStep['status'], readonly ServiceStep['status'][]>> = {
  PENDING: SERVICE_STATUSES,
  ACTIVE: ['ACTIVE', 'DRAINING', 'INACTIVE'],
  DRAINING: SERVICE_STATUSES,
  INACTIVE: ['INACTIVE'],
};

type Holds = (before: ServiceStep, message: ServiceMessage, after: ServiceStep) => boolean;

const isUp = ({ status }: ServiceStep): boolean => status === 'PENDING' || status === 'ACTIVE';
const boundTo = ({ context }: ServiceStep, id: string) =>
  Object.values(context.replicaSets).filter(({ deployment }) => deployment === id);
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
/** Every deployment that was there and is there still. */
const stayed = (before: ServiceStep, after: ServiceStep) =>
  after.deployments.flatMap((is) => {
    const was = before.deployments.find(({ id }) => id === is.id);
    return was === undefined ? [] : [{ was, is }];
  });

/** The invariants by name: whether each holds over the step from `before` to `after`. */
const INVARIANTS: Readonly<Record<string, Holds>> = {
  'S1 once its Deployment was seen, exactly one PRIMARY, and it is deployments[0]': (_, __, after) =>
    !isUp(after) ||
    after.context.deployment === undefined ||
    (after.deployments[0]?.role === 'PRIMARY' &&
      after.deployments.filter(({ role }) => role === 'PRIMARY').length === 1),
  'S1 its template is the Deployment’s': ({ context: was }, _, after) =>
    !isUp(after) ||
    after.context.deployment === was.deployment ||
    after.context.deployments[0]?.template === after.context.deployment?.template,
  'S2 what has ended is not in the list': (_, __, { deployments }) =>
    deployments.every(({ role }) => role !== 'INACTIVE'),
  'S2 nobody but the PRIMARY is there with an empty ReplicaSet': (_, __, { deployments }) =>
    deployments.every(
      ({ role, context: { replicaSet } }) =>
        role === 'PRIMARY' || replicaSet === undefined || replicaSet.desired > 0 || replicaSet.total > 0,
    ),
  'S2 nobody waits for a ReplicaSet when a later one has its own': (_, __, after) => {
    const has = after.deployments.map(({ id }) => boundTo(after, id).length > 0);
    const first = has.indexOf(true);
    return first < 0 || has.slice(first).every((it) => it);
  },
  'S2 a steady service has one deployment, and it is COMPLETED': (_, __, { context, deployments }) =>
    !context.rollouts.steady || (deployments.length === 1 && deployments[0]?.rollout === 'COMPLETED'),
  'S2 the child actors are the deployments of the list': (_, __, { children, deployments }) =>
    isSame(children.toSorted(), deployments.map(({ id }) => id).toSorted()),
  'S3 ids have 19 digits and are unique': (_, __, { context, deployments }) => {
    const ids = [...deployments, ...context.rollouts.past].map(({ id }) => id);
    return new Set(ids).size === ids.length && ids.every((id) => /^ecs-svc\/[1-9]\d{18}$/.test(id));
  },
  'S3 an id that was not there is new, and each is counted': (before, _, after) => {
    const known = new Set([...before.deployments, ...before.context.rollouts.past].map(({ id }) => id));
    const added = after.deployments.filter(({ id }) => !known.has(id)).length;
    const left = after.context.rollouts.past.filter(({ id }) => !known.has(id)).length;
    return after.context.rollouts.count === before.context.rollouts.count + added + left;
  },
  'S3 a task keeps the deployment that started it': ({ context: { tasks } }, _, after) =>
    Object.entries(after.context.tasks).every(
      ([taskId, { deployment }]) => tasks[taskId]?.deployment === undefined || tasks[taskId].deployment === deployment,
    ),
  'S4 the latest 100, newest first, numbered without a gap': (_, __, { context: { events } }) =>
    events.ring.length <= 100 &&
    events.ring.every(({ number }, index) => number === events.last - index) &&
    events.ring.every(({ at }, index) => at >= (events.ring[index + 1]?.at ?? at)),
  'S4 what was told stays told': (before, _, after) => {
    if (before.status === 'DRAINING' && isUp(after)) return after.context.events.last >= before.context.events.last;
    const added = after.context.events.last - before.context.events.last;
    return (
      added >= 0 && isSame(after.context.events.ring.slice(added), before.context.events.ring.slice(0, 100 - added))
    );
  },
  'S5 nothing but a deletion ends it': (before, message, after) =>
    !isUp(before) ||
    isUp(after) ||
    message.type === 'DEPLOYMENT_GONE' ||
    (message.type === 'DEPLOYMENT_OBSERVED' && message.facts.deletionRequestedAt !== undefined),
  'S6 the status goes its way': (before, _, after) => LATER[before.status].includes(after.status),
  'S6 it is not over while a task is left, unless that was given away': (before, message, after) => {
    if (before.status === 'INACTIVE' || after.status !== 'INACTIVE') return true;
    const stopped = message.type === 'TASK_MOVED' && message.task.lastStatus === 'STOPPED' ? message.task.taskId : '';
    const left = Object.keys(before.context.tasks).filter((taskId) => taskId !== stopped);
    const isGivenAway = before.context.orphaned || (message.type === 'REPLICASET_OBSERVED' && !message.facts.owned);
    return left.length === 0 || isGivenAway;
  },
  'S6 it is not over while its Deployment is there': (_, __, { status, context }) =>
    status !== 'INACTIVE' || context.deployment === undefined,
  'S6 it is over once nothing is left': (_, __, { status, context }) =>
    status !== 'DRAINING' || context.deployment !== undefined || Object.keys(context.tasks).length > 0,
  'S6 over is over': (before, _, after) => before.status !== 'INACTIVE' || isSame(after.context, before.context),
  'S6 over, it has nothing but its past': (_, __, { status, context, deployments }) =>
    status !== 'INACTIVE' ||
    (isSame(context.counts, { desired: 0, running: 0, pending: 0 }) &&
      deployments.length + Object.keys(context.tasks).length + Object.keys(context.replicaSets).length === 0),
  'R1 a role only falls': (before, _, after) =>
    stayed(before, after).every(({ was, is }) => ROLES.indexOf(is.role) >= ROLES.indexOf(was.role)),
  'R2 COMPLETED is not taken back': (before, _, after) =>
    stayed(before, after).every(({ was, is }) => NEXT[was.rollout].includes(is.rollout)),
  'R4 the PRIMARY wants what the service wants': (_, __, after) =>
    !isUp(after) ||
    after.context.deployment === undefined ||
    after.deployments[0]?.context.target === after.context.deployment.desired,
  'R4 a deployment has the counts of its ReplicaSet': (_, __, after) =>
    after.deployments.every(({ id, context: { replicaSet } }) => {
      const [bound] = boundTo(after, id);
      const counts = bound && { desired: bound.desired, total: bound.total, ready: bound.ready };
      return isSame(replicaSet, counts);
    }),
  'row 13: failed tasks are counted up': (before, _, after) =>
    stayed(before, after).every(({ was, is }) => is.context.failedTasks >= was.context.failedTasks),
  'JSON gives back what it is given': (_, __, { context }) => {
    // Compared as text: an undefined key is as good as none.
    const text = JSON.stringify(context);
    return JSON.stringify(JSON.parse(text)) === text;
  },
};

/** The names of the invariants that do not hold over this step. */
export const brokenInvariants = (before: ServiceStep, message: ServiceMessage, after: ServiceStep): readonly string[] =>
  Object.entries(INVARIANTS).flatMap(([name, holds]) => (holds(before, message, after) ? [] : [name]));

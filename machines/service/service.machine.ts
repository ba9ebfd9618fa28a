/**
 * The service machine. One actor is one ECS service, from the first sight of any of its objects until it is INACTIVE. It alone says what its
 * status, counts and events are, and which deployments it has and in which order; each deployment is a child actor (rollout.machine.ts) that
 * says how far it is. It learns of the cluster only by messages, imports XState and its own files, and makes its ids from its input.
 *
 * Invariants, cited by code and tests:
 * - S1 while ACTIVE exactly one PRIMARY, and it is deployments[0].
 * - S2 a deployment with no tasks left and no longer PRIMARY leaves the list: a steady service shows exactly one.
 * - S3 deployment ids are unique a rollout, stable across restarts, and the startedBy of its tasks. Going back to an old task definition is a
 *   new rollout with a new id, though Kubernetes takes the old ReplicaSet again, under a new revision.
 * - S4 the events ring holds the latest 100, newest first, ids stable.
 * - S5 a service scaled to 0 stays ACTIVE.
 * - S6 a deleted one is DRAINING until its tasks are gone (or were given away with their ReplicaSet), then INACTIVE, and can be described.
 *   Made again under its name before that, which Kubernetes allows and ECS does not, it is the new one from then on.
 */
import { enqueueActions, setup } from 'xstate';
import type { AnyActorRef } from 'xstate';
import {
  batchDue,
  buried,
  deploymentGone,
  deploymentObserved,
  initialContext,
  noticed,
  replicaSetGone,
  renewed,
  replicaSetObserved,
  rolloutEnded,
  rolloutSettled,
  steadied,
  taskMoved,
  taskSetGone,
  taskSetObserved,
} from './react.js';
import type { Reaction } from './plan.js';
import type { DeploymentStanding } from './react.js';
import { rolloutMachine } from './rollout.machine.js';
import type { RolloutStateValue } from './rollout.machine.js';
import type {
  RolloutContext,
  ServiceContext,
  ServiceEmitted,
  ServiceIdentity,
  ServiceInput,
  ServiceMessage,
} from './service.types.js';

/** How a deployment stands now. */
export function standingOf(
  deployment: AnyActorRef | undefined,
): (DeploymentStanding & RolloutStateValue & { readonly context: RolloutContext }) | undefined {
  if (deployment === undefined) return undefined;
  // The children of a service are rollouts and nothing else.
  const { value, context } = deployment.getSnapshot() as {
    readonly value: RolloutStateValue;
    readonly context: RolloutContext;
  };
  return {
    ...value,
    context,
    ...(context.finishedAt === undefined ? {} : { finishedAt: context.finishedAt }),
    ...(context.taskDefinitionArn === undefined ? {} : { taskDefinitionArn: context.taskDefinitionArn }),
  };
}

/** What is born takes its identity from the object that it is born of. */
const atBirth = (context: ServiceContext, identity: ServiceIdentity | undefined): ServiceContext =>
  identity === undefined || context.born !== undefined ? context : { ...context, identity };

function reactionTo(
  context: ServiceContext,
  event: ServiceMessage,
  children: Readonly<Record<string, AnyActorRef | undefined>>,
): Reaction {
  switch (event.type) {
    case 'DEPLOYMENT_OBSERVED':
      return deploymentObserved(atBirth(context, event.identity), event.facts, event.at);
    case 'DEPLOYMENT_GONE':
      return deploymentGone(context);
    case 'REPLICASET_OBSERVED':
      return replicaSetObserved(context, event.facts, event.at);
    case 'REPLICASET_GONE':
      return replicaSetGone(context, event.uid, event.at);
    case 'TASK_SET_OBSERVED':
      return taskSetObserved(atBirth(context, event.identity), event.facts, event.at);
    case 'TASK_SET_GONE':
      return taskSetGone(context, event.uid);
    case 'TASK_MOVED':
      return taskMoved(context, event.task, event.at);
    case 'NOTICED':
      return noticed(context, event.cause, event.message, event.at);
    case 'BATCH_DUE':
      return batchDue(context, event.at);
    case 'ROLLOUT_SETTLED':
      return rolloutSettled(context, event.id, event.to, event.at);
    case 'ROLLOUT_ENDED':
      return rolloutEnded(context, event.id, standingOf(children[event.id]), event.at);
  }
}

/** No task of the service is left but, perhaps, the one that this message says is STOPPED. */
const tasksLeft = (context: ServiceContext, event: ServiceMessage): boolean => {
  const leaving = event.type === 'TASK_MOVED' && event.task.lastStatus === 'STOPPED' ? event.task.taskId : undefined;
  return Object.keys(context.tasks).some((taskId) => taskId !== leaving);
};

const isMadeAgain = (context: ServiceContext, event: ServiceMessage): boolean =>
  event.type === 'DEPLOYMENT_OBSERVED' &&
  event.facts.deletionRequestedAt === undefined &&
  event.facts.uid !== context.deployment?.uid;

/** Row 14: Available for its current generation. */
const isAvailable = (event: ServiceMessage): boolean =>
  event.type === 'DEPLOYMENT_OBSERVED' &&
  event.facts.available &&
  event.facts.observedGeneration >= event.facts.generation;

export const serviceMachine = setup({
  types: {
    context: {} as ServiceContext, // types only: XState reads them and never the values
    events: {} as ServiceMessage,
    input: {} as ServiceInput,
    emitted: {} as ServiceEmitted,
  },
  actors: { rollout: rolloutMachine },
  guards: {
    /** Its deletion was asked for. */
    isBeingDeleted: ({ event }) =>
      event.type === 'DEPLOYMENT_OBSERVED' && event.facts.deletionRequestedAt !== undefined,
    /** S6: a Deployment that is not the one which went. */
    isMadeAgain: ({ context, event }) => isMadeAgain(context, event),
    isMadeAgainAndAvailable: ({ context, event }) => isMadeAgain(context, event) && isAvailable(event),
    isAvailable: ({ event }) => isAvailable(event),
    /** S6: the Deployment is gone with this message, and no task of its is left. */
    nothingIsLeft: ({ context, event }) => context.orphaned || !tasksLeft(context, event),
    /** S6: the Deployment went before, and now its ReplicaSet is given away. */
    isGivenAway: ({ context, event }) =>
      event.type === 'REPLICASET_OBSERVED' && !event.facts.owned && context.deployment === undefined,
    /** S6: the Deployment went before, and the last task goes with this message. */
    lastTaskStopped: ({ context, event }) => context.deployment === undefined && !tasksLeft(context, event),
  },
  actions: {
    /** Changes what is known, tells the deployments, and tells the steady state when it is reached. */
    react: enqueueActions(({ context, event, enqueue, self }) => {
      // A service's children are its rollouts, by their ids.
      const children = self.getSnapshot().children as Readonly<Record<string, AnyActorRef | undefined>>;
      const { context: next, commands } = reactionTo(context, event, children);
      // As in the task machine: what changes nothing leaves the very same snapshot, by which the system knows that there is nothing to write.
      if (next !== context) enqueue.assign(next);
      for (const command of commands) {
        switch (command.do) {
          case 'spawn':
            enqueue.spawnChild('rollout', { id: command.input.id, input: command.input });
            break;
          case 'send':
            enqueue.sendTo(command.id, command.message);
            break;
          case 'stop':
            enqueue.stopChild(command.id);
            break;
          case 'assign':
            enqueue.emit({ type: 'taskAssigned', taskId: command.taskId, startedBy: command.startedBy });
        }
      }
    }),
    settle: enqueueActions(({ context, event, enqueue }) => {
      const next = steadied(context, event.at);
      if (next !== context) enqueue.assign(next);
    }),
    renew: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'DEPLOYMENT_OBSERVED') return;
      const { context: next, commands } = renewed(context, event.facts);
      enqueue.assign(next);
      for (const command of commands) if (command.do === 'stop') enqueue.stopChild(command.id);
    }),
    bury: enqueueActions(({ context, event, enqueue }) => {
      const { context: next, commands } = buried(context, event.at);
      enqueue.assign(next);
      for (const command of commands) if (command.do === 'stop') enqueue.stopChild(command.id);
    }),
  },
}).createMachine({
  id: 'service',
  context: ({ input }) => initialContext(input),
  initial: 'PENDING',
  on: {
    REPLICASET_OBSERVED: { actions: ['react', 'settle'] },
    REPLICASET_GONE: { actions: ['react', 'settle'] },
    TASK_SET_OBSERVED: { actions: 'react' },
    TASK_SET_GONE: { actions: 'react' },
    TASK_MOVED: { actions: ['react', 'settle'] },
    NOTICED: { actions: 'react' },
    BATCH_DUE: { actions: 'react' },
    ROLLOUT_SETTLED: { actions: ['react', 'settle'] },
    ROLLOUT_ENDED: { actions: ['react', 'settle'] },
  },
  states: {
    PENDING: {
      on: {
        DEPLOYMENT_OBSERVED: [
          { guard: 'isBeingDeleted', target: 'DRAINING', actions: ['react', 'settle'] },
          { guard: 'isAvailable', target: 'ACTIVE', actions: ['react', 'settle'] },
          { actions: ['react', 'settle'] },
        ],
        DEPLOYMENT_GONE: [
          { guard: 'nothingIsLeft', target: 'INACTIVE', actions: ['react', 'bury'] },
          { target: 'DRAINING', actions: ['react', 'settle'] },
        ],
        // ECS has such a service ACTIVE from its creation; it has no rollout of its own to wait for.
        TASK_SET_OBSERVED: { target: 'ACTIVE', actions: 'react' },
      },
    },
    ACTIVE: {
      on: {
        DEPLOYMENT_OBSERVED: [
          { guard: 'isBeingDeleted', target: 'DRAINING', actions: ['react', 'settle'] },
          { actions: ['react', 'settle'] },
        ],
        DEPLOYMENT_GONE: [
          { guard: 'nothingIsLeft', target: 'INACTIVE', actions: ['react', 'bury'] },
          { target: 'DRAINING', actions: ['react', 'settle'] },
        ],
      },
    },
    DRAINING: {
      on: {
        DEPLOYMENT_OBSERVED: [
          { guard: 'isMadeAgainAndAvailable', target: 'ACTIVE', actions: ['renew', 'react', 'settle'] },
          { guard: 'isMadeAgain', target: 'PENDING', actions: ['renew', 'react', 'settle'] },
          { actions: ['react', 'settle'] },
        ],
        DEPLOYMENT_GONE: [
          { guard: 'nothingIsLeft', target: 'INACTIVE', actions: ['react', 'bury'] },
          { actions: ['react', 'settle'] },
        ],
        REPLICASET_OBSERVED: [
          { guard: 'isGivenAway', target: 'INACTIVE', actions: ['react', 'bury'] },
          { actions: ['react', 'settle'] },
        ],
        TASK_MOVED: [
          { guard: 'lastTaskStopped', target: 'INACTIVE', actions: ['react', 'bury'] },
          { actions: ['react', 'settle'] },
        ],
      },
    },
    INACTIVE: {
      tags: 'final',
      // A service made again under its name is another actor; nothing that is told late changes this one.
      on: {
        DEPLOYMENT_OBSERVED: {},
        DEPLOYMENT_GONE: {},
        REPLICASET_OBSERVED: {},
        REPLICASET_GONE: {},
        TASK_SET_OBSERVED: {},
        TASK_SET_GONE: {},
        TASK_MOVED: {},
        NOTICED: {},
        BATCH_DUE: {},
        ROLLOUT_SETTLED: {},
        ROLLOUT_ENDED: {},
      },
    },
  },
});

/** (state, message) pairs that change nothing, each with its reason; every other pair is a transition. */
export const IGNORED_BY_SERVICE = [
  { state: 'PENDING', messages: ['TASK_SET_GONE'], reason: 'row 14: it has none, since the first makes it ACTIVE' },
  {
    state: 'INACTIVE',
    messages: [
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
    ],
    reason: 'S6: a service that is over stays what it was',
  },
] as const;

/**
 * The rollout machine. One actor is one deployment of an ECS service (one rollout of a ReplicaSet), from its first sight until it has left
 * the list. It alone says what its status (role) and rolloutState are; it learns everything from its service, and imports XState and its
 * own types only.
 *
 * Invariants:
 * - R1 role only falls: PRIMARY → ACTIVE → INACTIVE.
 * - R2 COMPLETED is not taken back: what fails later is the service's health, not the rollout's. FAILED may still become COMPLETED.
 * - R3 it ends (INACTIVE) when it is no longer PRIMARY and its ReplicaSet wants and has no replicas, or there is none any more.
 * - R4 desiredCount is the service's while it is PRIMARY, then what its ReplicaSet wants.
 */
import { assign, sendParent, setup } from 'xstate';
import type { DeploymentRole, RolloutContext, RolloutInput, RolloutMessage, RolloutState } from './service.types.js';

export const rolloutMachine = setup({
  types: {
    context: {} as RolloutContext, // types only: XState reads them and never the values
    events: {} as RolloutMessage,
    input: {} as RolloutInput,
  },
  guards: {
    isCompleted: ({ event }) => event.type === 'PROGRESS_REPORTED' && event.verdict === 'COMPLETED',
    isFailed: ({ event }) => event.type === 'PROGRESS_REPORTED' && event.verdict === 'FAILED',
    /** R3, where its ReplicaSet was seen empty before it was superseded. */
    isEmpty: ({ context }) => context.replicaSet?.desired === 0 && context.replicaSet.total === 0,
    wantsAndHasNone: ({ event }) => event.type === 'REPLICASET_COUNTED' && event.desired === 0 && event.total === 0,
  },
  actions: {
    count: assign(({ context, event }) => {
      if (event.type !== 'REPLICASET_COUNTED') return context;
      const { desired, total, ready, at } = event;
      const known = context.replicaSet;
      if (known?.desired === desired && known.total === total && known.ready === ready) return context;
      return { ...context, replicaSet: { desired, total, ready }, updatedAt: at };
    }),
    lose: assign(({ context, event }) => ({ ...context, replicaSet: undefined, updatedAt: event.at })),
    aim: assign(({ context, event }) =>
      event.type === 'TARGET_SET' ? { ...context, target: event.desired, updatedAt: event.at } : context,
    ),
    finish: assign(({ context, event }) => ({ ...context, finishedAt: event.at, updatedAt: event.at })),
    touch: assign(({ context, event }) => ({ ...context, updatedAt: event.at })),
    countFailure: assign(({ context, event }) => ({
      ...context,
      failedTasks: context.failedTasks + 1,
      updatedAt: event.at,
    })),
    tellSettled: sendParent(({ context, event }, { to }: { readonly to: 'COMPLETED' | 'FAILED' }) => ({
      type: 'ROLLOUT_SETTLED',
      id: context.id,
      to,
      at: event.at,
    })),
    tellEnded: sendParent(({ context, event }) => ({ type: 'ROLLOUT_ENDED', id: context.id, at: event.at })),
  },
}).createMachine({
  id: 'rollout',
  context: ({ input }) => ({ ...input, updatedAt: input.createdAt, replicaSet: undefined, failedTasks: 0 }),
  type: 'parallel',
  states: {
    role: {
      initial: 'PRIMARY',
      states: {
        PRIMARY: {
          on: {
            SUPERSEDED: [
              { guard: 'isEmpty', target: 'INACTIVE', actions: ['touch', 'tellEnded'] },
              { target: 'ACTIVE', actions: 'touch' },
            ],
            TARGET_SET: { actions: 'aim' },
            REPLICASET_COUNTED: { actions: 'count' },
            REPLICASET_LOST: { actions: 'lose' },
            TASK_FAILED: { actions: 'countFailure' },
            ABANDONED: {},
          },
        },
        ACTIVE: {
          on: {
            REPLICASET_COUNTED: [
              { guard: 'wantsAndHasNone', target: 'INACTIVE', actions: ['count', 'tellEnded'] },
              { actions: 'count' },
            ],
            REPLICASET_LOST: { target: 'INACTIVE', actions: ['lose', 'tellEnded'] },
            ABANDONED: { target: 'INACTIVE', actions: ['touch', 'tellEnded'] },
            TASK_FAILED: { actions: 'countFailure' },
            TARGET_SET: {},
            SUPERSEDED: {},
          },
        },
        INACTIVE: { type: 'final' },
      },
    },
    rollout: {
      initial: 'IN_PROGRESS',
      states: {
        IN_PROGRESS: {
          on: {
            PROGRESS_REPORTED: [
              {
                guard: 'isCompleted',
                target: 'COMPLETED',
                actions: ['finish', { type: 'tellSettled', params: { to: 'COMPLETED' } }],
              },
              {
                guard: 'isFailed',
                target: 'FAILED',
                actions: ['finish', { type: 'tellSettled', params: { to: 'FAILED' } }],
              },
            ],
          },
        },
        FAILED: {
          on: {
            PROGRESS_REPORTED: {
              guard: 'isCompleted',
              target: 'COMPLETED',
              actions: ['finish', { type: 'tellSettled', params: { to: 'COMPLETED' } }],
            },
          },
        },
        COMPLETED: { on: { PROGRESS_REPORTED: {} } },
      },
    },
  },
});

/** The state value of a rollout: its two regions. */
export interface RolloutStateValue {
  readonly role: DeploymentRole;
  readonly rollout: RolloutState;
}

/** (state, message) pairs that change nothing, each with its reason; every other pair is a transition. A state is that of one region. */
export const IGNORED_BY_ROLLOUT = [
  { state: 'PRIMARY', messages: ['ABANDONED'], reason: 'R3: a PRIMARY waits for its ReplicaSet as long as it takes' },
  {
    state: 'ACTIVE',
    messages: ['TARGET_SET', 'SUPERSEDED'],
    reason: 'R1, R4: it is superseded already, and wants what its ReplicaSet wants',
  },
  {
    state: 'INACTIVE',
    messages: ['SUPERSEDED', 'TARGET_SET', 'REPLICASET_COUNTED', 'REPLICASET_LOST', 'TASK_FAILED', 'ABANDONED'],
    reason: 'R1: it has left the list, and its service stops it',
  },
  { state: 'COMPLETED', messages: ['PROGRESS_REPORTED'], reason: 'R2: it is not taken back' },
] as const;

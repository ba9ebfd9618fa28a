/**
 * The task machine. One actor is one ECS task, for as long as the task is not STOPPED. It alone says what lastStatus, desiredStatus,
 * stopCode and the instants of its task are; it learns of the cluster only by messages, and touches nothing outside itself.
 * It imports XState and its own files: no clock, no I/O, no ids made inside.
 *
 * Invariants, cited by guards, actions and tests:
 * - T1 lastStatus never moves backward. An observation may jump forward over states that nobody saw; nothing is invented for them.
 * - T2 STOPPED is final.
 * - T3 desiredStatus goes RUNNING → STOPPED once: it is STOPPED in the states of `down`, and nowhere else but after a StopTask in
 *   profile `aws` (row 6), where lastStatus waits for the node.
 * - T4 stopCode and stoppedReason are written when it does, by the first cause, and never again.
 * - T5 RUNNING latches: readiness lost later is health, not lifecycle.
 * - T6 every instant is written once (pullStoppedAt: the last pull). createdAt ≤ pullStartedAt ≤ pullStoppedAt; stoppingAt and
 *   executionStoppedAt ≤ stoppedAt; stoppedAt iff STOPPED.
 * - T7 `version` starts at 1 and rises by one for each change that ECS would show (health aside, as in ECS); the same observation
 *   twice changes nothing.
 * - T8 an exit code exists only on a container that exited; 0 is kept as 0.
 *
 * How to read the chart: the ordinary path is the arrows between states; a state answers an observation that says nothing new itself;
 * an observation that is further ahead falls through to the parent, whose transitions are the catching up (T1).
 */
import { enqueueActions, setup } from 'xstate';
import { PROFILES } from '../semantics.js';
import { eventObserved, initialContext, podGone, podObserved, startedByKnown, stopRequested } from './observe.js';
import { readLastStatus } from './reading.js';
import { rankOf } from './task.types.js';
import type { LastStatus, TaskContext, TaskInput, TaskMessage } from './task.types.js';

const reads = (context: TaskContext, message: TaskMessage): LastStatus | undefined =>
  message.type === 'POD_OBSERVED' ? readLastStatus(message.facts, context) : undefined;

const builder = setup({
  types: {
    context: {} as TaskContext, // types only: XState reads them and never the values
    events: {} as TaskMessage,
    input: {} as TaskInput,
  },
  guards: {
    /** The observation speaks of exactly this state. */
    reads: ({ context, event }, params: { readonly status: LastStatus }) => reads(context, event) === params.status,
    /** The observation speaks of this state or an earlier one: nothing new (T1, T5). */
    readsAtMost: ({ context, event }, params: { readonly status: LastStatus }) => {
      const status = reads(context, event);
      return status !== undefined && rankOf(status) <= rankOf(params.status);
    },
    /** Row 6: a StopTask shows STOPPING at once, or lastStatus waits for what the node reports. */
    stopsAtOnce: ({ context }) => PROFILES[context.profile].stopping === 'underDeletion',
  },
  // An assign makes a new context even of an equal one, and whoever compares contexts would see a change: only a change is assigned (T7).
  actions: {
    /** Lays the observation over what is known; `to` is the state it leads to. */
    observe: enqueueActions(({ context, event, enqueue }, params: { readonly to?: LastStatus }) => {
      if (event.type !== 'POD_OBSERVED') return;
      const next = podObserved(context, event.facts, event.at, params.to);
      if (next !== context) enqueue.assign(next);
    }),
    /** The pod is gone: all that is left to say is said now. */
    bury: enqueueActions(({ context, event, enqueue }) => {
      if (event.type === 'POD_GONE') enqueue.assign(podGone(context, event.facts, event.at));
    }),
    /** Pull times, failure texts and causes that only an Event names. */
    note: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'EVENT_OBSERVED') return;
      const next = eventObserved(context, event.event);
      if (next !== context) enqueue.assign(next);
    }),
    /** The deployment of a service that started the task. */
    own: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'STARTED_BY') return;
      const next = startedByKnown(context, event.startedBy);
      if (next !== context) enqueue.assign(next);
    }),
    /** The caller's reason becomes the cause (T4). */
    stop: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'STOP_REQUESTED') return;
      const next = stopRequested(context, event.reason, event.at);
      if (next !== context) enqueue.assign(next);
    }),
  },
});

type Target = `#task.${'up' | 'down'}.${LastStatus}`;
const targetOf = (status: LastStatus): Target =>
  rankOf(status) < rankOf('DEACTIVATING') ? `#task.up.${status}` : `#task.down.${status}`;

/** An arrow to `status`, taken by an observation that reads exactly that. */
const arrow = <Status extends LastStatus>(status: Status) =>
  ({
    guard: { type: 'reads', params: { status } },
    target: targetOf(status),
    actions: { type: 'observe', params: { to: status } },
  }) as const;

/** An observation that reads nothing ahead of `status`: remembered in place. */
const stay = <Status extends LastStatus>(status: Status) =>
  ({ guard: { type: 'readsAtMost', params: { status } }, actions: { type: 'observe', params: {} } }) as const;

export const taskMachine = builder.createMachine({
  id: 'task',
  context: ({ input }) => initialContext(input),
  initial: 'up',
  on: {
    POD_GONE: { target: '#task.down.STOPPED', actions: 'bury' },
    EVENT_OBSERVED: { actions: 'note' },
    STARTED_BY: { actions: 'own' },
  },
  states: {
    up: {
      initial: 'PROVISIONING',
      on: {
        POD_OBSERVED: [
          arrow('ACTIVATING'),
          arrow('RUNNING'),
          arrow('DEACTIVATING'),
          arrow('STOPPING'),
          arrow('DEPROVISIONING'),
          arrow('STOPPED'),
        ],
        STOP_REQUESTED: [{ guard: 'stopsAtOnce', target: '#task.down.STOPPING', actions: 'stop' }, { actions: 'stop' }],
      },
      states: {
        PROVISIONING: { on: { POD_OBSERVED: [arrow('PENDING'), stay('PROVISIONING')] } },
        PENDING: { on: { POD_OBSERVED: [arrow('ACTIVATING'), stay('PENDING')] } },
        ACTIVATING: { on: { POD_OBSERVED: [arrow('RUNNING'), stay('ACTIVATING')] } },
        RUNNING: { on: { POD_OBSERVED: [arrow('DEACTIVATING'), stay('RUNNING')] } },
      },
    },
    down: {
      initial: 'DEACTIVATING',
      on: {
        POD_OBSERVED: [arrow('DEPROVISIONING'), arrow('STOPPED')],
        STOP_REQUESTED: {},
      },
      states: {
        DEACTIVATING: { on: { POD_OBSERVED: [arrow('STOPPING'), stay('DEACTIVATING')] } },
        STOPPING: { on: { POD_OBSERVED: [arrow('DEPROVISIONING'), stay('STOPPING')] } },
        DEPROVISIONING: { on: { POD_OBSERVED: [arrow('STOPPED'), stay('DEPROVISIONING')] } },
        STOPPED: {
          tags: 'final',
          // T2, in full: the parent's answers must not reach a task that is over.
          on: { POD_OBSERVED: {}, POD_GONE: {}, EVENT_OBSERVED: {}, STOP_REQUESTED: {}, STARTED_BY: {} },
        },
      },
    },
  },
});

export type TaskMachine = typeof taskMachine;
/** The state value of a task: its parent and its lastStatus. */
export type TaskStateValue = { readonly up: LastStatus } | { readonly down: LastStatus };

/** The ECS lastStatus of a state value. */
export function lastStatusOf(value: TaskStateValue | Record<string, unknown>): LastStatus {
  // The machine has exactly these two parents, and each child is named as its lastStatus.
  return ('up' in value ? value['up'] : (value as { readonly down: LastStatus }).down) as LastStatus;
}

/** The state value of a lastStatus. */
export const stateValueOf = (status: LastStatus): TaskStateValue =>
  rankOf(status) < rankOf('DEACTIVATING') ? { up: status } : { down: status };

/** (state, message) pairs that change nothing, each with its reason; every other pair is a transition. */
export const IGNORED_BY_TASK = [
  { state: 'STOPPED', message: 'POD_OBSERVED', reason: 'T2: a task that is over takes nothing from its pod' },
  { state: 'STOPPED', message: 'POD_GONE', reason: 'T2: the deletion of a finished pod is no news' },
  { state: 'STOPPED', message: 'EVENT_OBSERVED', reason: 'T2: a cause or a pull time that comes late is lost' },
  {
    state: 'STOPPED',
    message: 'STOP_REQUESTED',
    reason: 'T2; ECS answers StopTask of a stopped task and changes nothing',
  },
  { state: 'STOPPED', message: 'STARTED_BY', reason: 'T2' },
  { state: 'DEACTIVATING', message: 'STOP_REQUESTED', reason: 'T4: the first cause stays' },
  { state: 'STOPPING', message: 'STOP_REQUESTED', reason: 'T4: the first cause stays' },
  { state: 'DEPROVISIONING', message: 'STOP_REQUESTED', reason: 'T4: the first cause stays' },
] as const;

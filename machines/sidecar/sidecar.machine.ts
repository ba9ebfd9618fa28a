/**
 * The sidecar machine. One actor is one process, from its start to its end. It alone says whether the process may be asked (/readyz).
 * It imports XState and its own types: no clock, no I/O.
 *
 * Invariants:
 * - P1 nobody is answered before the persisted tasks are known and every watch has been synced once: ready comes after syncing.
 * - P2 trouble after that does not close the door: what is committed stays true as of its time (degraded is ready, and says why).
 * - P3 once draining there is no way back.
 */
import { assign, setup } from 'xstate';
import type { SidecarContext, SidecarMessage } from './sidecar.types.js';

export const sidecarMachine = setup({
  types: {
    context: {} as SidecarContext, // types only: XState reads them and never the values
    events: {} as SidecarMessage,
  },
  guards: {
    isLastWatch: ({ context, event }) =>
      event.type === 'WATCH_SYNCED' && context.waitingFor.every((watch) => watch === event.watch),
    isLastWatchInTrouble: ({ context, event }) =>
      event.type === 'WATCH_SYNCED' &&
      context.waitingFor.every((watch) => watch === event.watch) &&
      Object.keys(context.troubles).some((source) => source !== event.watch),
    nothingToWaitFor: ({ event }) => event.type === 'REHYDRATED' && event.watches.length === 0,
    isLastTrouble: ({ context, event }) =>
      event.type === 'RECOVERED' && Object.keys(context.troubles).every((source) => source === event.source),
  },
  actions: {
    awaitWatches: assign(({ context, event }) =>
      event.type === 'REHYDRATED' ? { ...context, waitingFor: event.watches } : context,
    ),
    countSynced: assign(({ context, event }) =>
      event.type === 'WATCH_SYNCED'
        ? {
            waitingFor: context.waitingFor.filter((watch) => watch !== event.watch),
            troubles: without(context.troubles, event.watch),
          }
        : context,
    ),
    noteTrouble: assign(({ context, event }) =>
      event.type === 'TROUBLE'
        ? { ...context, troubles: { ...context.troubles, [event.source]: event.reason } }
        : context,
    ),
    forgetTrouble: assign(({ context, event }) =>
      event.type === 'RECOVERED' ? { ...context, troubles: without(context.troubles, event.source) } : context,
    ),
  },
}).createMachine({
  id: 'sidecar',
  context: { waitingFor: [], troubles: {} },
  initial: 'starting',
  on: { STOP: '.draining' },
  states: {
    starting: { on: { STORE_OPENED: 'rehydrating' } },
    rehydrating: {
      on: {
        REHYDRATED: [
          { guard: 'nothingToWaitFor', target: 'ready', actions: 'awaitWatches' },
          { target: 'syncing', actions: 'awaitWatches' },
        ],
      },
    },
    syncing: {
      on: {
        WATCH_SYNCED: [
          { guard: 'isLastWatchInTrouble', target: 'degraded', actions: 'countSynced' },
          { guard: 'isLastWatch', target: 'ready', actions: 'countSynced' },
          { actions: 'countSynced' },
        ],
        TROUBLE: { actions: 'noteTrouble' },
        RECOVERED: { actions: 'forgetTrouble' },
      },
    },
    ready: { on: { TROUBLE: { target: 'degraded', actions: 'noteTrouble' } } },
    degraded: {
      on: {
        TROUBLE: { actions: 'noteTrouble' },
        RECOVERED: [
          { guard: 'isLastTrouble', target: 'ready', actions: 'forgetTrouble' },
          { actions: 'forgetTrouble' },
        ],
      },
    },
    draining: { on: { DRAINED: 'stopped', STOP: {} } },
    stopped: { type: 'final' },
  },
});

function without(record: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** The states in which the sidecar may be asked (P1, P2). */
export const READY_STATES = ['ready', 'degraded'] as const;

/** (state, message) pairs that change nothing, each with its reason; every other pair is a transition. */
export const IGNORED_BY_SIDECAR = [
  {
    state: 'starting',
    messages: ['REHYDRATED', 'WATCH_SYNCED', 'TROUBLE', 'RECOVERED', 'DRAINED'],
    reason: 'the store is opened first',
  },
  {
    state: 'rehydrating',
    messages: ['STORE_OPENED', 'WATCH_SYNCED', 'TROUBLE', 'RECOVERED', 'DRAINED'],
    reason: 'no watch runs yet',
  },
  { state: 'syncing', messages: ['STORE_OPENED', 'REHYDRATED', 'DRAINED'], reason: 'that is over, or not asked for' },
  {
    state: 'ready',
    messages: ['STORE_OPENED', 'REHYDRATED', 'WATCH_SYNCED', 'RECOVERED', 'DRAINED'],
    reason: 'no news: a watch that lists again is no more ready than before',
  },
  {
    state: 'degraded',
    messages: ['STORE_OPENED', 'REHYDRATED', 'WATCH_SYNCED', 'DRAINED'],
    reason: 'recovery is told by RECOVERED',
  },
  {
    state: 'draining',
    messages: ['STORE_OPENED', 'REHYDRATED', 'WATCH_SYNCED', 'TROUBLE', 'RECOVERED', 'STOP'],
    reason: 'P3',
  },
  {
    state: 'stopped',
    messages: ['STORE_OPENED', 'REHYDRATED', 'WATCH_SYNCED', 'TROUBLE', 'RECOVERED', 'STOP', 'DRAINED'],
    reason: 'P3: it is over',
  },
] as const;

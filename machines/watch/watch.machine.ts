/**
 * One watch: how one kind of object, in all namespaces or in one, is listed and then watched for as long as the process lives.
 *
 * The machine decides what comes next; it does nothing itself. Whoever runs it (src/kubernetes/list-watch.ts) performs the effect
 * of the state just entered, and sends what happened. Instants and random numbers arrive in messages.
 *
 *     idle ─▶ listing ─▶ watching (connecting ─▶ open ─▶ settled)          from every state: STOP ─▶ stopped
 *     idle ─▶ verifying ─▶ watching                                        a failure ─▶ backingOff ─▶ where it was
 *     watching, verifying, listing ─ 410 ─▶ expired ─▶ listing
 *
 * Invariants:
 * - W1 The resourceVersion never goes back, except that a relist begins with none.
 * - W2 `listing` leads to `watching` by the last page of a list alone, and the watch begins at the version of the list's first page.
 * - W3 After an expiration (410) a list is completed before the next watch: `expired` forgets the resourceVersion, and without
 *   one only `listing` can be entered.
 * - W4 Waits grow with each failure in a row up to their ceiling, are never shorter than the cluster asked for, and start anew
 *   once a watch has settled. The first expiration is answered at once, further ones in a row wait too.
 * - W5 A watch that was settled and ends is opened again at once from the version reached; one that ends before it settled waits.
 * - W6 `lastError` is there from the first failure until the watch is settled; `since` is when the same code was first seen.
 * - W7 A resourceVersion that this process has not just heard confirmed (at the start, after a failure, after a silence) is
 *   verified against the cluster's own before a watch is opened from it: a cluster that was restored or made anew would keep
 *   a watch from its future open, and silent, for ever.
 * - W8 `stopped` is final; nothing is remembered as in progress there.
 *
 * May import xstate and its own files only.
 */
import { assertEvent, assign, setup } from 'xstate';
import { backoffDelay } from './backoff.js';
import { newerResourceVersion } from './resource-version.js';
import {
  WATCH_STATES,
  type EpochMs,
  type WatchContext,
  type WatchError,
  type WatchInput,
  type WatchMessage,
  type WatchMessageType,
  type WatchState,
} from './watch.types.js';

/** How many expirations in a row are answered by an immediate relist (W4): a second one means that the list itself expires. */
const FREE_EXPIRATIONS = 1;

const EXPIRED_AGAIN: WatchError = {
  code: 'KUBERNETES_EXPIRED',
  message:
    'The cluster forgets resource versions faster than they can be used (410 again right after a new list). ' +
    'ecstate lists again, ever more slowly. If this lasts, look at how often etcd is compacted and how loaded the API server is.',
};

const ENDED_EARLY: WatchError = {
  code: 'KUBERNETES_UNAVAILABLE',
  message:
    'The cluster ends the watch as soon as it is open. ecstate opens it again, ever more slowly. ' +
    'If this lasts, look for a proxy or load balancer that cuts long answers, and at the API server itself.',
};

/** What every way into `backingOff` sets (W4, W6). */
function backOff(
  context: WatchContext,
  error: WatchError,
  at: EpochMs,
  jitter: number,
  retryAfter?: number,
): Partial<WatchContext> {
  const attempt = context.attempt + 1;
  const since = context.lastError?.code === error.code ? context.lastError.since : at;
  return { attempt, retryAt: at + backoffDelay(attempt, jitter, retryAfter), lastError: { ...error, since } };
}

/** The name of the state that a snapshot of this machine is in. */
export function watchState(snapshot: { readonly value: string | { readonly watching: string } }): WatchState {
  const { value } = snapshot;
  const name = typeof value === 'string' ? value : `watching.${value.watching}`;
  const known = WATCH_STATES.find((state) => state === name);
  if (known === undefined) throw new Error(`The watch machine has no state "${name}".`);
  return known;
}

export const watchMachine = setup({
  types: {
    // XState's own way of naming types: the values are never read.
    context: {} as WatchContext,
    events: {} as WatchMessage,
    input: {} as WatchInput,
  },
  actions: {
    progress: assign(({ context, event }) => {
      assertEvent(event, 'PROGRESSED');
      // W1. There is a version: only a list or a resumption leads to a watch (W2).
      const reached = context.resourceVersion ?? event.resourceVersion;
      return { resourceVersion: newerResourceVersion(reached, event.resourceVersion), heardAt: event.at };
    }),
    fail: assign(({ context, event }) => {
      assertEvent(event, 'FAILED');
      return backOff(context, event.error, event.at, event.jitter, event.retryAfter);
    }),
    endEarly: assign(({ context, event }) => {
      assertEvent(event, 'WATCH_ENDED');
      return backOff(context, ENDED_EARLY, event.at, event.jitter);
    }),
    expireAgain: assign(({ context, event }) => {
      assertEvent(event, 'RELIST');
      return backOff(context, EXPIRED_AGAIN, event.at, event.jitter);
    }),
    /** W3, W4 */
    forget: assign(({ context }) => ({ resourceVersion: null, list: null, expirations: context.expirations + 1 })),
  },
  guards: {
    /** W3 */
    hasResourceVersion: ({ context }) => context.resourceVersion !== null,
    /** W4 */
    expiredAgain: ({ context }) => context.expirations > FREE_EXPIRATIONS,
  },
}).createMachine({
  id: 'watch',
  context: ({ input }) => ({
    name: input.name,
    resourceVersion: input.resourceVersion ?? null,
    list: null,
    listedObjects: null,
    attempt: 0,
    expirations: 0,
    retryAt: null,
    lastError: null,
    syncedAt: null,
    heardAt: null,
  }),
  initial: 'idle',
  on: { STOP: { target: '.stopped' } },
  states: {
    idle: {
      description: 'Not started.',
      on: { START: [{ guard: 'hasResourceVersion', target: 'verifying' }, { target: 'listing' }] },
    },

    verifying: {
      description: 'Asking the cluster for its present version, to know that ours is not from its future (W7).',
      on: {
        VERIFIED: { target: 'watching' },
        EXPIRED: { target: 'expired' },
        FAILED: { target: 'backingOff', actions: 'fail' },
      },
    },

    listing: {
      description: 'Fetching a page of the list: the first, or the one after `list`.',
      on: {
        PAGE_LISTED: [
          {
            guard: ({ event }) => event.continueToken === null,
            target: 'watching',
            // W2
            actions: assign(({ context, event }) => ({
              resourceVersion: context.list?.resourceVersion ?? event.resourceVersion,
              listedObjects: (context.list?.objects ?? 0) + event.objects,
              list: null,
              syncedAt: event.at,
              heardAt: event.at,
            })),
          },
          {
            target: 'listing',
            reenter: true,
            actions: assign(({ context, event }) => ({
              list: {
                // The guard above has taken null.
                continueToken: event.continueToken ?? '',
                resourceVersion: context.list?.resourceVersion ?? event.resourceVersion,
                pages: (context.list?.pages ?? 0) + 1,
                objects: (context.list?.objects ?? 0) + event.objects,
              },
              heardAt: event.at,
            })),
          },
        ],
        EXPIRED: { target: 'expired' },
        FAILED: { target: 'backingOff', actions: 'fail' },
      },
    },

    watching: {
      description: 'A watch from `resourceVersion` is wanted, and there as far as the inner state says.',
      initial: 'connecting',
      on: {
        EXPIRED: { target: 'expired' },
        FAILED: { target: 'backingOff', actions: 'fail' },
      },
      states: {
        connecting: {
          description: 'Asked for; the cluster has not answered yet.',
          on: {
            WATCH_OPENED: {
              target: 'open',
              actions: assign(({ context, event }) => ({ syncedAt: context.syncedAt ?? event.at, heardAt: event.at })),
            },
          },
        },
        open: {
          description: 'The cluster sends; whether this lasts is not known yet.',
          on: {
            PROGRESSED: { actions: 'progress' },
            SETTLED: {
              target: 'settled',
              // W4, W6
              actions: assign({ attempt: 0, expirations: 0, lastError: null }),
            },
            // W5
            WATCH_ENDED: { target: '#watch.backingOff', actions: 'endEarly' },
          },
        },
        settled: {
          description: 'The cluster has been sending for a while: what went wrong before is over.',
          on: {
            PROGRESSED: { actions: 'progress' },
            WATCH_ENDED: [
              // W5
              { guard: ({ event }) => event.cause === 'ended', target: 'connecting' },
              // W7
              { target: '#watch.verifying' },
            ],
          },
        },
      },
    },

    expired: {
      description: 'The cluster has forgotten the version or the continue token: everything is listed anew (W3).',
      entry: 'forget',
      on: {
        RELIST: [{ guard: 'expiredAgain', target: 'backingOff', actions: 'expireAgain' }, { target: 'listing' }],
      },
    },

    backingOff: {
      description: 'Waiting until `retryAt`, then on from where it failed (W4).',
      exit: assign({ retryAt: null }),
      on: {
        RETRY: [{ guard: 'hasResourceVersion', target: 'verifying' }, { target: 'listing' }],
      },
    },

    stopped: { type: 'final', description: 'Over (W8).', entry: assign({ list: null }) },
  },
});

const allBut = (...states: readonly WatchState[]): readonly WatchState[] =>
  WATCH_STATES.filter((state) => state !== 'stopped' && !states.includes(state));

/** Each (state, message) pair that changes nothing, and why. Every other pair is a transition. */
export const IGNORED: readonly {
  readonly states: readonly WatchState[];
  readonly messages: readonly WatchMessageType[];
  readonly reason: string;
}[] = [
  { states: allBut('idle'), messages: ['START'], reason: 'It is started already.' },
  { states: allBut('verifying'), messages: ['VERIFIED'], reason: 'An answer to a question that is no longer asked.' },
  {
    states: allBut('listing'),
    messages: ['PAGE_LISTED'],
    reason: 'A page of a list that is no longer wanted; a list comes again when it is.',
  },
  {
    states: allBut('watching.connecting'),
    messages: ['WATCH_OPENED'],
    reason: 'A watch that is no longer wanted, or is open already.',
  },
  {
    states: allBut('watching.open', 'watching.settled'),
    messages: ['PROGRESSED', 'WATCH_ENDED'],
    reason: 'Of a watch that is over; what it brought comes again from the version that was reached before.',
  },
  {
    states: allBut('watching.open'),
    messages: ['SETTLED'],
    reason: 'Of a watch that is over, or has settled already.',
  },
  {
    states: ['idle', 'expired', 'backingOff'],
    messages: ['EXPIRED', 'FAILED'],
    reason: 'Nothing is asked of the cluster here, so nothing can fail: the answer is to a request that was given up.',
  },
  { states: allBut('expired'), messages: ['RELIST'], reason: 'The expiration has been dealt with.' },
  { states: allBut('backingOff'), messages: ['RETRY'], reason: 'The wait is over already.' },
  {
    states: ['stopped'],
    messages: [
      'START',
      'VERIFIED',
      'PAGE_LISTED',
      'WATCH_OPENED',
      'PROGRESSED',
      'SETTLED',
      'WATCH_ENDED',
      'EXPIRED',
      'RELIST',
      'FAILED',
      'RETRY',
      'STOP',
    ],
    reason: 'W8',
  },
];

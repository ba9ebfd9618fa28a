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
import { assign, setup } from 'xstate';
import { backoffDelay } from './backoff.js';
import { newerResourceVersion } from './resource-version.js';
import type { EpochMs, WatchContext, WatchError, WatchInput, WatchMessage, WatchMessageType, WatchState } from './watch.types.js';

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
function backOff(context: WatchContext, error: WatchError, at: EpochMs, jitter: number, retryAfter?: number): Partial<WatchContext> {
  const attempt = context.attempt + 1;
  const since = context.lastError?.code === error.code ? context.lastError.since : at;
  return { attempt, retryAt: at + backoffDelay(attempt, jitter, retryAfter), lastError: { ...error, since } };
}

export const watchMachine = setup({
  types: {
    // XState's own way of naming types: the values are never read.
    context: {} as WatchContext,
    events: {} as WatchMessage,
    input: {} as WatchInput,
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
        FAILED: { target: 'backingOff' },
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
        FAILED: { target: 'backingOff' },
      },
    },

    watching: {
      description: 'A watch from `resourceVersion` is wanted, and there as far as the inner state says.',
      initial: 'connecting',
      on: {
        EXPIRED: { target: 'expired' },
        FAILED: { target: 'backingOff' },
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
            WATCH_ENDED: { target: '#watch.backingOff' },
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
      on: {
        RELIST: [
          {
            guard: 'expiredAgain',
            target: 'backingOff',
          },
          { target: 'listing' },
        ],
      },
    },

    backingOff: {
      description: 'Waiting until `retryAt`, then on from where it failed (W4).',
      on: {
        RETRY: [{ guard: 'hasResourceVersion', target: 'verifying' }, { target: 'listing' }],
      },
    },

    stopped: { type: 'final', description: 'Over (W8).' },
  },
});

/**
 * Owns the proof of the watch machine. Paths first, one a row of the table; then its invariants; then the closure: every reachable
 * state is on a path, and every (state, message) pair is a transition or on the list of ignored ones.
 *
 * | # | path |
 * | --- | --- |
 * | P1 | start, list in one page, watch, settle |
 * | P2 | start, list in three pages, watch |
 * | P3 | start from a version, verify, watch |
 * | P4 | start from a version of the future, expire, list |
 * | P5 | list fails half-way, wait, go on with the page that failed |
 * | P6 | continue token expires, list again; again, wait |
 * | P7 | watch is refused, wait, verify, watch |
 * | P8 | watch expires as it is asked for, and while it is open |
 * | P9 | settled watch ends, watch again at once |
 * | P10 | settled watch falls silent, verify |
 * | P11 | watch ends at once, wait |
 * | P12 | settled watch fails, wait, verify |
 * | P13 | verification fails, wait, verify |
 * | P14 | stop, from every state |
 */
import { createActor } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { describe, expect, it } from 'vitest';
import { IGNORED, watchMachine, watchState } from '../../../machines/watch/watch.machine.js';
import {
  WATCH_STATES,
  type WatchContext,
  type WatchInput,
  type WatchMessage,
  type WatchState,
} from '../../../machines/watch/watch.types.js';

const DOWN = { code: 'KUBERNETES_UNAVAILABLE', message: 'down' };

const start: WatchMessage = { type: 'START', at: 1 };
const verified: WatchMessage = { type: 'VERIFIED', at: 2 };
const opened: WatchMessage = { type: 'WATCH_OPENED', at: 4 };
const settled: WatchMessage = { type: 'SETTLED', at: 10_004 };
const expired: WatchMessage = { type: 'EXPIRED', at: 5, message: 'too old' };
const relist: WatchMessage = { type: 'RELIST', at: 6, jitter: 0 };
const retry: WatchMessage = { type: 'RETRY', at: 7 };
const stop: WatchMessage = { type: 'STOP', at: 8 };
const failed: WatchMessage = { type: 'FAILED', at: 100, error: DOWN, jitter: 0 };
const page = (resourceVersion: string, continueToken: string | null, objects = 1, at = 3): WatchMessage => ({
  type: 'PAGE_LISTED',
  at,
  resourceVersion,
  continueToken,
  objects,
});
const progressed = (resourceVersion: string, at = 9): WatchMessage => ({ type: 'PROGRESSED', at, resourceVersion });
const ended = (cause: 'ended' | 'silent'): WatchMessage => ({ type: 'WATCH_ENDED', at: 200, cause, jitter: 0 });

const FRESH: WatchInput = { name: 'pods' };
const RESUMED: WatchInput = { name: 'pods', resourceVersion: '40' };

/** Runs the messages through a new actor; gives back every state it was in, and the last context. */
function walk(input: WatchInput, messages: readonly WatchMessage[]): { states: WatchState[]; context: WatchContext } {
  const actor = createActor(watchMachine, { input }).start();
  const states = [watchState(actor.getSnapshot())];
  for (const message of messages) {
    actor.send(message);
    states.push(watchState(actor.getSnapshot()));
  }
  return { states, context: actor.getSnapshot().context };
}

const BLANK: WatchContext = {
  name: 'pods',
  resourceVersion: null,
  list: null,
  listedObjects: null,
  attempt: 0,
  expirations: 0,
  retryAt: null,
  lastError: null,
  syncedAt: null,
  heardAt: null,
};

interface Path {
  readonly name: string;
  readonly input: WatchInput;
  readonly messages: readonly WatchMessage[];
  readonly states: readonly WatchState[];
  readonly context: Partial<WatchContext>;
}

const toSettled = [start, page('50', null), opened, settled];
const wasSettled = { resourceVersion: '50', listedObjects: 1, syncedAt: 3, heardAt: 4 };

const PATHS: readonly Path[] = [
  {
    name: 'P1 lists in one page, watches, settles',
    input: FRESH,
    messages: [...toSettled, progressed('51')],
    states: ['idle', 'listing', 'watching.connecting', 'watching.open', 'watching.settled', 'watching.settled'],
    context: { ...wasSettled, resourceVersion: '51', heardAt: 9 },
  },
  {
    name: 'P2 lists in three pages, and watches from the version of the first',
    input: FRESH,
    messages: [start, page('50', 'a', 250), page('50', 'b', 250), page('51', null, 7)],
    states: ['idle', 'listing', 'listing', 'listing', 'watching.connecting'],
    context: { resourceVersion: '50', listedObjects: 507, syncedAt: 3, heardAt: 3 },
  },
  {
    name: 'P3 verifies a version it is given, and watches from it',
    input: RESUMED,
    messages: [start, verified, opened, progressed('41')],
    states: ['idle', 'verifying', 'watching.connecting', 'watching.open', 'watching.open'],
    context: { resourceVersion: '41', syncedAt: 4, heardAt: 9 },
  },
  {
    name: 'P4 lists when that version is none of this cluster',
    input: RESUMED,
    messages: [start, expired, relist, page('7', null)],
    states: ['idle', 'verifying', 'expired', 'listing', 'watching.connecting'],
    context: { resourceVersion: '7', expirations: 1, listedObjects: 1, syncedAt: 3, heardAt: 3 },
  },
  {
    name: 'P5 goes on with the page that failed',
    input: FRESH,
    messages: [start, page('50', 'a', 250), failed, retry],
    states: ['idle', 'listing', 'listing', 'backingOff', 'listing'],
    context: {
      list: { continueToken: 'a', resourceVersion: '50', pages: 1, objects: 250 },
      attempt: 1,
      lastError: { ...DOWN, since: 100 },
      heardAt: 3,
    },
  },
  {
    name: 'P6 begins a list again whose token expired, and waits when that happens again',
    input: FRESH,
    messages: [start, page('50', 'a'), expired, relist, page('60', 'b'), expired, relist],
    states: ['idle', 'listing', 'listing', 'expired', 'listing', 'listing', 'expired', 'backingOff'],
    context: {
      expirations: 2,
      attempt: 1,
      retryAt: 506,
      heardAt: 3,
      lastError: {
        code: 'KUBERNETES_EXPIRED',
        since: 6,
        message:
          'The cluster forgets resource versions faster than they can be used (410 again right after a new list). ' +
          'ecstate lists again, ever more slowly. If this lasts, look at how often etcd is compacted and how loaded the API server is.',
      },
    },
  },
  {
    name: 'P7 waits when the watch is refused, and verifies before the next',
    input: FRESH,
    messages: [start, page('50', null), failed, retry, verified],
    states: ['idle', 'listing', 'watching.connecting', 'backingOff', 'verifying', 'watching.connecting'],
    context: {
      resourceVersion: '50',
      listedObjects: 1,
      attempt: 1,
      lastError: { ...DOWN, since: 100 },
      syncedAt: 3,
      heardAt: 3,
    },
  },
  {
    name: 'P8 lists when the watch expires as it is asked for',
    input: FRESH,
    messages: [start, page('50', null), expired, relist],
    states: ['idle', 'listing', 'watching.connecting', 'expired', 'listing'],
    context: { expirations: 1, listedObjects: 1, syncedAt: 3, heardAt: 3 },
  },
  {
    name: 'P8 lists when the watch expires while it is open',
    input: FRESH,
    messages: [...toSettled, progressed('51'), expired, relist, page('70', null, 2)],
    states: [
      'idle',
      'listing',
      'watching.connecting',
      'watching.open',
      'watching.settled',
      'watching.settled',
      'expired',
      'listing',
      'watching.connecting',
    ],
    context: { resourceVersion: '70', expirations: 1, listedObjects: 2, syncedAt: 3, heardAt: 3 },
  },
  {
    name: 'P9 opens the next watch at once after one that had settled',
    input: FRESH,
    messages: [...toSettled, progressed('51'), ended('ended'), opened],
    states: [
      'idle',
      'listing',
      'watching.connecting',
      'watching.open',
      'watching.settled',
      'watching.settled',
      'watching.connecting',
      'watching.open',
    ],
    context: { ...wasSettled, resourceVersion: '51' },
  },
  {
    name: 'P10 verifies after a silence',
    input: FRESH,
    messages: [...toSettled, ended('silent'), verified],
    states: [
      'idle',
      'listing',
      'watching.connecting',
      'watching.open',
      'watching.settled',
      'verifying',
      'watching.connecting',
    ],
    context: wasSettled,
  },
  {
    name: 'P11 waits when a watch ends as soon as it is open',
    input: FRESH,
    messages: [start, page('50', null), opened, ended('ended')],
    states: ['idle', 'listing', 'watching.connecting', 'watching.open', 'backingOff'],
    context: {
      ...wasSettled,
      attempt: 1,
      retryAt: 700,
      lastError: {
        code: 'KUBERNETES_UNAVAILABLE',
        since: 200,
        message:
          'The cluster ends the watch as soon as it is open. ecstate opens it again, ever more slowly. ' +
          'If this lasts, look for a proxy or load balancer that cuts long answers, and at the API server itself.',
      },
    },
  },
  {
    name: 'P12 waits when a settled watch fails, then verifies',
    input: FRESH,
    messages: [...toSettled, failed, retry],
    states: ['idle', 'listing', 'watching.connecting', 'watching.open', 'watching.settled', 'backingOff', 'verifying'],
    context: { ...wasSettled, attempt: 1, lastError: { ...DOWN, since: 100 } },
  },
  {
    name: 'P13 waits when the verification fails, then verifies again',
    input: RESUMED,
    messages: [start, failed, retry],
    states: ['idle', 'verifying', 'backingOff', 'verifying'],
    context: { resourceVersion: '40', attempt: 1, lastError: { ...DOWN, since: 100 } },
  },
];

/** The shortest way into each state, for P14 and for the closure. */
const WAYS: Readonly<Record<WatchState, { readonly input: WatchInput; readonly messages: readonly WatchMessage[] }>> = {
  idle: { input: FRESH, messages: [] },
  verifying: { input: RESUMED, messages: [start] },
  listing: { input: FRESH, messages: [start, page('50', 'a')] },
  'watching.connecting': { input: FRESH, messages: toSettled.slice(0, 2) },
  'watching.open': { input: FRESH, messages: toSettled.slice(0, 3) },
  'watching.settled': { input: FRESH, messages: toSettled },
  expired: { input: RESUMED, messages: [start, expired] },
  backingOff: { input: FRESH, messages: [start, page('50', 'a'), failed] },
  stopped: { input: FRESH, messages: [start, stop] },
};

describe('the paths of a watch', () => {
  it.each(PATHS)('$name', ({ input, messages, states, context }) => {
    expect(walk(input, messages)).toEqual({ states, context: { ...BLANK, ...context } });
  });

  it.each(WATCH_STATES.filter((state) => state !== 'stopped'))(
    'P14 stops when %s, with nothing in progress',
    (state) => {
      const { input, messages } = WAYS[state];
      const { states, context } = walk(input, [...messages, stop]);
      expect(states.slice(-2)).toEqual([state, 'stopped']);
      expect([context.list, context.retryAt]).toEqual([null, null]);
    },
  );
});

describe('the invariants of a watch', () => {
  it('W1 never goes back to an older version', () => {
    const { context } = walk(FRESH, [...toSettled, progressed('60'), progressed('55', 12)]);
    expect([context.resourceVersion, context.heardAt]).toEqual(['60', 12]);
  });

  it('W3 forgets the version when it expires, so that nothing but a list can follow, even after a wait', () => {
    const messages = [start, expired, relist, failed, retry];
    expect(walk(RESUMED, messages).states).toEqual([
      'idle',
      'verifying',
      'expired',
      'listing',
      'backingOff',
      'listing',
    ]);
    expect(walk(RESUMED, messages).context.resourceVersion).toBeNull();
  });

  it('W3 forgets the pages of a list whose token expired', () => {
    expect(walk(FRESH, [start, page('50', 'a'), expired]).context.list).toBeNull();
  });

  it('W4 waits ever longer, up to the ceiling', () => {
    const almostOne = 1 - Number.EPSILON;
    const waits: number[] = [];
    const actor = createActor(watchMachine, { input: FRESH }).start();
    actor.send(start);
    for (let tries = 0; tries < 8; tries += 1) {
      actor.send({ type: 'FAILED', at: 1000, error: DOWN, jitter: almostOne });
      waits.push((actor.getSnapshot().context.retryAt ?? 0) - 1000);
      actor.send(retry);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('W4 waits as long as the cluster asks', () => {
    const { context } = walk(FRESH, [start, { type: 'FAILED', at: 1000, error: DOWN, jitter: 0, retryAfter: 12_000 }]);
    expect(context.retryAt).toBe(13_000);
  });

  it('W4 begins anew once it has settled, with expirations too', () => {
    const trouble = [start, failed, retry, failed, retry, expired, relist, page('50', null), opened];
    expect(walk(FRESH, trouble).context).toMatchObject({ attempt: 2, expirations: 1 });
    expect(walk(FRESH, [...trouble, settled]).context).toMatchObject({ attempt: 0, expirations: 0, lastError: null });
    const again = walk(FRESH, [...trouble, settled, expired, relist]);
    expect(again.states.at(-1)).toBe('listing');
  });

  it('W6 remembers since when the same trouble lasts', () => {
    const later: WatchMessage = { ...failed, at: 500, error: { ...DOWN, message: 'still down' } };
    expect(walk(FRESH, [start, failed, retry, later]).context.lastError).toEqual({
      code: DOWN.code,
      message: 'still down',
      since: 100,
    });
    const other: WatchMessage = { ...failed, at: 500, error: { code: 'KUBERNETES_FORBIDDEN', message: 'no' } };
    expect(walk(FRESH, [start, failed, retry, other]).context.lastError?.since).toBe(500);
  });

  it('W8 takes nothing more when stopped', () => {
    const actor = createActor(watchMachine, { input: FRESH }).start();
    actor.send(stop);
    expect(actor.getSnapshot().status).toBe('done');
    expect(actor.getSnapshot().can(start)).toBe(false);
  });

  it('has a context that survives JSON', () => {
    const { context } = walk(FRESH, [start, page('50', 'a'), failed]);
    expect(JSON.parse(JSON.stringify(context))).toEqual(context);
    expect(Object.keys(context).length).toBeLessThanOrEqual(12);
  });
});

const MESSAGES: readonly WatchMessage[] = [
  start,
  verified,
  page('50', 'a'),
  page('50', null),
  opened,
  progressed('51'),
  settled,
  ended('ended'),
  ended('silent'),
  expired,
  relist,
  failed,
  retry,
  stop,
];

describe('the closure of a watch', () => {
  const reachable = new Set<WatchState>();
  for (const input of [FRESH, RESUMED]) {
    const adjacency = getAdjacencyMap(watchMachine, {
      input,
      events: [...MESSAGES],
      // Attempts grow without end: what matters to the transitions is whether there is a version, a list, a second expiration.
      serializeState: (snapshot) => {
        const { resourceVersion, list, expirations } = snapshot.context;
        return JSON.stringify([
          watchState(snapshot),
          resourceVersion === null,
          list === null,
          Math.min(expirations, 2),
        ]);
      },
    });
    for (const { state } of Object.values(adjacency)) reachable.add(watchState(state));
  }

  it('reaches every state that has a name', () => {
    expect([...reachable].sort()).toEqual([...WATCH_STATES].sort());
  });

  it('exercises every reachable state on a path', () => {
    const exercised = new Set([...PATHS.flatMap(({ states }) => states), 'stopped']);
    expect([...reachable].filter((state) => !exercised.has(state))).toEqual([]);
  });

  it('answers each message in each state, or lists it as ignored, and never both', () => {
    const types = [...new Set(MESSAGES.map(({ type }) => type))];
    const wrong: string[] = [];
    for (const state of WATCH_STATES) {
      const { input, messages } = WAYS[state];
      const actor = createActor(watchMachine, { input }).start();
      for (const message of messages) actor.send(message);
      expect(watchState(actor.getSnapshot())).toBe(state);
      for (const type of types) {
        const snapshot = actor.getSnapshot();
        // A machine that is done takes nothing, whatever its chart says.
        const answered =
          snapshot.status === 'active' && MESSAGES.some((message) => message.type === type && snapshot.can(message));
        const ignored = IGNORED.some((row) => row.states.includes(state) && row.messages.includes(type));
        if (answered === ignored) wrong.push(`${state} ${type}: answered ${answered}, ignored ${ignored}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gives a reason for each pair that it ignores', () => {
    expect(IGNORED.filter(({ reason }) => reason === '')).toEqual([]);
  });
});

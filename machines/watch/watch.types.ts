/**
 * Owns the vocabulary of the watch machine: what one watch is told (input, messages) and what it remembers (context).
 * Everything is readonly and JSON-serialisable. Instants are epoch milliseconds, durations milliseconds.
 */

/** An instant: epoch milliseconds. */
export type EpochMs = number;

/** Where a watch is; nested states are joined by a dot. */
export const WATCH_STATES = [
  'idle',
  'verifying',
  'listing',
  'watching.connecting',
  'watching.open',
  'watching.settled',
  'expired',
  'backingOff',
  'stopped',
] as const;
export type WatchState = (typeof WATCH_STATES)[number];

/** What went wrong, for people and for alerts. */
export interface WatchError {
  /** One of ecstate's error codes; `SINK_FAILED` when the consumer could not take what was brought; `UNEXPECTED` for a fault of ecstate's. */
  readonly code: string;
  /** What happened, and what to do. */
  readonly message: string;
}

/** The messages that a watch takes. `at` is when it happened; `jitter` is drawn from 0 inclusive to 1 exclusive. */
export type WatchMessage =
  | { readonly type: 'START'; readonly at: EpochMs }
  /** The cluster's history contains the resourceVersion: the watch may be resumed from it. */
  | { readonly type: 'VERIFIED'; readonly at: EpochMs }
  /** One page of the list was taken. `continueToken` is null on the last. */
  | {
      readonly type: 'PAGE_LISTED';
      readonly at: EpochMs;
      readonly resourceVersion: string;
      readonly continueToken: string | null;
      readonly objects: number;
    }
  /** The cluster accepted the watch: it sends from now on. */
  | { readonly type: 'WATCH_OPENED'; readonly at: EpochMs }
  /** Changes up to this resourceVersion were taken (none, for a bookmark). */
  | { readonly type: 'PROGRESSED'; readonly at: EpochMs; readonly resourceVersion: string }
  /** The watch has been open for a while. */
  | { readonly type: 'SETTLED'; readonly at: EpochMs }
  /** The watch is over without an error: the cluster ended it, or nothing at all was heard for too long. */
  | { readonly type: 'WATCH_ENDED'; readonly at: EpochMs; readonly cause: 'ended' | 'silent'; readonly jitter: number }
  /** The cluster does not know the resourceVersion or the continue token (any more). */
  | { readonly type: 'EXPIRED'; readonly at: EpochMs; readonly message: string }
  /** Sent when the state `expired` has been noted. */
  | { readonly type: 'RELIST'; readonly at: EpochMs; readonly jitter: number }
  /** Any other failure. `retryAfter`: how long the cluster asked to be left alone. */
  | {
      readonly type: 'FAILED';
      readonly at: EpochMs;
      readonly error: WatchError;
      readonly retryAfter?: number;
      readonly jitter: number;
    }
  /** The wait that `backingOff` stands for is over. */
  | { readonly type: 'RETRY'; readonly at: EpochMs }
  | { readonly type: 'STOP'; readonly at: EpochMs };

export type WatchMessageType = WatchMessage['type'];

export interface WatchInput {
  /** What is watched, for people: `pods`, or `pods in default-us-east-1`. */
  readonly name: string;
  /** The resourceVersion to resume from; absent: list first. */
  readonly resourceVersion?: string;
}

/** A list of which some pages were taken. */
interface ListInProgress {
  readonly continueToken: string;
  /** Of the first page: everything after it will be watched. */
  readonly resourceVersion: string;
  readonly pages: number;
  readonly objects: number;
}

export interface WatchContext {
  readonly name: string;
  /** All that was taken holds up to this version; null while a list must come first. */
  readonly resourceVersion: string | null;
  readonly list: ListInProgress | null;
  /** Objects of the last complete list; null until there was one. */
  readonly listedObjects: number | null;
  /** Failures in a row since the watch was last settled. */
  readonly attempt: number;
  /** Expirations in a row since the watch was last settled. */
  readonly expirations: number;
  /** When to try again; set in `backingOff` only. */
  readonly retryAt: EpochMs | null;
  /** What is wrong, since when; null again once the watch is settled. */
  readonly lastError: (WatchError & { readonly since: EpochMs }) | null;
  /** When what the consumer holds first agreed with the cluster: a list was complete, or a resumed watch open; null before. A relist sets it anew. */
  readonly syncedAt: EpochMs | null;
  /** When the cluster was last heard: a page, an accepted watch, a change, a bookmark. */
  readonly heardAt: EpochMs | null;
}

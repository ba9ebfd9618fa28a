/**
 * Owns what the system asks of durable storage: a few ordered tables of JSON strings and one atomic commit.
 * `store/` implements it on LMDB; tests may bring a Map. What a key or a value means is decided in `system/` alone.
 */

/**
 * The tables.
 * - `snapshots`: one actor each, its envelope (system/envelope.ts), by ARN
 * - `services`: one service actor each, with its deployments, its envelope, by ARN
 * - `history`: one transition each, by `[ARN, sequence]`
 * - `cursors`: one watch each, the resourceVersion that the last commit reached
 * - `deadlines`: what must happen later, by `[due epoch ms, id]`
 */
export const TABLES = ['snapshots', 'services', 'history', 'cursors', 'deadlines'] as const;
export type Table = (typeof TABLES)[number];

/**
 * Keys order as their parts do: numbers before strings, numbers by value, strings by code point; a prefix comes before what extends it.
 * `'a'` and `['a']` are the same key, and come back as `'a'`. An encoded key may have 1,978 bytes.
 */
export type StoreKey = string | readonly (string | number)[];

/** One change of a commit: a value put, or, when `value` is absent, a row removed. */
export interface Write {
  readonly table: Table;
  readonly key: StoreKey;
  readonly value?: string;
}

/** Bounds of a range: `start` inclusive, `end` exclusive, in key order (both given in that order, also for `reverse`). */
export interface Range {
  readonly start?: StoreKey;
  readonly end?: StoreKey;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Row {
  readonly key: StoreKey;
  readonly value: string;
}

/** Durable storage. Reads see every commit that has resolved, and nothing of one that has not. */
export interface Store {
  get(table: Table, key: StoreKey): string | undefined;
  /** The rows as they were when the first was taken. Iterate to the end or leave the loop. */
  range(table: Table, range?: Range): Iterable<Row>;
  count(table: Table): number;
  /**
   * Applies all writes, in order, in one transaction. Resolves when they are committed and would survive the death of the process.
   * Callers await it before the next.
   *
   * @throws RetryableError or FatalError, STORE_FAILED, when the transaction failed (a full disk, say); then none of it was applied.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Ends after all writes reached the disk. Idempotent. */
  close(): Promise<void>;
}

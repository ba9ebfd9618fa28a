/** Owns exponential back-off by key, with the rules of client-go's `flowcontrol.Backoff`. */

/** The first wait of the kubelet's back-offs, in milliseconds; it doubles up to {@link BACK_OFF_LIMIT}. */
export const FIRST_BACK_OFF = 10_000;
export const BACK_OFF_LIMIT = 300_000;

export class BackOff {
  readonly #entries = new Map<string, { delay: number; updated: number }>();

  /** The present wait of a key, in milliseconds. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** Whether a key still has to wait at `now`, counted from `since` (the last failure); instants in milliseconds. */
  waits(key: string, since: number, now: number): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && !isOld(entry, since) && now - since < entry.delay;
  }

  /** Whether a key still has to wait at `now`, counted from its last attempt. */
  waitsSinceAttempt(key: string, now: number): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && now - entry.updated < entry.delay;
  }

  /** Notes an attempt at `now` after a failure at `since`: the wait doubles, or begins anew after a long time of peace. */
  next(key: string, since: number, now: number): void {
    const entry = this.#entries.get(key);
    const delay =
      entry === undefined || isOld(entry, since) ? FIRST_BACK_OFF : Math.min(entry.delay * 2, BACK_OFF_LIMIT);
    this.#entries.set(key, { delay, updated: now });
  }
}

/** Whoever ran well for twice the longest wait starts from the beginning. */
function isOld(entry: { readonly updated: number }, since: number): boolean {
  return since - entry.updated > 2 * BACK_OFF_LIMIT;
}

/**
 * Owns how long to wait before the next try: exponential, with full jitter between a floor and a growing ceiling, so that many
 * watches which fail together do not come back together.
 */

/** The shortest wait, in milliseconds: short enough for a restarted API server to be found at once, long enough to be no hot loop. */
export const BACKOFF_FLOOR = 500;

/** The longest wait, in milliseconds: an outage that ends is noticed within half a minute. */
export const BACKOFF_CEILING = 30_000;

/** The longest Retry-After that is honoured, in milliseconds: a broken proxy may ask for a day. */
export const RETRY_AFTER_CEILING = 300_000;

/**
 * The wait before try number `attempt` (1 is the first after a failure), in milliseconds: from {@link BACKOFF_FLOOR} to
 * 1, 2, 4, 8, 16, then 30 s, where `jitter` (0 inclusive to 1 exclusive, drawn by the caller) says; no shorter than the
 * `retryAfter` that the server asked for.
 */
export function backoffDelay(attempt: number, jitter: number, retryAfter = 0): number {
  const ceiling = Math.min(BACKOFF_CEILING, BACKOFF_FLOOR * 2 ** attempt);
  const delay = Math.round(BACKOFF_FLOOR + jitter * (ceiling - BACKOFF_FLOOR));
  return Math.max(delay, Math.min(retryAfter, RETRY_AFTER_CEILING));
}

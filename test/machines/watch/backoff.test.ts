/** Owns the proof of how long a watch waits. */
import { describe, expect, it } from 'vitest';
import { BACKOFF_CEILING, BACKOFF_FLOOR, backoffDelay, RETRY_AFTER_CEILING } from '../../../machines/watch/backoff.js';

const ALMOST_ONE = 1 - Number.EPSILON;

describe('backoffDelay', () => {
  it('doubles the longest wait up to half a minute', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 2000].map((attempt) => backoffDelay(attempt, ALMOST_ONE));
    expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('draws from the whole range, down to half a second', () => {
    expect(backoffDelay(6, 0)).toBe(BACKOFF_FLOOR);
    expect(backoffDelay(6, 0.5)).toBe((BACKOFF_FLOOR + BACKOFF_CEILING) / 2);
  });

  it('waits at least as long as the server asked for', () => {
    expect(backoffDelay(1, 0, 7000)).toBe(7000);
    expect(backoffDelay(6, ALMOST_ONE, 7000)).toBe(30_000);
  });

  it('takes no server at its word for longer than five minutes', () => {
    expect(backoffDelay(1, 0, 86_400_000)).toBe(RETRY_AFTER_CEILING);
  });
});

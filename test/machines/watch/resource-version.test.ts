/** Owns the proof of the order of resourceVersions. */
import { describe, expect, it } from 'vitest';
import { compareResourceVersions, newerResourceVersion } from '../../../machines/watch/resource-version.js';

describe('resourceVersions', () => {
  it.each([
    ['5', '5', 0],
    ['9', '10', -1],
    ['10', '9', 1],
    // Beyond what a number holds exactly.
    ['90071992547409930', '90071992547409931', -1],
  ])('orders %s and %s by value', (a, b, order) => {
    expect(Math.sign(compareResourceVersions(a, b) ?? Number.NaN)).toBe(order);
  });

  it.each([
    ['abc', '5'],
    ['5', 'abc'],
    ['0', '5'],
    ['05', '5'],
  ])('claims no order of %s and %s', (a, b) => {
    expect(compareResourceVersions(a, b)).toBeUndefined();
  });

  it('keeps the newer', () => {
    expect(newerResourceVersion('10', '9')).toBe('10');
    expect(newerResourceVersion('9', '10')).toBe('10');
  });

  it('takes the next one where they cannot be ordered', () => {
    expect(newerResourceVersion('abc', 'abd')).toBe('abd');
  });
});

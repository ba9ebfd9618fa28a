/**
 * The reading of untrusted JSON.
 */
import { describe, expect, it } from 'vitest';
import { array, instant, number, object, string } from '../../src/observe/raw.js';

describe('a field of the wrong kind reads as absent', () => {
  const values = [undefined, null, 0, 1, Number.NaN, '', 'text', true, [], [1], {}, { a: 1 }];

  it.each([
    ['object', object, { 11: { a: 1 } }, {}],
    ['array', array, { 9: [1] }, []],
    ['string', string, { 6: 'text' }, undefined],
    ['number', number, { 2: 0, 3: 1 }, undefined],
  ] as const)('as %s', (_, read, present: Readonly<Record<number, unknown>>, absent) => {
    expect(values.map((value) => read(value))).toEqual(values.map((__, index) => present[index] ?? absent));
  });
});

describe('an instant', () => {
  it.each([
    ['2026-01-01T00:00:00Z', 1_767_225_600_000],
    ['2026-01-01T00:00:00.123456Z', 1_767_225_600_123],
    ['2026-01-01T02:00:00+02:00', 1_767_225_600_000],
  ])('%s is %d', (text, epoch) => expect(instant(text)).toBe(epoch));

  it.each([null, undefined, '', 'soon', 0, 1_767_225_600_000, {}, '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])(
    '%j is none',
    (value) => expect(instant(value)).toBeUndefined(),
  );
});

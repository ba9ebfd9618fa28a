import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_LIMIT, decodeKey, encodeKey, prefixEnd } from '../../src/store/key.js';
import type { StoreKey } from '../../src/system/store.port.js';
import { compareKeys } from './reference-order.js';

const part = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary-ascii' }),
);
const parts = fc.array(part, { minLength: 1, maxLength: 4 });

describe('encodeKey', () => {
  it.each<[StoreKey, string]>([
    ['a', '026100'],
    ['', '0200'],
    ['a\0b', '026100ff6200'],
    [['a', 1], '02610001bff0000000000000'],
    [[-1], '01400fffffffffffff'],
    [[0], '018000000000000000'],
    [[-0], '018000000000000000'],
  ])('%j is %s on disk, for as long as the schema is 1', (key, hex) => {
    expect(encodeKey(key).toString('hex')).toBe(hex);
  });

  it('orders bytes as the port orders keys', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(Math.sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(parts, (key) => {
        const [first] = key;
        const expected =
          key.length === 1 && typeof first === 'string' ? first : key.map((each) => (each === 0 ? 0 : each));
        expect(decodeKey(encodeKey(key))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('counts the limit in bytes, not in characters', () => {
    expect(encodeKey('é'.repeat((KEY_LIMIT - 2) / 2))).toHaveLength(KEY_LIMIT);
    expect(() => encodeKey('é'.repeat(KEY_LIMIT / 2))).toThrow(/a key of 1980 bytes; 1978 is the limit/);
  });
});

describe('decodeKey', () => {
  it.each(['', '03', '0261', '01bff0', '0261000'.slice(0, 6) + '05'])('refuses the bytes "%s"', (hex) => {
    expect(() => decodeKey(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });
});

describe('prefixEnd', () => {
  it('is after every key with the prefix, and before every other key after them', () => {
    fc.assert(
      fc.property(parts, parts, parts, (prefix, rest, other) => {
        const end = prefixEnd(prefix);
        expect(compareKeys(prefix, end)).toBeLessThan(0);
        expect(compareKeys([...prefix, ...rest], end)).toBeLessThan(0);
        const hasPrefix = compareKeys(other.slice(0, prefix.length), prefix) === 0;
        if (!hasPrefix && compareKeys(other, prefix) > 0) expect(compareKeys(other, end)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[StoreKey, StoreKey]>([
    ['a', 'a\0'],
    [
      ['a', 'b'],
      ['a', 'b\0'],
    ],
    [[-Number.MIN_VALUE], [0]],
    [[0], [Number.MIN_VALUE]],
    [[-Infinity], [-Number.MAX_VALUE]],
    [[Number.MAX_VALUE], [Infinity]],
    [
      ['a', Infinity],
      ['a', ''],
    ],
  ])('of %j is %j', (prefix, end) => {
    expect(prefixEnd(prefix)).toEqual(end);
  });

  it('has none for the empty prefix', () => {
    expect(() => prefixEnd([])).toThrow(/an empty key/);
  });
});

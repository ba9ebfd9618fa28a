/**
 * Owns what every store must do, whatever keeps the rows: run by the tests of each.
 */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../../src/errors.js';
import { prefixEnd } from '../../src/store/key.js';
import type { Range, Store, StoreKey, Table, Write } from '../../src/system/store.port.js';
import { compareKeys } from './reference-order.js';

const put = (table: Table, key: StoreKey, value: string): Write => ({ table, key, value });
const remove = (table: Table, key: StoreKey): Write => ({ table, key });

/** In the order of the port, which is not that of JavaScript: U+FFFD comes before what needs two UTF-16 units. */
const ORDERED: readonly StoreKey[] = [
  [-Infinity],
  [-1.5, 'z'],
  [-1],
  [0],
  [0, -1],
  [0, ''],
  [0.5],
  [2],
  [10],
  [10, 'a', 1],
  [Infinity],
  '',
  ['', 'x'],
  '\0',
  '\u0001',
  'a',
  ['a', 1],
  ['a', 2],
  ['a', 10],
  ['a', 'a'],
  ['a', 'b', 'c'],
  'a\0',
  ['a\0', 1],
  'a\0\0',
  'a\u0001',
  'a b',
  'ab',
  'b',
  'é',
  '\ufffd',
  '😀',
];

/** @param create makes an empty store; it is closed after each test. */
export function describeStore(name: string, create: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await create();
    });
    afterEach(() => store.close());

    const keys = (table: Table, range?: Range): StoreKey[] => [...store.range(table, range)].map(({ key }) => key);

    describe('a commit', () => {
      it('puts, replaces and removes rows, each in its table', async () => {
        await store.commit([put('snapshots', 'a', '1'), put('history', 'a', '2'), put('snapshots', 'b', '3')]);
        await store.commit([put('snapshots', 'a', '4'), remove('snapshots', 'b'), remove('snapshots', 'never there')]);
        expect(store.get('snapshots', 'a')).toBe('4');
        expect(store.get('snapshots', 'b')).toBeUndefined();
        expect(store.get('history', 'a')).toBe('2');
        expect([store.count('snapshots'), store.count('history'), store.count('cursors')]).toEqual([1, 1, 0]);
      });

      it('applies its writes in their order', async () => {
        await store.commit([
          put('cursors', 'a', '1'),
          remove('cursors', 'a'),
          put('cursors', 'b', '1'),
          put('cursors', 'b', '2'),
        ]);
        await store.commit([remove('cursors', 'b'), put('cursors', 'b', '3')]);
        expect([...store.range('cursors')]).toEqual([{ key: 'b', value: '3' }]);
      });

      it('shows nothing before it resolves, and everything then', async () => {
        const committed = store.commit([put('cursors', 'pods', '7')]);
        expect(store.get('cursors', 'pods')).toBeUndefined();
        expect(store.count('cursors')).toBe(0);
        await committed;
        expect(store.get('cursors', 'pods')).toBe('7');
        expect(store.count('cursors')).toBe(1);
      });

      it('comes after the commits that were asked for before it', async () => {
        const commits = Array.from({ length: 50 }, (_, index) => store.commit([put('cursors', 'pods', String(index))]));
        await Promise.all(commits);
        expect(store.get('cursors', 'pods')).toBe('49');
      });

      it('of nothing changes nothing', async () => {
        await store.commit([]);
        expect(keys('snapshots')).toEqual([]);
      });

      const long = 'k'.repeat(1976);
      it.each<[string, unknown, RegExp]>([
        ['a key one byte too long', put('history', `${long}k`, '1'), /a key of 1979 bytes; 1978 is the limit: "kkk/],
        ['an empty key', put('history', [], '1'), /an empty key/],
        [
          'NaN in a key',
          put('history', ['a', Number.NaN], '1'),
          /anything but strings and numbers in the key \["a",null\]/,
        ],
        [
          'an object in a key',
          { table: 'history', key: [{}], value: '1' },
          /anything but strings and numbers in the key/,
        ],
        ['half a surrogate pair', put('history', 'a\ud83d', '1'), /half a surrogate pair in the key/],
        ['a value that is no string', { table: 'history', key: 'a', value: 1 }, /cannot hold a number as a value/],
        ['an unknown table', { table: 'tasks', key: 'a', value: '1' }, /no table "tasks"/],
      ])('with %s is refused whole', async (_, wrong, message) => {
        // The point is what the types forbid.
        const writes = [put('snapshots', 'before', '1'), wrong as Write, put('snapshots', 'after', '1')];
        const error: unknown = await store.commit(writes).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(FatalError);
        expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(message) });
        expect(keys('snapshots')).toEqual([]);
        await store.commit([put('snapshots', long, '1')]);
        expect(keys('snapshots')).toEqual([long]);
      });
    });

    describe('a value', () => {
      it.each([
        ['empty', ''],
        ['with a zero', 'a\0b'],
        ['beyond ASCII', '{"reason":"Größe 😀"}'],
        ['of 100 kB', 'é'.repeat(50_000)],
      ])('%s comes back as it was', async (_, value) => {
        await store.commit([put('snapshots', 'a', value)]);
        expect(store.get('snapshots', 'a')).toBe(value);
        expect([...store.range('snapshots')]).toEqual([{ key: 'a', value }]);
      });
    });

    describe('a key', () => {
      it('of one string is that string', async () => {
        await store.commit([put('snapshots', ['a'], '1'), put('snapshots', [1], '2')]);
        expect(store.get('snapshots', 'a')).toBe('1');
        expect(keys('snapshots')).toEqual([[1], 'a']);
      });

      it('has one zero', async () => {
        await store.commit([put('snapshots', ['a', -0], '1')]);
        expect(store.get('snapshots', ['a', 0])).toBe('1');
        expect(keys('snapshots')).toEqual([['a', 0]]);
      });
    });

    describe('a range', () => {
      const fill = (): Promise<void> =>
        store.commit(ORDERED.toReversed().map((key) => put('history', key, JSON.stringify(key))));

      it('is in the order of the keys, either way', async () => {
        await fill();
        expect(keys('history')).toEqual(ORDERED);
        expect(keys('history', { reverse: true })).toEqual(ORDERED.toReversed());
        expect([...store.range('history')].map(({ value }) => value)).toEqual(
          ORDERED.map((key) => JSON.stringify(key)),
        );
      });

      it('takes its start and leaves its end, either way', async () => {
        await fill();
        for (const [from, start] of ORDERED.entries()) {
          expect(keys('history', { start })).toEqual(ORDERED.slice(from));
          expect(keys('history', { end: start, reverse: true })).toEqual(ORDERED.slice(0, from).toReversed());
          const to = (from + 7) % ORDERED.length;
          const bounds = { start, end: ORDERED[to] ?? '' };
          expect(keys('history', bounds)).toEqual(ORDERED.slice(from, to));
          expect(keys('history', { ...bounds, reverse: true })).toEqual(ORDERED.slice(from, to).toReversed());
        }
      });

      it('takes bounds that are no keys of the table', async () => {
        await fill();
        expect(keys('history', { start: [1], end: [11] })).toEqual([[2], [10], [10, 'a', 1]]);
        expect(keys('history', { start: [1], end: [11], reverse: true })).toEqual([[10, 'a', 1], [10], [2]]);
        expect(keys('history', { start: 'zzzz😀', end: 'zzzz😁' })).toEqual([]);
      });

      it('ends at its limit, which counts from where it begins', async () => {
        await fill();
        expect(keys('history', { start: 'a', limit: 2 })).toEqual(['a', ['a', 1]]);
        expect(keys('history', { end: [2], reverse: true, limit: 1 })).toEqual([[0.5]]);
        expect(keys('history', { limit: 0 })).toEqual([]);
        expect(keys('history', { limit: 1000 })).toHaveLength(ORDERED.length);
      });

      it('of a prefix has what begins with its parts, and nothing else', async () => {
        await fill();
        const beginWith = (prefix: StoreKey): StoreKey[] => keys('history', { start: prefix, end: prefixEnd(prefix) });
        expect(beginWith('a')).toEqual(['a', ['a', 1], ['a', 2], ['a', 10], ['a', 'a'], ['a', 'b', 'c']]);
        expect(beginWith(['a', 'b'])).toEqual([['a', 'b', 'c']]);
        expect(beginWith([10])).toEqual([[10], [10, 'a', 1]]);
        expect(beginWith([0])).toEqual([[0], [0, -1], [0, '']]);
        expect(beginWith([Infinity])).toEqual([[Infinity]]);
        expect(beginWith([-Infinity])).toEqual([[-Infinity]]);
        expect(keys('history', { start: ['a', 2], end: ['a', Infinity] })).toEqual([
          ['a', 2],
          ['a', 10],
        ]);
      });

      it('shows the rows as they were when the first was taken, whatever is committed meanwhile', async () => {
        await fill();
        const seen: StoreKey[] = [];
        for (const { key } of store.range('history')) {
          if (seen.length === 0) {
            await store.commit([remove('history', 'b'), put('history', 'c', 'new'), put('history', 'a', 'new')]);
            expect(store.get('history', 'c')).toBe('new');
            expect(store.get('history', 'b')).toBeUndefined();
          }
          seen.push(key);
        }
        expect(seen).toEqual(ORDERED);
        expect(keys('history', { start: 'ab', end: 'd' })).toEqual(['ab', 'c']);
      });

      it('may be left early, and several may be open at once', async () => {
        await fill();
        const open = [
          store.range('history'),
          store.range('history', { reverse: true }),
          store.range('history', { start: 'a' }),
        ];
        const iterators = open.map((rows) => rows[Symbol.iterator]());
        expect(iterators.map((rows) => (rows.next().value as { key: StoreKey }).key)).toEqual([[-Infinity], '😀', 'a']);
        await store.commit([remove('history', '😀')]);
        expect(iterators.map((rows) => (rows.next().value as { key: StoreKey }).key)).toEqual([
          [-1.5, 'z'],
          '\ufffd',
          ['a', 1],
        ]);
        for (const rows of iterators) rows.return?.();
        expect(keys('history', { reverse: true, limit: 1 })).toEqual(['\ufffd']);
      });

      it('refuses a bound that is no key', () => {
        expect(() => keys('history', { start: [] })).toThrow(/an empty key/);
        expect(() => keys('history', { end: ['a', Number.NaN] })).toThrow(/anything but strings and numbers/);
      });
    });

    it('holds what any sequence of commits says', async () => {
      const part = fc.oneof(
        fc.double({ noNaN: true }),
        fc.integer({ min: -3, max: 3 }),
        fc.string({ unit: 'grapheme', maxLength: 3 }),
      );
      const key: fc.Arbitrary<StoreKey> = fc.oneof(
        fc.string({ unit: 'binary-ascii', maxLength: 2 }),
        fc.array(part, { minLength: 1, maxLength: 3 }),
      );
      const table = fc.constantFrom<Table>('snapshots', 'history');
      const write: fc.Arbitrary<Write> = fc.record(
        { table, key, value: fc.string({ unit: 'grapheme' }) },
        { requiredKeys: ['table', 'key'] },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 8 }),
          key,
          key,
          async (commits, start, end) => {
            const rows = new Map<string, { readonly key: StoreKey; readonly value: string }>();
            const writes = (['snapshots', 'history'] as const).flatMap((each) =>
              keys(each).map((old) => remove(each, old)),
            );
            await store.commit(writes);
            for (const each of commits) {
              await store.commit(each);
              for (const { table: name, key: own, value } of each) {
                const id = `${name} ${inspect(normal(own))}`;
                if (value === undefined) rows.delete(id);
                else rows.set(id, { key: normal(own), value });
              }
            }
            const sorted = [...rows].filter(([id]) => id.startsWith('history')).map(([, row]) => row);
            sorted.sort((a, b) => compareKeys(a.key, b.key));
            expect([...store.range('history')]).toEqual(sorted);
            const within = sorted.filter((row) => compareKeys(row.key, start) >= 0 && compareKeys(row.key, end) < 0);
            expect([...store.range('history', { start, end })]).toEqual(within);
            expect([...store.range('history', { start, end, reverse: true })]).toEqual(within.toReversed());
            expect(store.count('history')).toBe(sorted.length);
            for (const row of sorted) expect(store.get('history', row.key)).toBe(row.value);
          },
        ),
        { numRuns: 60 },
      );
    });

    describe('closing', () => {
      it('waits for the commits before it, and refuses those after', async () => {
        const before = store.commit([put('cursors', 'pods', '1')]);
        const closed = store.close();
        const after = expect(store.commit([put('cursors', 'pods', '2')])).rejects.toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringMatching(/^The store is closed/),
        });
        await expect(before).resolves.toBeUndefined();
        await after;
        await closed;
        await store.close();
        expect(() => store.get('cursors', 'pods')).toThrow(/^The store is closed/);
        expect(() => store.count('cursors')).toThrow(/^The store is closed/);
        expect(() => [...store.range('cursors')]).toThrow(/^The store is closed/);
      });

      it('ends a range that is still open', async () => {
        await store.commit([put('cursors', 'a', '1'), put('cursors', 'b', '2')]);
        const rows = store.range('cursors')[Symbol.iterator]();
        expect(rows.next().value).toEqual({ key: 'a', value: '1' });
        await store.close();
        expect(() => rows.next()).toThrow(/^The store is closed/);
      });
    });
  });
}

/** The key as a store gives it back. */
function normal(key: StoreKey): StoreKey {
  if (typeof key === 'string') return key;
  const [first] = key;
  if (key.length === 1 && typeof first === 'string') return first;
  return key.map((part) => (typeof part === 'number' ? part + 0 : part));
}

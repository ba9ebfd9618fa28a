/** Paging, whatever the order of the items and whatever comes and goes between pages. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageOf } from '../../src/http/ecs/page.js';
import type { Position } from '../../src/http/ecs/page.js';

const self = (item: Position): Position => item;

const items = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.string({ maxLength: 3 })), {
  selector: (item) => JSON.stringify(item),
  maxLength: 40,
});

const inOrder = (all: readonly Position[]): readonly Position[] =>
  all.toSorted((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : Number(a[1] > b[1])));

/** All pages, one after the other; `between` may change what there is before each next one. */
function walk(
  initial: readonly Position[],
  size: number,
  between: (all: readonly Position[], page: number) => readonly Position[],
) {
  const pages: (readonly Position[])[] = [];
  let all = initial;
  let token: string | undefined;
  do {
    const page = pageOf(all, self, { scope: 'test', size, token });
    pages.push(page.items);
    token = page.nextToken;
    all = between(all, pages.length);
  } while (token !== undefined);
  return pages;
}

describe('pageOf', () => {
  test('gives every item once and in order, from items in any order', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 10 }), (all, size) => {
        const pages = walk(all, size, (same) => same);
        expect(pages.flat()).toEqual(inOrder(all));
        expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
        expect(pages).toHaveLength(Math.max(1, Math.ceil(all.length / size)));
      }),
    );
  });

  test('gives every item that is there all along exactly once, and none twice, while others come and go', () => {
    fc.assert(
      fc.property(items, items, fc.integer({ min: 1, max: 5 }), (all, others, size) => {
        const stays = all.filter((_, index) => index % 2 === 0);
        const key = (item: Position): string => JSON.stringify(item);
        const known = new Set(all.map(key));
        const comes = others.filter((item) => !known.has(key(item)));
        const seen = walk(all, size, (_all, page) => [...comes.slice(0, page), ...stays])
          .flat()
          .map(key);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining(stays.map(key)));
      }),
    );
  });

  test('refuses a token of another scope', () => {
    const request = { size: 1, token: undefined };
    const { nextToken } = pageOf(
      [
        [0, 'a'],
        [0, 'b'],
      ] as const,
      self,
      { ...request, scope: 'one' },
    );
    expect(nextToken).toBeDefined();
    expect(() => pageOf([], self, { size: 1, scope: 'two', token: nextToken })).toThrow('Invalid nextToken');
  });
});

/**
 * Owns the order of keys as the port's words have it, told without any encoding, to hold the stores to.
 */
import type { StoreKey } from '../../src/system/store.port.js';

const partsOf = (key: StoreKey): readonly (string | number)[] => (typeof key === 'string' ? [key] : key);

/** Negative when `a` comes first, positive when `b` does, 0 when they are the same key. */
export function compareKeys(a: StoreKey, b: StoreKey): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareParts(a: string | number, b: string | number): number {
  if (typeof a === 'number') return typeof b === 'number' ? Math.sign(a === b ? 0 : a - b) : -1;
  if (typeof b === 'number') return 1;
  const left = Array.from(a, codePoint);
  const right = Array.from(b, codePoint);
  for (const [index, point] of left.entries()) {
    const difference = point - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const codePoint = (character: string): number => character.codePointAt(0) ?? 0;

/**
 * Owns one page of a tree and one level of it, during the walk: the nodes of a page, and which keys may stand on which page of a level.
 */
import {
  NODE_HEADER,
  NODE_OVERFLOW,
  OVERFLOW_RECORD,
  PAGE_HEADER,
  PAGE_LEAF,
  type PAGE_BRANCH,
} from './page-format.js';
import { Damage } from './page-reader.js';

/** Compares two ranges of bytes as keys. */
export type KeyOrder = (a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number) => number;

/** One node of a page, as positions in its buffer. */
export interface Node {
  /** Where the node itself begins. */
  readonly at: number;
  readonly keyStart: number;
  /** Also where the value begins, in a leaf. */
  readonly keyEnd: number;
}

/** The nodes of a page of a tree: each key inside the page, and after the one before. */
export function nodesOf(
  page: number,
  bytes: Buffer,
  kind: typeof PAGE_BRANCH | typeof PAGE_LEAF,
  order: KeyOrder,
): Node[] {
  if (bytes.readUInt16LE(18) !== kind) throw new Damage(`page ${page} is not of the kind that it should be`);
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  if (lower === 0 || lower % 2 !== 0 || lower > upper || upper > bytes.length - PAGE_HEADER) {
    throw new Damage(`page ${page} states impossible bounds`);
  }
  // The first key of a branch page means nothing, and is usually empty.
  const firstKey = kind === PAGE_LEAF ? 0 : 1;
  const nodes: Node[] = [];
  let used = 0;
  for (let index = 0; index < lower / 2; index += 1) {
    const offset = bytes.readUInt16LE(PAGE_HEADER + index * 2);
    const at = PAGE_HEADER + offset;
    const keyStart = at + NODE_HEADER;
    if (offset < upper || offset % 2 !== 0 || keyStart > bytes.length)
      throw new Damage(`page ${page} has an entry outside of itself`);
    const keyEnd = keyStart + bytes.readUInt16LE(at + 6);
    if (keyEnd > bytes.length) throw new Damage(`page ${page} has a key that leaves it`);
    if (index >= firstKey && keyEnd === keyStart) throw new Damage(`page ${page} has an empty key`);
    const previous = index > firstKey ? nodes[index - 1] : undefined;
    if (previous !== undefined && order(bytes, previous.keyStart, previous.keyEnd, bytes, keyStart, keyEnd) >= 0) {
      throw new Damage(`the keys of page ${page} are out of order`);
    }
    nodes.push({ at, keyStart, keyEnd });
    const isOverflow = kind === PAGE_LEAF && bytes.readUInt16LE(at + 4) === NODE_OVERFLOW;
    const valueSize = kind === PAGE_LEAF && !isOverflow ? bytes.readUInt32LE(at) : 0;
    const size = keyEnd - at + (isOverflow ? OVERFLOW_RECORD : valueSize);
    used += size + (size % 2);
  }
  // LMDB leaves no room between nodes: more or less than there is means that one states a wrong size.
  if (used !== bytes.length - PAGE_HEADER - upper) throw new Damage(`the entries of page ${page} do not fill it`);
  return nodes;
}

/**
 * One level of a tree: its pages in the order of their keys, and the key from which each one reaches to the next.
 * The keys lie in one buffer: a level may have hundreds of thousands of them.
 */
export class TreeLevel {
  readonly pages: number[] = [];
  readonly #order: KeyOrder;
  #keys: Buffer = Buffer.alloc(4096);
  /** Where the key of each page ends, which is where the next one begins. */
  readonly #ends: number[] = [];

  constructor(order: KeyOrder) {
    this.#order = order;
  }

  /** Adds the next page; with an empty key it reaches from the very beginning. */
  push(page: number, bytes: Buffer, keyStart: number, keyEnd: number): void {
    const start = this.#ends.at(-1) ?? 0;
    const end = start + keyEnd - keyStart;
    if (end > this.#keys.length) this.#keys = Buffer.concat([this.#keys, Buffer.alloc(end)]);
    bytes.copy(this.#keys, start, keyStart, keyEnd);
    this.pages.push(page);
    this.#ends.push(end);
  }

  /** Adds a page that begins where the page `index` of the level above does. */
  pushFirst(page: number, above: TreeLevel, index: number): void {
    this.push(page, above.#keys, above.#start(index), above.#ends[index] ?? 0);
  }

  /** Whether a key may stand on the page `index`: not before the page's own first key, and before that of the next. */
  admits(index: number, bytes: Buffer, { keyStart, keyEnd }: Node): boolean {
    const compared = (other: number): number =>
      this.#order(bytes, keyStart, keyEnd, this.#keys, this.#start(other), this.#ends[other] ?? 0);
    return compared(index) >= 0 && (index + 1 >= this.pages.length || compared(index + 1) < 0);
  }

  #start(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }
}

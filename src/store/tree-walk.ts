/**
 * Owns the walk through the trees of the store's file: their shape, their counts, and every entry.
 * Level by level, so that the file is read in its own order.
 */
import {
  NODE_OVERFLOW,
  NODE_TREE,
  OVERFLOW_RECORD,
  PAGE_BRANCH,
  PAGE_LEAF,
  TREE_RECORD,
  readTree,
  s64,
  u64,
  type Tree,
} from './page-format.js';
import { Damage, type Overflow, type PageReader } from './page-reader.js';
import { TreeLevel, nodesOf, type KeyOrder, type Node } from './tree-level.js';

/** LMDB's cursors go no deeper. */
const DEPTH_LIMIT = 32;

const NO_KEY = Buffer.alloc(0);

/** One entry of a leaf, in its page's buffer. */
interface Entry extends Node {
  readonly page: number;
  readonly bytes: Buffer;
  readonly flags: number;
  /** Of the value, in bytes, wherever it is. */
  readonly size: number;
}

const byBytes: KeyOrder = (a, aStart, aEnd, b, bStart, bEnd) => a.compare(b, bStart, bEnd, aStart, aEnd);

/** The order of transactions, which are the keys of the tree of free pages. */
const byNumber: KeyOrder = (a, aStart, aEnd, b, bStart, bEnd) => numberOf(a, aStart, aEnd) - numberOf(b, bStart, bEnd);

const numberOf = (bytes: Buffer, start: number, end: number): number => (end - start < 8 ? -1 : u64(bytes, start));

const textOf = ({ bytes, keyStart, keyEnd }: Entry): string => bytes.toString('latin1', keyStart, keyEnd);

/**
 * Walks one tree, and calls `visit` with each entry, its place in the page checked.
 *
 * @returns the values that have pages of their own, not yet read.
 */
async function walkTree(
  reader: PageReader,
  tree: Tree,
  order: KeyOrder,
  visit: (entry: Entry) => void,
): Promise<Overflow[]> {
  if (tree.depth > DEPTH_LIMIT || (tree.root === undefined) !== (tree.depth === 0)) {
    throw new Damage(`a tree states a depth of ${tree.depth}`);
  }
  let branchPages = 0;
  let level = new TreeLevel(order);
  if (tree.root !== undefined) level.push(tree.root, NO_KEY, 0, 0);
  for (let depth = 1; depth < tree.depth; depth += 1) {
    branchPages += level.pages.length;
    level = await walkBranches(reader, level, order);
  }
  const overflows: Overflow[] = [];
  const leaves = level;
  let entries = 0;
  await reader.readPages(leaves.pages, (index, page, bytes) => {
    const nodes = nodesOf(page, bytes, PAGE_LEAF, order);
    for (const node of [nodes[0], nodes.at(-1)]) {
      if (node !== undefined && !leaves.admits(index, bytes, node))
        throw new Damage(`page ${page} has keys of another page`);
    }
    for (const node of nodes) visit(leafEntry(page, bytes, node, overflows));
    entries += nodes.length;
  });
  const overflowPages = overflows.reduce((sum, { pages }) => sum + pages, 0);
  const isAsStated =
    entries === tree.entries && branchPages === tree.branchPages && overflowPages === tree.overflowPages;
  if (!isAsStated || leaves.pages.length !== tree.leafPages) {
    throw new Damage(`a tree of ${tree.entries} entries has ${entries}, or other pages than it states`);
  }
  return overflows;
}

/** Checks a level of branch pages; returns the level below. */
async function walkBranches(reader: PageReader, level: TreeLevel, order: KeyOrder): Promise<TreeLevel> {
  // The pages come in the order of the file, the level below needs that of the keys.
  const children: { readonly page: number; readonly key: Buffer }[][] = [];
  await reader.readPages(level.pages, (index, page, bytes) => {
    children[index] = nodesOf(page, bytes, PAGE_BRANCH, order).map((node, place) => {
      if (place > 0 && !level.admits(index, bytes, node)) throw new Damage(`page ${page} has keys of another page`);
      const child = bytes.readUInt32LE(node.at) + bytes.readUInt16LE(node.at + 4) * 2 ** 32;
      return { page: child, key: Buffer.from(bytes.subarray(node.keyStart, node.keyEnd)) };
    });
  });
  const below = new TreeLevel(order);
  for (const [index, nodes] of children.entries()) {
    for (const [place, { page, key }] of nodes.entries()) {
      // The first key of a branch page means nothing: that child begins where the page does.
      if (place === 0) below.pushFirst(page, level, index);
      else below.push(page, key, 0, key.length);
    }
  }
  return below;
}

function leafEntry(page: number, bytes: Buffer, { at, keyStart, keyEnd }: Node, overflows: Overflow[]): Entry {
  const size = bytes.readUInt32LE(at);
  const flags = bytes.readUInt16LE(at + 4);
  const isOverflow = flags === NODE_OVERFLOW;
  if (keyEnd + (isOverflow ? OVERFLOW_RECORD : size) > bytes.length)
    throw new Damage(`page ${page} has a value that leaves it`);
  if (isOverflow) overflows.push({ page: u64(bytes, keyEnd), pages: u64(bytes, keyEnd + 16), size });
  // Field by field: a spread costs ten times as much, and there is one entry for every row of the store.
  return { at, keyStart, keyEnd, page, bytes, flags, size };
}

const unknownKind = (page: number): Damage => new Damage(`page ${page} has an entry of an unknown kind`);

/** The tables of a file, by name; of one of them, the rows whose values stand in its leaves. */
export interface Tables {
  readonly names: readonly string[];
  readonly rows: ReadonlyMap<string, string>;
}

/** Walks the tree that names the tables, and every table; keeps the rows of the table `kept`. */
export async function walkTables(reader: PageReader, main: Tree, kept: string): Promise<Tables> {
  const trees = new Map<string, Tree>();
  await walkTree(reader, main, byBytes, (entry) => {
    if (entry.flags !== NODE_TREE || entry.size !== TREE_RECORD) throw unknownKind(entry.page);
    // LMDB writes the zero that ends the name, too.
    const name = textOf(entry).replace(/\0$/, '');
    const tree = readTree(entry.bytes, entry.keyEnd);
    if (tree.flags !== 0) throw new Damage(`the table "${name}" has unknown flags`);
    trees.set(name, tree);
  });
  const rows = new Map<string, string>();
  for (const [name, tree] of trees) {
    const overflows = await walkTree(reader, tree, byBytes, (entry) => {
      if (entry.flags !== 0 && entry.flags !== NODE_OVERFLOW) throw unknownKind(entry.page);
      if (name === kept && entry.flags === 0) {
        rows.set(textOf(entry), entry.bytes.toString('utf8', entry.keyEnd, entry.keyEnd + entry.size));
      }
    });
    await reader.readOverflows(overflows);
  }
  return { names: [...trees.keys()], rows };
}

/** Walks the tree of free pages, and checks every list in it. */
export async function checkFreeLists(reader: PageReader, free: Tree, lastPage: number): Promise<void> {
  const overflows = await walkTree(reader, free, byNumber, ({ page, bytes, keyStart, keyEnd, flags, size }) => {
    const transaction = numberOf(bytes, keyStart, keyEnd);
    if (keyEnd - keyStart !== 8 || transaction < 1 || transaction > reader.transaction) throw unknownKind(page);
    if (flags === 0) checkFreeList(reader, bytes.subarray(keyEnd, keyEnd + size), lastPage);
    else if (flags !== NODE_OVERFLOW) throw unknownKind(page);
  });
  await reader.readOverflows(overflows, (bytes) => checkFreeList(reader, bytes, lastPage));
}

/** A list: how many numbers follow; then page numbers, runs as a negative length and their first page, and zeros for nothing. */
function checkFreeList(reader: PageReader, bytes: Buffer, lastPage: number): void {
  const length = bytes.length < 8 ? Infinity : u64(bytes, 0);
  if ((length + 1) * 8 > bytes.length) throw new Damage('a list of free pages is longer than its record');
  for (let index = 1; index <= length; index += 1) {
    const number = s64(bytes, index * 8);
    if (number === 0) continue;
    const count = number < 0 ? -number : 1;
    if (number < 0) index += 1;
    const page = number < 0 && index <= length ? s64(bytes, index * 8) : number;
    if (page < 2 || page + count - 1 > lastPage) {
      throw new Damage(`a list of free pages has page ${page}, and the last one is ${lastPage}`);
    }
    for (let each = page; each < page + count; each += 1) {
      if (reader.isClaimed(each)) throw new Damage(`page ${each} is free, and in use`);
    }
  }
}

/**
 * Owns what LMDB's pages look like on disk (data version 2, which lmdb-js writes; little-endian, 64 bit): only what the check before opening reads.
 *
 * Numbers of 64 bits are read as doubles: exact up to 2^53, and whatever is larger is out of every range that is checked.
 */

/** Marks a meta page, with the version of the format behind it. */
const MAGIC = 0xbeefc0de;
export const DATA_VERSION = 2;

/** The bytes in front of every page: number u64, transaction u64, pad u16, flags u16, lower u16 and upper u16 (or a count u32). */
export const PAGE_HEADER = 24;
/** What a node puts before its key: size or page number u32, flags u16, key size u16. */
export const NODE_HEADER = 8;
/** A table's record: pad u32, flags u16, depth u16, then u64 each: branch, leaf and overflow pages, entries, root. */
export const TREE_RECORD = 48;
/** What stands in a leaf for a value that has pages of its own: page u64, transaction u64, pages u64. */
export const OVERFLOW_RECORD = 24;
/** A header and a meta: as much as has to be read to find the page size. */
export const META_BYTES = PAGE_HEADER + 144;

export const PAGE_BRANCH = 0x01;
export const PAGE_LEAF = 0x02;
export const PAGE_OVERFLOW = 0x04;
const PAGE_META = 0x08;

/** The node's value has pages of its own. */
export const NODE_OVERFLOW = 0x01;
/** The node's value is the record of a table. */
export const NODE_TREE = 0x02;

/** The root of a tree without entries. */
const NO_PAGE = 2 ** 64;
/** The flags of the tree of free pages: its keys are integers. All other trees here have none. (The settings of the file are among them: none.) */
export const FREE_TREE_FLAGS = 0x08;

export const u64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
/** A signed one, as lists of free pages use it. */
export const s64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readInt32LE(at + 4) * 2 ** 32;

/** One B+tree. */
export interface Tree {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Undefined when the tree is empty. */
  readonly root: number | undefined;
}

export function readTree(bytes: Buffer, at: number): Tree {
  const root = u64(bytes, at + 40);
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages: u64(bytes, at + 8),
    leafPages: u64(bytes, at + 16),
    overflowPages: u64(bytes, at + 24),
    entries: u64(bytes, at + 32),
    root: root === NO_PAGE ? undefined : root,
  };
}

/** One of the two meta pages: where a committed state of the file begins. */
export interface Meta {
  readonly version: number;
  readonly pageSize: number;
  /** The tree of free pages. */
  readonly free: Tree;
  /** The tree that names the tables. */
  readonly main: Tree;
  readonly lastPage: number;
  readonly transaction: number;
}

/** The meta page in these bytes; undefined when there is none. */
export function readMeta(bytes: Buffer): Meta | undefined {
  if (bytes.length < META_BYTES || bytes.readUInt32LE(PAGE_HEADER) !== MAGIC) return undefined;
  if ((bytes.readUInt16LE(18) & PAGE_META) === 0) return undefined;
  return {
    version: bytes.readUInt32LE(PAGE_HEADER + 4) & 0xffff,
    pageSize: bytes.readUInt32LE(PAGE_HEADER + 24),
    free: readTree(bytes, PAGE_HEADER + 24),
    main: readTree(bytes, PAGE_HEADER + 72),
    lastPage: u64(bytes, PAGE_HEADER + 120),
    transaction: u64(bytes, PAGE_HEADER + 128),
  };
}

/**
 * Owns reading pages for the check: in few large reads, each page once, its header checked.
 */
import type { FileHandle } from 'node:fs/promises';
import { PAGE_HEADER, PAGE_OVERFLOW, u64 } from './page-format.js';

/** What is wrong with a file, as the end of the sentence "it is damaged: …". */
export class Damage extends Error {}

/** The most that is read at once, in bytes. */
const READ_LIMIT = 1 << 20;
/** Up to this many pages between two wanted ones are read as well, since one longer read costs less than two. */
const GAP_LIMIT = 8;

/** A value that has pages of its own. */
export interface Overflow {
  readonly page: number;
  readonly pages: number;
  /** In bytes. */
  readonly size: number;
}

/** The pages of one file, each of which may be claimed once. */
export class PageReader {
  readonly pageSize: number;
  /** The last committed transaction: no page may carry a later one. */
  readonly transaction: number;
  readonly #file: FileHandle;
  readonly #pages: number;
  readonly #claimed: Uint8Array;
  readonly #buffer = Buffer.alloc(READ_LIMIT);

  constructor(file: FileHandle, size: number, pageSize: number, transaction: number) {
    this.#file = file;
    this.pageSize = pageSize;
    this.transaction = transaction;
    this.#pages = Math.floor(size / pageSize);
    this.#claimed = new Uint8Array(this.#pages);
  }

  /** Whether a tree reaches this page. */
  isClaimed(page: number): boolean {
    return this.#claimed[page] === 1;
  }

  /** Marks pages as belonging to one tree. */
  #claim(page: number, count: number): void {
    if (page < 2 || page + count > this.#pages)
      throw new Damage(`it refers to page ${page + count - 1}, and has ${this.#pages}`);
    for (let each = page; each < page + count; each += 1) {
      if (this.#claimed[each] === 1) throw new Damage(`page ${each} is in use twice`);
      this.#claimed[each] = 1;
    }
  }

  /** Reads pages of a tree, in the order of the file; `index` is the place in `pages`, and the buffer is valid only within the call. */
  async readPages(pages: readonly number[], use: (index: number, page: number, bytes: Buffer) => void): Promise<void> {
    for (const page of pages) this.#claim(page, 1);
    await this.#read(pages, use);
  }

  /** Checks values that have pages of their own; with `use`, reads each whole. */
  async readOverflows(overflows: readonly Overflow[], use?: (bytes: Buffer) => void): Promise<void> {
    for (const { page, pages, size } of overflows) {
      // More than it needs is sound: LMDB writes a smaller value over a larger one.
      if (pages * this.pageSize < PAGE_HEADER + size) throw new Damage(`the value on page ${page} has too few pages`);
      this.#claim(page, pages);
    }
    await this.#read(
      overflows.map(({ page }) => page),
      (index, page, bytes) => {
        if (bytes.readUInt16LE(18) !== PAGE_OVERFLOW || bytes.readUInt32LE(20) !== overflows[index]?.pages) {
          throw new Damage(`page ${page} is not the value that it should be`);
        }
      },
    );
    if (use === undefined) return;
    for (const { page, size } of overflows) {
      const bytes = Buffer.alloc(size);
      await this.#fill(bytes, page * this.pageSize + PAGE_HEADER);
      use(bytes);
    }
  }

  #checkHeader(page: number, bytes: Buffer): void {
    if (u64(bytes, 0) !== page) throw new Damage(`page ${page} carries the number of another`);
    if (u64(bytes, 8) > this.transaction) throw new Damage(`page ${page} is of a transaction that was never committed`);
  }

  async #read(pages: readonly number[], use: (index: number, page: number, bytes: Buffer) => void): Promise<void> {
    const sorted = pages.map((page, index) => ({ page, index })).sort((a, b) => a.page - b.page);
    for (let from = 0; from < sorted.length;) {
      const first = sorted[from]?.page ?? 0;
      let last = first;
      let to = from + 1;
      for (let next = sorted[to]?.page; next !== undefined; next = sorted[to]?.page) {
        if (next - last > GAP_LIMIT || (next - first + 1) * this.pageSize > READ_LIMIT) break;
        last = next;
        to += 1;
      }
      const bytes = this.#buffer.subarray(0, (last - first + 1) * this.pageSize);
      await this.#fill(bytes, first * this.pageSize);
      for (const { page, index } of sorted.slice(from, to)) {
        const at = (page - first) * this.pageSize;
        const own = bytes.subarray(at, at + this.pageSize);
        this.#checkHeader(page, own);
        use(index, page, own);
      }
      from = to;
    }
  }

  async #fill(bytes: Buffer, position: number): Promise<void> {
    for (let read = 0; read < bytes.length;) {
      const { bytesRead } = await this.#file.read(bytes, read, bytes.length - read, position + read);
      if (bytesRead === 0) throw new Damage(`it ends after ${position + read} bytes`);
      read += bytesRead;
    }
  }
}

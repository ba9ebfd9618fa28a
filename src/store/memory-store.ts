/**
 * Owns the store that lives in memory: the port as tests and the demo need it, with the order, the errors and the atomicity of the one on disk.
 */
import {
  TABLES,
  type Range,
  type Row,
  type Store,
  type StoreKey,
  type Table,
  type Write,
} from '../system/store.port.js';
import { encodeWrites, storeClosed, unknownTable, type EncodedWrite } from './encoded-write.js';
import { decodeKey, encodeKey } from './key.js';

/** One table: its keys as text whose order is that of their bytes, sorted, beside their values. */
interface MemoryTable {
  readonly keys: string[];
  readonly values: Map<string, string>;
}

export interface MemoryStoreOptions {
  /** Called with each commit before it is applied, and awaited: to look at it, to hold it back, or to throw what it shall fail with. */
  readonly beforeCommit?: (writes: readonly Write[]) => void | Promise<void>;
}

const ordered = (key: StoreKey): string => encodeKey(key).toString('latin1');

/** Keeps everything in memory, and loses it with the process. */
export class MemoryStore implements Store {
  readonly #tables = new Map<Table, MemoryTable>(TABLES.map((table) => [table, { keys: [], values: new Map() }]));
  readonly #beforeCommit: MemoryStoreOptions['beforeCommit'];
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#beforeCommit = options.beforeCommit;
  }

  get(table: Table, key: StoreKey): string | undefined {
    return this.#table(table).values.get(ordered(key));
  }

  *range(table: Table, range: Range = {}): Generator<Row, void, undefined> {
    const { keys, values } = this.#table(table);
    const start = range.start === undefined ? 0 : position(keys, ordered(range.start));
    const end = range.end === undefined ? keys.length : position(keys, ordered(range.end));
    const found = keys.slice(start, Math.max(start, end));
    if (range.reverse === true) found.reverse();
    const rows = found
      .slice(0, range.limit)
      .map((key) => ({ key: decodeKey(Buffer.from(key, 'latin1')), value: values.get(key) ?? '' }));
    for (const row of rows) {
      this.#open();
      yield row;
    }
  }

  count(table: Table): number {
    return this.#table(table).keys.length;
  }

  commit(writes: readonly Write[]): Promise<void> {
    const committed = this.#last.then(() => this.#commit(writes));
    this.#last = committed.catch(() => undefined);
    return committed;
  }

  close(): Promise<void> {
    this.#last = this.#last.then(() => {
      this.#closed = true;
    });
    return this.#last;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    this.#open();
    const encoded = encodeWrites(writes);
    await this.#beforeCommit?.(writes);
    for (const write of encoded) this.#apply(write);
  }

  #apply({ table, key, value }: EncodedWrite): void {
    const { keys, values } = this.#table(table);
    const text = key.toString('latin1');
    if (value === undefined) {
      if (values.delete(text)) keys.splice(position(keys, text), 1);
      return;
    }
    if (!values.has(text)) keys.splice(position(keys, text), 0, text);
    values.set(text, value);
  }

  #table(table: Table): MemoryTable {
    this.#open();
    const found = this.#tables.get(table);
    if (found === undefined) throw unknownTable(table);
    return found;
  }

  #open(): void {
    if (this.#closed) throw storeClosed();
  }
}

/** Where `key` is, or would be, in the sorted `keys`. */
function position(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

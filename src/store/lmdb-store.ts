/**
 * Owns the store on disk: one LMDB environment in a data directory, a table of it for each table of the port.
 *
 * - D1 A commit is one `batch` of lmdb-js: one transaction, written and synced by a thread of the pool, so that the event loop never waits for the
 *   disk. (500 writes of 1.7 KB: 9 ms, of which the event loop 0.6; `transactionSync` takes as long and blocks for all of it; `transaction` blocks
 *   for 2 and holds the write lock meanwhile; all cost the same CPU.)
 * - D2 It resolves when LMDB has synced its pages and its meta page: it survives the process, and the machine. `overlappingSync`, lmdb-js's default,
 *   is off: it saves nothing to a caller who awaits each commit, and makes a commit visible before a sync that may still fail.
 * - D3 `eventTurnBatching` is off: with it, lmdb-js makes promises of its own for a failed batch that nobody can handle, and the process would end.
 * - D4 Commits are done one after the other, so that a failure is of one commit only, and whether LMDB still takes writes can be asked in between.
 * - D5 After a commit that failed, an empty transaction is tried: LMDB takes none any more, not even to read, after a failed write of its meta
 *   page, and a batch would then never settle.
 */
import { mkdir, open as openFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type Database, type RangeOptions, type RootDatabase } from 'lmdb';
import {
  TABLES,
  type Range,
  type Row,
  type Store,
  type StoreKey,
  type Table,
  type Write,
} from '../system/store.port.js';
import { encodeWrites, storeClosed, unknownTable } from './encoded-write.js';
import { commitFailure, directoryFailure, writingEnded } from './failure.js';
import { decodeKey, encodeKey } from './key.js';

/** LMDB's file in a data directory. */
export const DATA_FILE = 'data.mdb';

/** Tables of the port, the store's own, and room for those of other schemas. */
const TABLE_LIMIT = 32;

export type LmdbTable = Database<string, Buffer>;

const ENCODING = { encoding: 'string', keyEncoding: 'binary' } as const;

/** LMDB's environment, with the settings that the rules above need. */
export function openEnvironment(directory: string): RootDatabase<string, Buffer> {
  const settings = {
    path: directory,
    noSubdir: false,
    maxDbs: TABLE_LIMIT,
    overlappingSync: false,
    eventTurnBatching: false,
    // Not declared by lmdb-js; else taken from the environment (LMDB_RESTORE), and written into the file.
    safeRestore: false,
    ...ENCODING,
  };
  return open<string, Buffer>(settings);
}

export const openTable = (environment: RootDatabase<string, Buffer>, name: string): LmdbTable =>
  environment.openDB<string, Buffer>({ name, ...ENCODING });

/** What a store takes. */
export interface StoreSize {
  /** The file, in bytes. It never shrinks; what was removed is used again. */
  readonly bytes: number;
  readonly rows: Readonly<Record<Table, number>>;
}

/** The port on LMDB. Made by `openStore`. */
export class LmdbStore implements Store {
  readonly directory: string;
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #tables: ReadonlyMap<Table, LmdbTable>;
  readonly #release: () => Promise<void>;
  readonly #iterators = new Set<Iterator<unknown>>();
  readonly #copies = new Set<Promise<void>>();
  /** Settles, and never rejects, when all that was asked for so far is done. */
  #last: Promise<unknown> = Promise.resolve();
  #ended: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(directory: string, environment: RootDatabase<string, Buffer>, release: () => Promise<void>) {
    this.directory = directory;
    this.#environment = environment;
    this.#tables = new Map(TABLES.map((table) => [table, openTable(environment, table)]));
    this.#release = release;
  }

  get(table: Table, key: StoreKey): string | undefined {
    return this.#table(table).get(encodeKey(key));
  }

  /** The rows as they were when the first was taken. Iterate to the end or leave the loop: until then LMDB keeps what commits replace. */
  *range(table: Table, range: Range = {}): Generator<Row, void, undefined> {
    const rows = this.#table(table).getRange(rangeOptions(range))[Symbol.iterator]();
    this.#iterators.add(rows);
    try {
      for (;;) {
        if (this.#closed !== undefined) throw storeClosed();
        const next = rows.next();
        if (next.done === true) return;
        yield { key: decodeKey(next.value.key), value: next.value.value };
      }
    } finally {
      if (this.#iterators.delete(rows)) rows.return?.();
    }
  }

  count(table: Table): number {
    // lmdb-js declares an empty type; LMDB keeps this count in the table's record.
    return (this.#table(table).getStats() as { readonly entryCount: number }).entryCount;
  }

  commit(writes: readonly Write[]): Promise<void> {
    return this.#enqueue(() => this.#commit(writes));
  }

  /**
   * Copies the last committed state, while commits go on, into a directory that `openStore` takes.
   *
   * @param directory made when missing; must not hold a store.
   * @param options `compact` leaves out free pages: a smaller copy, at more CPU time (of a thread).
   * @throws ConfigurationError (STORE_FAILED) when it cannot be written, or holds a store.
   */
  backup(directory: string, options: { readonly compact?: boolean } = {}): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(storeClosed());
    const done = this.#copy(directory, options.compact === true);
    const settled = done.catch(() => undefined).finally(() => this.#copies.delete(settled));
    this.#copies.add(settled);
    return done;
  }

  async #copy(directory: string, compact: boolean): Promise<void> {
    const file = join(directory, DATA_FILE);
    try {
      await mkdir(directory, { recursive: true });
      // Made here, and only when it is new, so that what is removed after a failure is never somebody else's.
      await (await openFile(file, 'wx')).close();
    } catch (error) {
      throw directoryFailure(directory, error);
    }
    try {
      await rm(file);
      await this.#environment.backup(directory, compact);
      await syncFile(file);
    } catch (error) {
      await rm(file, { force: true });
      throw directoryFailure(directory, error);
    }
  }

  async size(): Promise<StoreSize> {
    // One entry for each table: `fromEntries` cannot say so.
    const rows = Object.fromEntries(TABLES.map((table) => [table, this.count(table)])) as Record<Table, number>;
    const { size } = await stat(join(this.directory, DATA_FILE));
    return { bytes: size, rows };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#last;
    await Promise.all(this.#copies);
    // LMDB must not be closed under a cursor.
    for (const rows of this.#iterators) rows.return?.();
    this.#iterators.clear();
    await this.#environment.close();
    await this.#release();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(storeClosed());
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    const encoded = encodeWrites(writes);
    if (encoded.length === 0) return;
    try {
      await this.#environment.batch(() => {
        for (const { table, key, value } of encoded) {
          if (value === undefined) void this.#tables.get(table)?.remove(key);
          else void this.#tables.get(table)?.put(key, value);
        }
      });
    } catch (error) {
      const cause = await causeOf(error);
      this.#ended = this.#isUsable() ? undefined : writingEnded(this.directory, cause);
      throw this.#ended ?? (await commitFailure(this.directory, cause));
    }
  }

  /** Whether LMDB still takes transactions. */
  #isUsable(): boolean {
    try {
      this.#environment.transactionSync(() => undefined);
      return true;
    } catch {
      return false;
    }
  }

  #table(table: Table): LmdbTable {
    if (this.#closed !== undefined) throw storeClosed();
    if (this.#ended !== undefined) throw this.#ended;
    const found = this.#tables.get(table);
    if (found === undefined) throw unknownTable(table);
    return found;
  }
}

/** lmdb-js takes the bounds in the order of the iteration. */
function rangeOptions({ start, end, reverse, limit }: Range): RangeOptions {
  const low = start === undefined ? undefined : encodeKey(start);
  const high = end === undefined ? undefined : encodeKey(end);
  const limited = limit === undefined ? {} : { limit };
  if (reverse !== true) return { ...limited, ...(low && { start: low }), ...(high && { end: high }) };
  return {
    ...limited,
    reverse,
    ...(high && { start: high, exclusiveStart: true }),
    ...(low && { end: low, inclusiveEnd: true }),
  };
}

async function syncFile(path: string): Promise<void> {
  const file = await openFile(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What made a batch fail: lmdb-js gives it as a promise that rejects, in the error's `commitError`. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

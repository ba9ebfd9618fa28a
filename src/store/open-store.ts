/**
 * Owns opening a data directory: make it, lock it, look at what it holds before anything is written, bring it to this schema.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { ConfigurationError } from '../errors.js';
import { TABLES } from '../system/store.port.js';
import { lockDirectory } from './directory-lock.js';
import { unknownTable } from './encoded-write.js';
import { directoryFailure } from './failure.js';
import { RECORD_KEY, RECORD_TABLE, checkFile } from './file-check.js';
import { decodeKey, encodeKey } from './key.js';
import { DATA_FILE, LmdbStore, openEnvironment, openTable, type LmdbTable } from './lmdb-store.js';
import {
  MIGRATIONS,
  SCHEMA_VERSION,
  newRecord,
  readRecord,
  stepsBetween,
  type Migration,
  type StoreRecord,
} from './schema.js';

/** The part of a pino logger that is used here. */
interface StoreLogger {
  info(object: object, message: string): void;
}

export interface OpenOptions {
  /** Made when missing, with its parents. */
  readonly directory: string;
  /** The version of this ecstate, which the store remembers. */
  readonly writer: string;
  /** The current instant, epoch milliseconds. */
  readonly now: () => number;
  readonly logger?: StoreLogger;
  /** The schema to bring the store to, and the steps to it; those of this version unless a test says otherwise. */
  readonly schema?: { readonly version: number; readonly migrations: readonly Migration[] };
}

/**
 * Opens the store of a data directory, or makes it. A directory that is refused is left exactly as it was.
 *
 * @throws ConfigurationError: CONFIG_INVALID or STORE_FAILED (the directory cannot be used), STORE_LOCKED (another process uses it),
 *   STORE_FOREIGN (it holds something else), STORE_NEWER (a later ecstate wrote it).
 * @throws FatalError: STORE_CORRUPT (the file is damaged), STORE_FAILED (it cannot be brought to this schema).
 */
export async function openStore(options: OpenOptions): Promise<LmdbStore> {
  if (options.directory === '')
    throw new ConfigurationError('CONFIG_INVALID', 'The data directory has no name; give one.');
  const directory = resolve(options.directory);
  try {
    await mkdir(directory, { recursive: true });
    const lock = await lockDirectory(directory, randomBytes(6).toString('hex'));
    try {
      return await openLocked(directory, options, lock.release);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw directoryFailure(directory, error);
  }
}

async function openLocked(directory: string, options: OpenOptions, release: () => Promise<void>): Promise<LmdbStore> {
  const { version, migrations } = options.schema ?? { version: SCHEMA_VERSION, migrations: MIGRATIONS };
  const path = join(directory, DATA_FILE);
  const began = performance.now();
  const state = await checkFile(path);
  const checkMs = Math.round(performance.now() - began);
  const record =
    state.kind === 'empty'
      ? newRecord(version, options.now(), options.writer)
      : readRecord(path, state.record, version);
  const steps = stepsBetween(record.schema, version, migrations);

  await reserveLockFile(join(directory, LOCK_FILE));
  if (state.kind === 'empty') await tryRoom(join(directory, ROOM_FILE));
  const environment = openEnvironment(directory);
  try {
    if (state.kind === 'empty') writeRecord(environment, record);
    for (const step of steps) {
      migrate(environment, state.kind === 'empty' ? [] : state.names, step, { ...record, schema: step.from + 1 });
      options.logger?.info(
        { directory, from: step.from, to: step.from + 1 },
        'The store was brought to a later schema',
      );
    }
    if (record.writer !== options.writer)
      writeRecord(environment, { ...record, schema: version, writer: options.writer });
    const store = new LmdbStore(directory, environment, release);
    options.logger?.info(
      { directory, isNew: state.kind === 'empty', checkMs, ...(await store.size()) },
      'The store is open',
    );
    return store;
  } catch (error) {
    await environment.close();
    throw error;
  }
}

/** LMDB's table of readers and locks, in a file of its own that it maps and writes to. */
const LOCK_FILE = 'lock.mdb';
/** As many bytes as it takes with its default of readers, and more. */
const LOCK_FILE_BYTES = 16_384;

/** Takes the room for LMDB's lock file: LMDB would leave a hole instead, and the process would die of it (SIGBUS) where the disk is full. */
async function reserveLockFile(path: string): Promise<void> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    if (size < LOCK_FILE_BYTES) await file.writeFile(Buffer.alloc(LOCK_FILE_BYTES - size));
  } finally {
    await file.close();
  }
}

/** Written and removed before a store is made. */
const ROOM_FILE = 'ecstate-room.tmp';
/** What an empty store takes (48 KiB), and more. */
const ROOM_BYTES = 131_072;

/** Fails where there is no room for a new store: LMDB crashes (SIGSEGV) when it cannot write its first pages. */
async function tryRoom(path: string): Promise<void> {
  try {
    await writeFile(path, Buffer.alloc(ROOM_BYTES));
  } finally {
    await rm(path, { force: true });
  }
}

function writeRecord(environment: RootDatabase<string, Buffer>, record: StoreRecord): void {
  openTable(environment, RECORD_TABLE).putSync(Buffer.from(RECORD_KEY), JSON.stringify(record));
}

/** One step, and the record that says it was done, in one transaction. */
function migrate(
  environment: RootDatabase<string, Buffer>,
  names: readonly string[],
  step: Migration,
  record: StoreRecord,
): void {
  const tables = new Map(
    [...new Set([...names, ...TABLES, RECORD_TABLE])].map((name) => [name, openTable(environment, name)]),
  );
  const table = (name: string): LmdbTable => {
    const found = tables.get(name);
    if (found === undefined) throw unknownTable(name);
    return found;
  };
  const before = environment.useReadTransaction();
  try {
    environment.transactionSync(() => {
      step.migrate(
        (name) =>
          table(name)
            .getRange({ transaction: before })
            .map(({ key, value }) => ({ key: decodeKey(key), value })),
        ({ table: name, key, value }) => {
          if (value === undefined) table(name).removeSync(encodeKey(key));
          else table(name).putSync(encodeKey(key), value);
        },
      );
      table(RECORD_TABLE).putSync(Buffer.from(RECORD_KEY), JSON.stringify(record));
    });
  } finally {
    before.done();
  }
}

/**
 * Owns the data directories of tests: made under the system's temporary directory, and removed after each test.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { openStore, type OpenOptions } from '../../src/store/open-store.js';
import type { LmdbStore } from '../../src/store/lmdb-store.js';
import { TABLES } from '../../src/system/store.port.js';

/** The counts of a store in which nothing is. */
export const NO_ROWS: Readonly<Record<string, number>> = Object.fromEntries(TABLES.map((table) => [table, 0]));

const made: string[] = [];
const opened: LmdbStore[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
});

/** An empty directory of this test's own. */
export async function makeDirectory(parent = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'ecstate-store-'));
  made.push(directory);
  return directory;
}

/** Opens a store that is closed after the test. */
export async function openIn(directory: string, options: Partial<OpenOptions> = {}): Promise<LmdbStore> {
  const store = await openStore({ directory, writer: '1.2.3', now: () => 1_700_000_000_000, ...options });
  opened.push(store);
  return store;
}

/** What `openIn` fails with; it must. */
export async function failureOf(directory: string, options: Partial<OpenOptions> = {}): Promise<unknown> {
  try {
    await openIn(directory, options);
  } catch (error) {
    return error;
  }
  throw new Error(`${directory} was opened`);
}

/** Every file below a directory with a hash of its contents, to see that nothing was changed. Sockets have none. */
export async function hashFiles(directory: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of (await readdir(directory, { recursive: true })).sort()) {
    const path = join(directory, name);
    const isFile = (await stat(path)).isFile();
    hashes[name] = isFile
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : 'no file';
  }
  return hashes;
}

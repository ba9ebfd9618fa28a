import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FatalError } from '../../src/errors.js';
import { checkFile } from '../../src/store/file-check.js';
import type { Verdicts } from './children/attacker.js';
import { failureOf, hashFiles, makeDirectory, openIn } from './directories.js';
import { start, useProcesses } from './processes.js';

useProcesses();

const PAGE = 4096;

/** A store whose tables have branches, values with pages of their own, and free pages. */
async function makeStore(): Promise<string> {
  const directory = await makeDirectory();
  const store = await openIn(directory);
  for (let round = 0; round < 10; round += 1) {
    await store.commit(
      Array.from({ length: 200 }, (_, index) => ({
        table: 'snapshots',
        key: `arn:${(index * 7 + round) % 300}`,
        value: `${round}`.repeat(index % 50 === 0 ? 10_000 : 300),
      })),
    );
  }
  await store.commit(Array.from({ length: 40 }, (_, index) => ({ table: 'snapshots', key: `arn:${index}` })));
  await store.close();
  return directory;
}

/** The last transaction and the page of its meta, which LMDB takes. */
function latestMeta(bytes: Buffer): { readonly at: number; readonly other: number } {
  const first = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE + 152);
  return first ? { at: 0, other: PAGE } : { at: PAGE, other: 0 };
}

/** The first page of a kind, by its flags. */
const findPage = (bytes: Buffer, flags: number): number => {
  for (let page = 2; page < bytes.length / PAGE; page += 1)
    if (bytes.readUInt16LE(page * PAGE + 18) === flags) return page;
  throw new Error(`no page has the flags ${flags}`);
};

/** The page that the last table's record names as the root of `snapshots`. */
function rootOfSnapshots(bytes: Buffer): number {
  const main = Number(bytes.readBigUInt64LE(latestMeta(bytes).at + 24 + 72 + 40));
  const at = bytes.indexOf('snapshots\0', main * PAGE) + 'snapshots\0'.length;
  return Number(bytes.readBigUInt64LE(at + 40));
}

describe('a damaged store', () => {
  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['cut inside its first page', (bytes) => bytes.subarray(0, 1_000), /is damaged: it ends after 1000 bytes/],
    ['cut after its first page', (bytes) => bytes.subarray(0, PAGE), /is damaged: it ends after 4096 bytes/],
    ['cut in the middle', (bytes) => bytes.subarray(0, 40 * PAGE), /is damaged: it refers to page \d+, and has 40/],
    [
      'without its first page',
      (bytes) => bytes.fill(0, 0, PAGE),
      /its first page is not the beginning of an LMDB file, but a later one is/,
    ],
    [
      'without its second page',
      (bytes) => bytes.fill(0, PAGE, 2 * PAGE),
      /its second page is not a meta page like its first/,
    ],
    [
      'with an impossible page size',
      (bytes) => (bytes.writeUInt32LE(1_000, 48), bytes),
      /it states a page size of 1000 bytes/,
    ],
    [
      'with a transaction from nowhere',
      (bytes) => (bytes.writeBigUInt64LE(2n ** 40n, latestMeta(bytes).at + 152), bytes),
      /its meta pages contradict each other/,
    ],
    [
      'with more pages than could be',
      (bytes) => (bytes.writeBigUInt64LE(2n ** 50n, latestMeta(bytes).at + 144), bytes),
      /it states \d+ pages and has \d+/,
    ],
    ['with unknown flags', (bytes) => (bytes.writeUInt16LE(0x2008, 52), bytes), /its meta pages have unknown flags/],
    [
      'with a root that is another page',
      (bytes) => {
        const root = rootOfSnapshots(bytes);
        bytes.writeBigUInt64LE(9_999n, root * PAGE);
        return bytes;
      },
      /page \d+ carries the number of another/,
    ],
    [
      'with a page of a transaction to come',
      (bytes) => (bytes.writeBigUInt64LE(9_999n, rootOfSnapshots(bytes) * PAGE + 8), bytes),
      /page \d+ is of a transaction that was never committed/,
    ],
    [
      'with a branch that leads back to itself',
      (bytes) => {
        const root = rootOfSnapshots(bytes);
        const firstNode = root * PAGE + 24 + bytes.readUInt16LE(root * PAGE + 24);
        bytes.writeUInt32LE(root, firstNode);
        return bytes;
      },
      /page \d+ is in use twice/,
    ],
    [
      'with two children exchanged',
      (bytes) => {
        const root = rootOfSnapshots(bytes);
        const [first = 0, second = 0] = [0, 2].map(
          (index) => root * PAGE + 24 + bytes.readUInt16LE(root * PAGE + 24 + index),
        );
        const child = bytes.readUInt32LE(first);
        bytes.writeUInt32LE(bytes.readUInt32LE(second), first);
        bytes.writeUInt32LE(child, second);
        return bytes;
      },
      /page \d+ has keys of another page/,
    ],
    [
      'with a row less than it counts',
      (bytes) => {
        const main = Number(bytes.readBigUInt64LE(latestMeta(bytes).at + 24 + 72 + 40));
        const at = bytes.indexOf('snapshots\0', main * PAGE) + 'snapshots\0'.length;
        bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 32) + 1n, at + 32);
        return bytes;
      },
      /a tree of 261 entries has 260, or other pages than it states/,
    ],
    [
      'with a list of free pages that names one in use',
      (bytes) => {
        const free = Number(bytes.readBigUInt64LE(latestMeta(bytes).at + 24 + 24 + 40));
        const node = free * PAGE + 24 + bytes.readUInt16LE(free * PAGE + 24);
        bytes.writeBigInt64LE(1n, node + 16);
        bytes.writeBigInt64LE(BigInt(rootOfSnapshots(bytes)), node + 24);
        return bytes;
      },
      /page \d+ is free, and in use/,
    ],
  ])('%s is refused and kept', async (_, damage, message) => {
    const directory = await makeStore();
    const file = join(directory, 'data.mdb');
    await writeFile(file, damage(await readFile(file)));
    const before = await hashFiles(directory);
    const error = await failureOf(directory);
    expect(error).toBeInstanceOf(FatalError);
    expect(error).toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringMatching(message) });
    expect(error).toMatchObject({
      message: expect.stringMatching(/Nothing was changed\. Restore a backup of it; or move it away and start again/),
    });
    expect(await hashFiles(directory)).toEqual(before);
  });

  it('is noticed wherever it was cut', async () => {
    const directory = await makeStore();
    const file = join(directory, 'data.mdb');
    const bytes = await readFile(file);
    // The last pages may be free; every one that the trees reach must be there.
    const used = findPage(bytes, 1) * PAGE;
    for (let length = used; length > 0; length -= 1_234) {
      await truncate(file, length);
      await expect(checkFile(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    }
  });
});

describe('a sound store', () => {
  it('is taken for one after any use, and after a backup', async () => {
    const directory = await makeStore();
    expect(await checkFile(join(directory, 'data.mdb'))).toMatchObject({
      kind: 'tables',
      names: expect.arrayContaining(['meta', 'snapshots']),
    });
    const store = await openIn(directory);
    expect(store.count('snapshots')).toBe(260);
    await store.backup(join(directory, 'copy'), { compact: true });
    expect(await checkFile(join(directory, 'copy', 'data.mdb'))).toMatchObject({ kind: 'tables' });
  });
});

describe('random damage', () => {
  it('never ends the process, never hangs it, and is never written over', { timeout: 60_000 }, async () => {
    // In memory where there is such a place: it opens the store some hundred times, and the disk is not the point.
    const directory = await makeDirectory(existsSync('/dev/shm') ? '/dev/shm' : undefined);
    const attacker = start('attacker', [directory, '20260101', '210']);
    let last = '';
    attacker.stdout?.on('data', (chunk: Buffer) => (last = chunk.toString().trimEnd().split('\n').at(-1) ?? last));
    const verdicts = once(attacker, 'message') as Promise<[Verdicts]>;
    const exited = once(attacker, 'exit').then(
      ([code, signal]: unknown[]) => `code ${String(code)}, signal ${String(signal)}, after ${last}`,
    );
    const first = await Promise.race([verdicts, exited]);
    if (typeof first === 'string') throw new Error(`The process died: ${first}`);
    const [{ counts, wrong }] = first;
    expect(wrong).toEqual([]);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(210);
    // Most damage hits what is in use; the rest hits free pages, values and room that is unused.
    expect(counts['STORE_CORRUPT']).toBeGreaterThan(75);
    expect(counts['opened']).toBeGreaterThan(50);
    expect(await exited).toMatch(/^code 0/);
  });
});

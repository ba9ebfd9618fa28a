import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { checkFile } from '../../src/store/file-check.js';
import { prefixEnd } from '../../src/store/key.js';
import { LmdbStore, openEnvironment } from '../../src/store/lmdb-store.js';
import type { Write } from '../../src/system/store.port.js';
import { NO_ROWS, hashFiles, makeDirectory, openIn } from './directories.js';
import { describeStore } from './store.contract.js';

describeStore('LmdbStore', async () => openIn(await makeDirectory()));

const rows = (count: number, size: number, label = ''): Write[] =>
  Array.from({ length: count }, (_, index) => ({
    table: 'history',
    key: ['arn', index],
    value: `${label}${'x'.repeat(size)}`,
  }));

describe('a store on disk', () => {
  it('has what was committed when it is opened again', async () => {
    const directory = await makeDirectory();
    const first = await openIn(directory);
    await first.commit([
      { table: 'snapshots', key: 'arn:1', value: '{"state":"RUNNING"}' },
      { table: 'cursors', key: 'pods', value: '42' },
    ]);
    await first.close();
    const second = await openIn(directory);
    expect(second.get('cursors', 'pods')).toBe('42');
    expect([...second.range('snapshots')]).toEqual([{ key: 'arn:1', value: '{"state":"RUNNING"}' }]);
  });

  it('leaves nothing but its two files when it is closed', async () => {
    const directory = await makeDirectory();
    const store = await openIn(directory);
    await store.close();
    expect((await readdir(directory)).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('grows as it needs, while rows are read', async () => {
    const store = await openIn(await makeDirectory());
    await store.commit(rows(200, 1_000));
    const before = await store.size();
    const reader = store.range('history')[Symbol.iterator]();
    reader.next();
    for (let round = 0; round < 12; round += 1) {
      await store.commit(rows(1_000, 4_000, String(round)));
      expect(store.get('history', ['arn', 999])).toHaveLength(4_000 + String(round).length);
    }
    // The rows of the first commit, although their pages would have been used again since.
    const read = [...{ [Symbol.iterator]: () => reader }];
    expect(read.map(({ value }) => value)).toEqual(rows(199, 1_000).map(({ value }) => value));
    const { bytes, rows: counts } = await store.size();
    expect(bytes).toBeGreaterThan(before.bytes + 12 * 1_000 * 4_000);
    expect(counts).toEqual({ ...NO_ROWS, history: 1_000 });
    expect(bytes).toBe((await stat(join(store.directory, 'data.mdb'))).size);
  });

  it('does not hold up the event loop while it writes', async () => {
    const store = await openIn(await makeDirectory());
    await store.commit(rows(1, 1));
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    const committed = store.commit(rows(2_000, 20_000));
    await committed;
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('a store on which LMDB gave up', () => {
  it('says so to every call, instead of never answering, and can be closed', async () => {
    const environment = openEnvironment(await makeDirectory());
    let isBroken = false;
    const failing: Partial<typeof environment> = {
      batch: () => {
        const commitError = Promise.reject(new Error('Input/output error'));
        return Promise.reject(Object.assign(new Error('Commit failed'), { commitError }));
      },
      transactionSync: () => {
        throw new Error('MDB_PANIC');
      },
    };
    const breakable = new Proxy(environment, {
      get: (target, name) => {
        const member: unknown = (isBroken && Reflect.get(failing, name)) || Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    let released = 0;
    const store = new LmdbStore('/data', breakable, () => Promise.resolve(void (released += 1)));
    await store.commit(rows(1, 1));
    isBroken = true;
    const expected = {
      name: 'FatalError',
      code: 'STORE_FAILED',
      message:
        'The store in /data cannot be used any more since its disk failed (Input/output error): look at the disk, and restart ecstate.',
    };
    await expect(store.commit(rows(2, 1))).rejects.toMatchObject(expected);
    isBroken = false;
    await expect(store.commit(rows(2, 1))).rejects.toMatchObject(expected);
    expect(() => store.count('history')).toThrow(expect.objectContaining(expected));
    await store.close();
    expect(released).toBe(1);
  });
});

describe('backup', () => {
  it.each([{ compact: false }, { compact: true }])(
    'copies one committed state, while commits go on (%j)',
    async (options) => {
      const directory = await makeDirectory();
      const store = await openIn(join(directory, 'original'));
      await store.commit(rows(500, 2_500, 'old'));
      const copied = store.backup(join(directory, 'copies', 'one'), options);
      for (let round = 0; round < 5; round += 1) await store.commit(rows(500, 2_500, `round ${round}`));
      await copied;
      expect(await checkFile(join(directory, 'copies', 'one', 'data.mdb'))).toMatchObject({ kind: 'tables' });

      const copy = await openIn(join(directory, 'copies', 'one'));
      const values = [...copy.range('history', { start: ['arn'], end: prefixEnd(['arn']) })].map(({ value }) => value);
      expect(values).toHaveLength(500);
      expect(new Set(values).size).toBe(1);
      await copy.commit([{ table: 'cursors', key: 'pods', value: '1' }]);
      expect(store.get('cursors', 'pods')).toBeUndefined();
    },
  );

  it('writes over no store, and no other file', async () => {
    const directory = await makeDirectory();
    const store = await openIn(join(directory, 'original'));
    await store.backup(join(directory, 'copy'));
    await writeFile(join(directory, 'file'), 'mine');
    const before = await hashFiles(directory);
    for (const target of ['copy', 'original', 'file']) {
      const error: unknown = await store.backup(join(directory, target)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/something of this name is there already/),
      });
    }
    expect(await hashFiles(directory)).toEqual(before);
  });

  it('is done before the store is closed', async () => {
    const directory = await makeDirectory();
    const store = await openIn(join(directory, 'original'));
    await store.commit(rows(1_000, 2_000));
    const copied = store.backup(join(directory, 'copy'));
    await store.close();
    await copied;
    const copy = await openIn(join(directory, 'copy'));
    expect(copy.count('history')).toBe(1_000);
    await expect(store.backup(join(directory, 'late'))).rejects.toThrow(/^The store is closed/);
  });
});

import { chmod, chown, copyFile, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, FatalError } from '../../src/errors.js';
import { checkFile } from '../../src/store/file-check.js';
import { SCHEMA_VERSION, type Migration } from '../../src/store/schema.js';
import { NO_ROWS, failureOf, hashFiles, makeDirectory, openIn } from './directories.js';
import { StoreProcess, useProcesses } from './processes.js';

useProcesses();

const recordOf = async (directory: string): Promise<unknown> => {
  const state = await checkFile(join(directory, 'data.mdb'));
  return state.kind === 'tables' && state.record !== undefined ? JSON.parse(state.record) : state;
};

describe('a data directory', () => {
  it('is made with its parents, and says whose it is', async () => {
    const directory = join(await makeDirectory(), 'not', 'there', 'yet.d');
    await (await openIn(directory)).close();
    expect(await recordOf(directory)).toEqual({
      name: 'ecstate',
      schema: 1,
      createdAt: 1_700_000_000_000,
      writer: '1.2.3',
    });
  });

  it('remembers who wrote to it last, and when it was made', async () => {
    const directory = await makeDirectory();
    await (await openIn(directory)).close();
    await (await openIn(directory, { writer: '2.0.0', now: () => 0 })).close();
    expect(await recordOf(directory)).toEqual({
      name: 'ecstate',
      schema: 1,
      createdAt: 1_700_000_000_000,
      writer: '2.0.0',
    });
  });

  it('tells the log what it holds', async () => {
    const directory = await makeDirectory();
    const lines: unknown[] = [];
    const logger = { info: (object: object, message: string) => lines.push([message, object]) };
    await (await openIn(directory, { logger })).close();
    expect(lines).toEqual([
      [
        'The store is open',
        {
          directory,
          isNew: true,
          checkMs: expect.any(Number),
          bytes: expect.any(Number),
          rows: NO_ROWS,
        },
      ],
    ]);
  });

  it('may be empty, may hold other files, and may have been left by a process that died while it made the store', async () => {
    const directory = await makeDirectory();
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await writeFile(join(directory, 'data.mdb'), '');
    await (await openIn(directory)).close();
    expect(await readFile(join(directory, 'notes.txt'), 'utf8')).toBe('mine');

    const begun = await makeDirectory();
    await open({ path: begun, noSubdir: false, overlappingSync: false }).close();
    await (await openIn(begun)).close();
    expect(await recordOf(begun)).toMatchObject({ name: 'ecstate' });

    const half = await makeDirectory();
    const environment = open({ path: half, noSubdir: false, overlappingSync: false });
    environment.openDB({ name: 'meta' });
    await environment.close();
    await (await openIn(half)).close();
    expect(await recordOf(half)).toMatchObject({ name: 'ecstate' });
  });

  it('may be reached by a link, and is one directory all the same', async () => {
    const directory = await makeDirectory();
    await mkdir(join(directory, 'real'));
    await symlink(join(directory, 'real'), join(directory, 'link'));
    const store = await openIn(join(directory, 'real'));
    expect(await failureOf(join(directory, 'link'))).toMatchObject({ code: 'STORE_LOCKED' });
    await store.close();
    await openIn(join(directory, 'link'));
  });

  it('may have a path that is too long for a socket', async () => {
    const directory = join(await makeDirectory(), 'd'.repeat(120));
    await openIn(directory);
    expect(await failureOf(directory)).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`process ${process.pid} on`),
    });
  });

  it.each([
    ['that has no name', '', 'CONFIG_INVALID', /has no name; give one/],
    [
      'that is a file',
      'file',
      'STORE_FAILED',
      /file: something of this name is there already; choose another path|EEXIST/,
    ],
    ['below a file', 'file/below', 'STORE_FAILED', /a part of this path is a file; choose another path/],
  ])('%s cannot be used, and the message says what to do', async (_, path, code, message) => {
    const parent = await makeDirectory();
    await writeFile(join(parent, 'file'), 'mine');
    const error = await failureOf(path === '' ? '' : join(parent, path));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readFile(join(parent, 'file'), 'utf8')).toBe('mine');
  });

  it.skipIf(process.platform !== 'linux')(
    'that nobody may write to cannot be used, and the message says what to do',
    async () => {
      const error = await failureOf('/sys/kernel');
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/^The data directory \/sys\/kernel .*(writable|choose)/),
      });
    },
  );
});

describe('a user without rights', () => {
  /** Root may do everything: then the store is opened by a process of another user. */
  const user = process.getuid?.() === 0 ? 65_534 : undefined;

  it.each<[string, (directory: string) => Promise<void>]>([
    ['to look into the directory', (directory) => chmod(directory, 0)],
    ['to write to the directory', (directory) => chmod(directory, 0o555)],
    ['to read the file', (directory) => chmod(join(directory, 'data.mdb'), 0o200)],
    ['to write to the file', (directory) => chmod(join(directory, 'data.mdb'), 0o444)],
    ['to write to LMDB’s lock file', (directory) => chmod(join(directory, 'lock.mdb'), 0o444)],
  ])('%s is told so, and nothing is changed', async (_, take) => {
    const directory = await makeDirectory();
    await (await openIn(directory)).close();
    if (user !== undefined)
      await Promise.all(['', 'data.mdb', 'lock.mdb'].map((name) => chown(join(directory, name), user, user)));
    await take(directory);
    const stranger = new StoreProcess(user);
    expect(await stranger.ask({ ask: 'open', directory })).toEqual({
      failed: 'ConfigurationError',
      code: 'STORE_FAILED',
      message: expect.stringMatching(
        /^The data directory .* cannot be .*: make it writable for the user that ecstate runs as\.$/,
      ),
    });
    await chmod(directory, 0o755);
    expect((await readdir(directory)).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });
});

describe('a file of somebody else', () => {
  it.each([
    ['a text', Buffer.from('these are my notes\n')],
    ['zeros', Buffer.alloc(16_384)],
    ['SQLite', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8_192, 7)])],
  ])('that is %s is refused and kept', async (_, contents) => {
    const directory = await makeDirectory();
    await writeFile(join(directory, 'data.mdb'), contents);
    const before = await hashFiles(directory);
    const error = await failureOf(directory);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'STORE_FOREIGN',
      message: expect.stringMatching(/data\.mdb is not an LMDB file.*Nothing was changed\. Give/),
    });
    expect(await hashFiles(directory)).toEqual(before);
  });

  it.each(['theirs', 'meta', 'snapshots'])('that is LMDB, with a table "%s", is refused and kept', async (name) => {
    const directory = await makeDirectory();
    const environment = open({ path: directory, noSubdir: false, overlappingSync: false, encoding: 'string' });
    await environment.openDB({ name, encoding: 'string' }).put('store', 'theirs');
    await environment.close();
    const before = await hashFiles(directory);
    expect(await failureOf(directory)).toMatchObject({
      code: 'STORE_FOREIGN',
      message: expect.stringMatching(/holds an LMDB database of another program/),
    });
    expect(await hashFiles(directory)).toEqual(before);
  });
});

describe('a schema', () => {
  const split: Migration = {
    from: 1,
    migrate: (read, write) => {
      for (const { key, value } of read('snapshots')) {
        write({ table: 'snapshots', key });
        write({ table: 'snapshots', key: ['v2', String(key)], value: value.toUpperCase() });
        write({ table: 'cursors', key: 'count', value: String([...read('snapshots')].length) });
      }
    },
  };
  const name: Migration = {
    from: 2,
    migrate: (read, write) => {
      for (const { key, value } of read('snapshots')) write({ table: 'history', key, value });
    },
  };
  const migrations = [name, split];

  const makeOld = async (): Promise<string> => {
    const directory = await makeDirectory();
    const store = await openIn(directory, { writer: '0.9.0' });
    await store.commit(['a', 'b'].map((key) => ({ table: 'snapshots', key, value: `value of ${key}` })));
    await store.close();
    return directory;
  };

  it('that is newer is refused and kept; the message names both and says what to do', async () => {
    const directory = await makeDirectory();
    await (await openIn(directory, { writer: '9.0.0', schema: { version: 7, migrations: [] } })).close();
    const before = await hashFiles(directory);
    const error = await failureOf(directory);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'STORE_NEWER',
      message:
        `The store ${join(directory, 'data.mdb')} has schema 7, written by ecstate 9.0.0; this ecstate knows schemas up to ${SCHEMA_VERSION}. ` +
        'Nothing was changed. Run ecstate 9.0.0 or later, or give this one another directory.',
    });
    expect(await hashFiles(directory)).toEqual(before);
  });

  it('that is older is brought forward, step by step', async () => {
    const directory = await makeOld();
    const lines: object[] = [];
    const logger = { info: (object: object) => lines.push(object) };
    const store = await openIn(directory, { schema: { version: 3, migrations }, logger });
    const expected = [
      { key: ['v2', 'a'], value: 'VALUE OF A' },
      { key: ['v2', 'b'], value: 'VALUE OF B' },
    ];
    expect([...store.range('snapshots')]).toEqual(expected);
    expect([...store.range('history')]).toEqual(expected);
    expect(store.get('cursors', 'count')).toBe('2');
    expect(lines.slice(0, 2)).toEqual([
      { directory, from: 1, to: 2 },
      { directory, from: 2, to: 3 },
    ]);
    await store.close();
    expect(await recordOf(directory)).toEqual({
      name: 'ecstate',
      schema: 3,
      createdAt: 1_700_000_000_000,
      writer: '1.2.3',
    });
    expect(await failureOf(directory)).toMatchObject({ code: 'STORE_NEWER' });
  });

  it('is left at the last step that was done when one fails; the next start goes on from there', async () => {
    const directory = await makeOld();
    const failing: Migration = {
      from: 2,
      migrate: (_, write) => {
        write({ table: 'history', key: 'half', value: 'done' });
        throw new Error('the power went');
      },
    };
    await expect(openIn(directory, { schema: { version: 3, migrations: [split, failing] } })).rejects.toThrow(
      /the power went/,
    );
    expect(await recordOf(directory)).toMatchObject({ schema: 2 });
    const store = await openIn(directory, { schema: { version: 3, migrations } });
    expect([...store.range('history')].map(({ key }) => key)).toEqual([
      ['v2', 'a'],
      ['v2', 'b'],
    ]);
  });

  it('to which no step leads is refused and kept', async () => {
    const directory = await makeOld();
    const before = await hashFiles(directory);
    const error = await failureOf(directory, { schema: { version: 3, migrations: [split] } });
    expect(error).toBeInstanceOf(FatalError);
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      message: 'This ecstate cannot bring a store from schema 2 to 3; start it once with an older version.',
    });
    expect(await hashFiles(directory)).toEqual(before);
  });

  it('has a step for every version before it', async () => {
    const { MIGRATIONS } = await import('../../src/store/schema.js');
    expect(MIGRATIONS.map(({ from }) => from)).toEqual(
      Array.from({ length: SCHEMA_VERSION - 1 }, (_, index) => index + 1),
    );
  });
});

describe('a backup of the file', () => {
  it('is a store when it is put into a directory, whatever LMDB’s lock file there says', async () => {
    const directory = await makeDirectory();
    const store = await openIn(directory);
    await store.commit([{ table: 'cursors', key: 'pods', value: '1' }]);
    await store.close();
    const restored = await makeDirectory();
    await copyFile(join(directory, 'data.mdb'), join(restored, 'data.mdb'));
    await writeFile(join(restored, 'lock.mdb'), Buffer.alloc(5_000, 0xa5));
    const copy = await openIn(restored);
    expect(copy.get('cursors', 'pods')).toBe('1');
    await copy.close();
    await rm(join(restored, 'lock.mdb'));
    expect((await openIn(restored)).get('cursors', 'pods')).toBe('1');
  });
});

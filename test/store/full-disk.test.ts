import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Write } from '../../src/system/store.port.js';
import { makeDirectory, openIn } from './directories.js';
import { StoreProcess, useProcesses } from './processes.js';

useProcesses();

const PRLIMIT = '/usr/bin/prlimit';

/** A limit on the size of files fails as a full disk does: in the middle of a write. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync(PRLIMIT, ['--pid', String(pid), `--fsize=${bytes}:`]);
}

const rows = (from: number): Write[] =>
  Array.from({ length: 200 }, (_, index) => ({ table: 'history', key: [from, index], value: 'x'.repeat(2_000) }));

describe.skipIf(!existsSync(PRLIMIT))('a disk that is full', () => {
  it('fails commits whole, again and again, and takes them when there is room', async () => {
    const directory = await makeDirectory();
    const writer = new StoreProcess();
    await writer.ask({ ask: 'open', directory });
    await writer.ask({ ask: 'commit', writes: rows(1) });
    const { size } = await stat(join(directory, 'data.mdb'));
    limitFiles(writer.pid, size + 10 * 4_096);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await writer.ask({ ask: 'commit', writes: rows(2) })).toEqual({
        failed: 'RetryableError',
        code: 'STORE_FAILED',
        message: expect.stringMatching(
          new RegExp(
            `^The store in ${directory} could not be written \\(Input/output error, \\d+ MiB are free on its disk\\): .*Nothing of the commit was applied\\.$`,
          ),
        ),
      });
      expect(await writer.ask({ ask: 'count' })).toEqual({ done: 200 });
    }
    limitFiles(writer.pid, 'unlimited');
    expect(await writer.ask({ ask: 'commit', writes: rows(2) })).toEqual({ done: 0 });
    expect(await writer.ask({ ask: 'count' })).toEqual({ done: 400 });
    expect(await writer.ask({ ask: 'close' })).toEqual({ done: 0 });

    const store = await openIn(directory);
    expect([...store.range('history')].map(({ key }) => key)).toEqual(
      [1, 2].flatMap((from) => rows(from).map(({ key }) => key)),
    );
  });

  it('is told where a store cannot even be made', async () => {
    const directory = await makeDirectory();
    const writer = new StoreProcess();
    limitFiles(writer.pid, 60_000);
    expect(await writer.ask({ ask: 'open', directory })).toEqual({
      failed: 'ConfigurationError',
      code: 'STORE_FAILED',
      message: expect.stringMatching(
        /^The data directory .* cannot be used \(EFBIG: .*\): a limit on the size of files \(ulimit -f\) is in the way; raise it\.$/,
      ),
    });
    limitFiles(writer.pid, 'unlimited');
    expect(await writer.ask({ ask: 'open', directory })).toEqual({ done: 0 });
  });

  it('does not stop a store from being opened, nor small commits into pages that are free', async () => {
    const directory = await makeDirectory();
    const first = await openIn(directory);
    for (const from of [1, 2, 3]) await first.commit(rows(from));
    await first.commit(rows(3).map(({ table, key }) => ({ table, key })));
    await first.commit([{ table: 'cursors', key: 'pods', value: '1' }]);
    await first.close();
    const writer = new StoreProcess();
    limitFiles(writer.pid, (await stat(join(directory, 'data.mdb'))).size);
    expect(await writer.ask({ ask: 'open', directory })).toEqual({ done: 0 });
    expect(await writer.ask({ ask: 'commit', writes: rows(4).slice(0, 50) })).toEqual({ done: 0 });
    expect(await writer.ask({ ask: 'count' })).toEqual({ done: 450 });
  });
});

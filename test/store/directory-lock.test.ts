import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { lockDirectory } from '../../src/store/directory-lock.js';
import { failureOf, hashFiles, makeDirectory, openIn } from './directories.js';
import { StoreProcess, useProcesses } from './processes.js';

useProcesses();

describe('two processes on one directory', () => {
  it('the second is refused at once, told who the first is, and changes nothing', async () => {
    const directory = await makeDirectory();
    const first = new StoreProcess();
    expect(await first.ask({ ask: 'open', directory })).toEqual({ done: 0 });
    await first.ask({ ask: 'commit', writes: [{ table: 'cursors', key: 'pods', value: '1' }] });
    const before = await hashFiles(directory);
    const error = await failureOf(directory);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'STORE_LOCKED',
      message:
        `The data directory ${directory} is in use by process ${first.pid} on host ${hostname()}. ` +
        'Stop that one, or give this one a directory of its own.',
    });
    expect(await hashFiles(directory)).toEqual(before);
    expect(await first.ask({ ask: 'commit', writes: [{ table: 'history', key: 'a', value: '1' }] })).toEqual({
      done: 0,
    });
  });

  it('the second may have it when the first has closed it, or was killed', async () => {
    const directory = await makeDirectory();
    const closing = new StoreProcess();
    await closing.ask({ ask: 'open', directory });
    await closing.ask({ ask: 'commit', writes: [{ table: 'history', key: 'a', value: '1' }] });
    await closing.ask({ ask: 'close' });
    for (const key of ['b', 'c']) {
      const killed = new StoreProcess();
      expect(await killed.ask({ ask: 'open', directory })).toEqual({ done: 0 });
      await killed.ask({ ask: 'commit', writes: [{ table: 'history', key, value: '1' }] });
      await killed.kill();
    }
    const store = await openIn(directory);
    expect([...store.range('history')].map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    await store.close();
    expect((await readdir(directory)).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('the second is refused while the first is stopped, too', async () => {
    const directory = await makeDirectory();
    const first = new StoreProcess();
    await first.ask({ ask: 'open', directory });
    first.child.kill('SIGSTOP');
    expect(await failureOf(directory)).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringMatching(/in use by a process that does not say who it is\. Stop that one, or/),
    });
    first.child.kill('SIGCONT');
    expect(await first.ask({ ask: 'count' })).toEqual({ done: 0 });
  });

  it('of many that come at once, after one was killed, exactly one gets it', async () => {
    const directory = await makeDirectory();
    const contenders = Array.from({ length: 5 }, () => new StoreProcess());
    for (let round = 0; round < 5; round += 1) {
      const holder = new StoreProcess();
      await holder.ask({ ask: 'open', directory });
      await holder.kill();
      const replies = await Promise.all(contenders.map((contender) => contender.ask({ ask: 'open', directory })));
      const winners = contenders.filter((_, index) => 'done' in (replies[index] ?? {}));
      expect(replies.filter((reply) => 'failed' in reply).map(({ code }) => code)).toEqual(
        Array(4).fill('STORE_LOCKED'),
      );
      expect(winners).toHaveLength(1);
      await winners[0]?.ask({ ask: 'close' });
    }
    expect((await readdir(directory)).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });
});

describe('two stores of one process', () => {
  it('cannot share a directory; the second may have it after the first', async () => {
    const directory = await makeDirectory();
    const first = await openIn(directory);
    expect(await failureOf(directory)).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`process ${process.pid} on host ${hostname()}`),
    });
    await first.close();
    await openIn(directory);
  });

  it('that are opened at once: one gets the directory', async () => {
    const directory = await makeDirectory();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => openIn(directory)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refused).toHaveLength(9);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'STORE_LOCKED' });
  });
});

describe('lockDirectory', () => {
  const listen = async (directory: string, name: string, says: string): Promise<() => void> => {
    const server = createServer((socket) => socket.end(says)).listen(join(directory, name));
    await once(server, 'listening');
    return () => server.close();
  };

  it('waits for a candidate whose name comes after its own, until that has gone', async () => {
    const directory = await makeDirectory();
    const leave = await listen(directory, 'holder-zz.sock', '{"state":"candidate","pid":7,"host":"other"}');
    let isLocked = false;
    const locking = lockDirectory(directory, 'aa').then((lock) => {
      isLocked = true;
      return lock;
    });
    while (!(await readdir(directory)).includes('holder-aa.sock')) await new Promise(setImmediate);
    expect(isLocked).toBe(false);
    leave();
    await (await locking).release();
  });

  it('gives way to a candidate whose name comes before its own, and leaves nothing behind', async () => {
    const directory = await makeDirectory();
    const leave = await listen(directory, 'holder-00.sock', '{"state":"candidate","pid":7,"host":"other"}');
    await expect(lockDirectory(directory, 'aa')).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining('process 7 on host other'),
    });
    expect(await readdir(directory)).toEqual(['holder-00.sock']);
    leave();
  });

  it('takes a socket that answers anything else for a holder', async () => {
    const directory = await makeDirectory();
    const leave = await listen(directory, 'holder-zz.sock', '220 smtp.example.org');
    await expect(lockDirectory(directory, 'aa')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    leave();
  });

  it('removes what processes left that died with or without a name, and nothing else', async () => {
    const directory = await makeDirectory();
    await writeFile(join(directory, 'holder-dead.sock'), '');
    await writeFile(join(directory, 'holder-dead.new'), '');
    await writeFile(join(directory, 'holder of the world record.txt'), '');
    const lock = await lockDirectory(directory, 'aa');
    expect((await readdir(directory)).sort()).toEqual(['holder of the world record.txt', 'holder-aa.sock']);
    await lock.release();
    await lock.release();
    expect(await readdir(directory)).toEqual(['holder of the world record.txt']);
  });
});

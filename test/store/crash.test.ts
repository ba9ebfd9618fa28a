import { describe, expect, it } from 'vitest';
import { checkFile } from '../../src/store/file-check.js';
import { prefixEnd } from '../../src/store/key.js';
import { batch } from './children/store-process.js';
import { makeDirectory, openIn } from './directories.js';
import { StoreProcess, useProcesses } from './processes.js';

useProcesses();

/** After how many acknowledged commits each process is killed, while it does the next. */
const LIVES = [1, 23, 4, 37, 11, 2, 18, 29, 7, 14];

describe('a process that is killed while it commits', () => {
  it('loses nothing that was acknowledged, and leaves no commit in part', { timeout: 60_000 }, async () => {
    const directory = await makeDirectory();
    let last = 0;
    for (const commits of LIVES) {
      const writer = new StoreProcess();
      expect(await writer.ask({ ask: 'open', directory })).toEqual({ done: 0 });
      let acknowledged = last;
      let killed: Promise<void> | undefined;
      for await (const reply of writer.replies({ ask: 'commitForever', from: last + 1 })) {
        if (!('done' in reply)) throw new Error(reply.message);
        acknowledged = reply.done;
        if (acknowledged >= last + commits) killed ??= writer.kill();
      }
      await killed;

      expect(await checkFile(`${directory}/data.mdb`)).toMatchObject({ kind: 'tables' });
      const store = await openIn(directory);
      const kept = Number(store.get('cursors', 'pods'));
      expect(kept).toBeGreaterThanOrEqual(acknowledged);
      for (let number = last + 1; number <= kept; number += 1) {
        const expected = batch(number).filter(({ table }) => table === 'history').length;
        expect([...store.range('history', { start: [number], end: prefixEnd([number]) })]).toHaveLength(expected);
      }
      expect([...store.range('history', { start: [kept + 1] })]).toEqual([]);
      last = kept;
      await store.close();
    }
    expect(last).toBeGreaterThanOrEqual(LIVES.reduce((sum, commits) => sum + commits, 0));
  });
});

import { describe, expect, it } from 'vitest';
import { RetryableError } from '../../src/errors.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { describeStore } from './store.contract.js';

describeStore('MemoryStore', () => Promise.resolve(new MemoryStore()));

describe('beforeCommit', () => {
  it('sees each commit, and can make it fail', async () => {
    const seen: unknown[] = [];
    let fail = true;
    const store = new MemoryStore({
      beforeCommit: (writes) => {
        seen.push(writes);
        if (fail) throw new RetryableError('STORE_FAILED', 'The disk is full.');
      },
    });
    const writes = [{ table: 'cursors', key: 'pods', value: '1' }] as const;
    await expect(store.commit(writes)).rejects.toThrow('The disk is full.');
    expect(store.get('cursors', 'pods')).toBeUndefined();
    fail = false;
    await store.commit(writes);
    expect(store.get('cursors', 'pods')).toBe('1');
    expect(seen).toEqual([writes, writes]);
  });

  it('can hold a commit back, and those after it', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const store = new MemoryStore({ beforeCommit: () => held });
    const commits = ['1', '2'].map((value) => store.commit([{ table: 'cursors', key: 'pods', value }]));
    await new Promise(setImmediate);
    expect(store.get('cursors', 'pods')).toBeUndefined();
    letGo();
    await Promise.all(commits);
    expect(store.get('cursors', 'pods')).toBe('2');
  });
});

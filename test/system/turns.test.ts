/**
 * Owns the proof of where a turn may end, and of how the system stops: what a watch delivered is committed together with the version that it
 * reaches, and a stop never waits for messages that will not come.
 */
import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory-store.js';
import { ManualClock } from '../../src/system/clock.js';
import type { SystemMessage } from '../../src/system/messages.js';
import { MESSAGES_PER_TURN, System } from '../../src/system/system.js';
import type { Write } from '../../src/system/store.port.js';
import { LOOKS, identityOf, seen } from '../support/task-messages.js';

const HOUR = 3_600_000;
const POD_WATCH = { kind: 'pods' } as const;

function start(beforeCommit: (writes: readonly Write[]) => void | Promise<void>): System {
  const ignore = (): void => undefined;
  const system = new System({
    store: new MemoryStore({ beforeCommit }),
    clock: new ManualClock(1_000_000),
    profile: 'kecs',
    retention: { tasks: HOUR, history: HOUR },
    logger: { info: ignore, warn: ignore, error: ignore },
  });
  system.start();
  return system;
}

/** What each commit writes: how many snapshots, and the cursor of the pods. */
const summary = (writes: readonly Write[]) => ({
  tasks: writes.filter(({ table }) => table === 'snapshots').length,
  cursor: writes.find(({ table, key }) => table === 'cursors' && key === 'watch/pods/*')?.value,
});

const batch = (first: number, size: number, cursor: string): readonly SystemMessage[] => [
  ...Array.from({ length: size }, (_, index) => seen(identityOf((first + index).toString(16)), LOOKS.created, 1_000)),
  { kind: 'cursor', scope: POD_WATCH, resourceVersion: cursor },
];

test('what one watch delivered at once is one commit with its cursor, however long it is', async () => {
  const commits: ReturnType<typeof summary>[] = [];
  const system = start((writes) => void commits.push(summary(writes)));
  void system.post(batch(0, MESSAGES_PER_TURN - 10, '10'));
  void system.post(batch(MESSAGES_PER_TURN, MESSAGES_PER_TURN + 10, '20'));
  await system.committed();
  expect(commits).toEqual([
    { tasks: MESSAGES_PER_TURN - 10, cursor: '10' },
    { tasks: MESSAGES_PER_TURN + 10, cursor: '20' },
  ]);
});

test('a list has no cursor before its end, and may be divided: the next list tells of its objects as they are then', async () => {
  const commits: ReturnType<typeof summary>[] = [];
  const system = start((writes) => void commits.push(summary(writes)));
  void system.post(batch(0, MESSAGES_PER_TURN * 2, '10').slice(0, -1));
  await system.committed();
  expect(commits.length).toBeGreaterThan(1);
  expect(commits.every(({ tasks }) => tasks <= MESSAGES_PER_TURN)).toBe(true);
});

test('a stop while a commit is under way ends after it', async () => {
  let begun = (): void => undefined;
  let finish = (): void => undefined;
  const committing = new Promise<void>((resolve) => (begun = resolve));
  const system = start(() => {
    begun();
    return new Promise((resolve) => (finish = resolve));
  });
  void system.post(batch(0, 1, '10'));
  await committing;
  const stopped = system.stop();
  finish();
  await stopped;
  expect(system.cursor(POD_WATCH)).toBe('10');
  expect([...system.tasks()]).toHaveLength(1);
});

/**
 * Owns the proof that a deadline is met whatever the timers do: those of Node fire a millisecond early now and then, and wait no longer than
 * 24 days.
 */
import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory-store.js';
import { ManualClock, type Timer } from '../../src/system/clock.js';
import { System } from '../../src/system/system.js';
import { LOOKS, identityOf, seen } from '../support/task-messages.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The task of these tests stopped then. */
const STOPPED_AT = 1_005_000;

/** Fires a millisecond early, as measured of one Node timer in forty. */
class EarlyClock extends ManualClock {
  override setTimeout(callback: () => void, delay: number): Timer {
    return super.setTimeout(callback, delay > 1 ? delay - 1 : delay);
  }
}

async function stoppedTask(clock: ManualClock, retention: number): Promise<System> {
  const ignore = (): void => undefined;
  const system = new System({
    store: new MemoryStore(),
    clock,
    profile: 'kecs',
    retention: { tasks: retention, history: retention },
    logger: { info: ignore, warn: ignore, error: ignore },
  });
  system.start();
  void system.post([seen(identityOf('a'), LOOKS.succeeded, STOPPED_AT)]);
  await system.committed();
  expect([...system.tasks()]).toHaveLength(1);
  return system;
}

test('a timer that fires early is armed again', async () => {
  const clock = new EarlyClock(STOPPED_AT);
  const system = await stoppedTask(clock, HOUR);
  clock.moveTo(STOPPED_AT + HOUR - 1);
  await system.committed();
  expect([...system.tasks()]).toHaveLength(1);
  clock.moveTo(STOPPED_AT + HOUR);
  await system.committed();
  expect([...system.tasks()]).toHaveLength(0);
});

test('a deadline that is further away than timers wait is met', async () => {
  const clock = new ManualClock(STOPPED_AT);
  const system = await stoppedTask(clock, 90 * DAY);
  for (let day = 1; day < 90; day += 1) {
    clock.moveTo(STOPPED_AT + day * DAY);
    await system.committed();
  }
  expect([...system.tasks()]).toHaveLength(1);
  clock.moveTo(STOPPED_AT + 90 * DAY);
  await system.committed();
  expect([...system.tasks()]).toHaveLength(0);
});

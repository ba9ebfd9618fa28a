/**
 * Owns the proof of what connectivity says of a node that was lost and came back: a kubelet that comes back reports Ready with the time that
 * it remembers, from before the loss, and later ones with a new time.
 */
import { describe, expect, it } from 'vitest';
import type { TaskFacts } from '../../../machines/task/task.types.js';
import { IDENTITY, LOOKS, READY, after, facts, observed } from './messages.js';
import { startTask } from './running-task.js';

const connected = LOOKS.kecs.RUNNING;
const lost = facts(READY, READY, { ready: { status: 'False', at: after(50) } });

const connectivityAfter = (back: TaskFacts) => {
  const task = startTask({ identity: IDENTITY, profile: 'kecs' });
  const seen = [observed(connected, 4), observed(lost, 51), observed(back, 90)].map(
    (message) => task.send(message).context.connectivity,
  );
  expect(seen.slice(0, 2)).toEqual([
    { status: 'CONNECTED', at: after(3) },
    { status: 'DISCONNECTED', at: after(3) },
  ]);
  return seen[2];
};

describe('a task whose node was lost and is back', () => {
  it('is connected again since then, by the new time of Ready', () => {
    const back = facts(READY, READY, { ready: { status: 'True', at: after(89) } });
    expect(connectivityAfter(back)).toEqual({ status: 'CONNECTED', at: after(89) });
  });

  it('is connected again since it was seen, when Ready has its old time', () => {
    expect(connectivityAfter(connected)).toEqual({ status: 'CONNECTED', at: after(90) });
  });
});

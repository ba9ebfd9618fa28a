/**
 * services[].events[]: what is told, in which words and order, what is told together, and what is not told again.
 */
import { describe, expect, it } from 'vitest';
import { BATCH_WINDOW, MAX_SERVICE_EVENTS, SILENCE } from '../../../machines/service/service-events.js';
import type { ServiceMessage } from '../../../machines/service/service.types.js';
import { after } from '../task/messages.js';
import {
  FAILED,
  GONE,
  LEAVING,
  RUNNING,
  STEADY,
  UNSEEN,
  all,
  batchDue,
  complete,
  deployment,
  deploymentGone,
  noticed,
  replicaSet,
  task,
  taskIdOf,
} from './messages.js';
import { RunningService } from './running-service.js';

const steady = () => new RunningService().send(...STEADY);
/** What is told of these messages after the first rollout is complete. */
function toldOf(...messages: readonly ServiceMessage[]): readonly string[] {
  const service = steady();
  const before = service.lines.length;
  return service.send(...messages).lines.slice(before);
}
const named = (...names: readonly string[]): string => names.map((name) => `(task ${taskIdOf(name)})`).join(' ');
const HOURS = 3600;

describe('wording', () => {
  it('of a first rollout', () => {
    const service = steady();
    expect(service.lines).toEqual([
      `has started 3 tasks: ${named('a', 'b', 'c')}.`,
      `(deployment ${service.ids[0]}) deployment completed.`,
      'has reached a steady state.',
    ]);
    expect(service.now.context.events.ring[0]).toEqual({
      number: 3,
      at: after(6),
      message: '(service web) has reached a steady state.',
    });
  });

  it.each([
    ['a start', [task(20, 'd')], `has started 1 tasks: ${named('d')}.`],
    ['a stop', [task(20, 'a', LEAVING)], `has stopped 1 running tasks: ${named('a')}.`],
    [
      'a stop of a task that never ran',
      [task(20, 'a', { ...LEAVING, ran: false, lastStatus: 'STOPPING' })],
      'stopped 1 pending tasks.',
    ],
    [
      'a failed health check',
      [task(20, 'a', { ...RUNNING, unhealthy: true })],
      `${named('a')} failed container health checks.`,
    ],
    [
      'a Kubernetes event',
      [noticed(20, 'quota', 'was unable to place a task. Reason: quota.')],
      'was unable to place a task. Reason: quota.',
    ],
  ] as const)('of %s: the plural is never adapted', (_, messages, line) => {
    expect(toldOf(...messages, batchDue(30))).toEqual([line]);
  });

  it('of a rollout that fails, and comes right after all', () => {
    const service = steady();
    const late = { of: 2, total: 4, ready: 3, updated: 1, progress: 'ProgressDeadlineExceeded' };
    service.send(deployment(20, { of: 2, ...UNSEEN }), deployment(620, late), deployment(621, { ...late, ready: 2 }));
    service.send(deployment(700, { of: 2, ...complete() }));
    expect(service.lines.slice(3)).toEqual([
      `(deployment ${service.ids[0]}) deployment failed: tasks failed to start.`,
      `(deployment ${service.ids[0]}) deployment completed.`,
    ]);
  });

  it('nothing is told of a StopTask but its replacement', () => {
    expect(
      toldOf(
        task(20, 'a', { ...LEAVING, stopCode: 'UserInitiated' }),
        task(21, 'd'),
        task(50, 'a', { ...GONE, stopCode: 'UserInitiated' }),
        batchDue(60),
      ),
    ).toEqual([`has started 1 tasks: ${named('d')}.`]);
  });

  it('nothing is told of a task that ends by itself: that is no decision of the scheduler', () => {
    const crashed = { ...FAILED, ran: true, stopCode: 'EssentialContainerExited' } as const;
    expect(toldOf(task(20, 'a', crashed), batchDue(30))).toEqual([]);
  });

  it('a health check is told of when it fails, and again when it fails again', () => {
    const unhealthy = (seconds: number, name: string, is: boolean) =>
      task(seconds, name, { ...RUNNING, unhealthy: is });
    expect(
      toldOf(unhealthy(20, 'a', true), unhealthy(21, 'a', true), unhealthy(22, 'a', false), unhealthy(23, 'a', true)),
    ).toEqual([`${named('a')} failed container health checks.`, `${named('a')} failed container health checks.`]);
  });
});

describe('what is told together', () => {
  it('starts and stops within a second, each kind in one line, in the order in which they began', () => {
    expect(
      toldOf(
        task(20, 'a', LEAVING),
        task(20, 'd'),
        task(20.4, 'b', LEAVING),
        task(20.9, 'e'),
        task(20.9, 'c', { ...LEAVING, ran: false }),
        batchDue(21),
      ),
    ).toEqual([
      `has stopped 2 running tasks: ${named('a', 'b')}.`,
      `has started 2 tasks: ${named('d', 'e')}.`,
      'stopped 1 pending tasks.',
    ]);
  });

  it('the window begins with the first of them, and a later one is another line', () => {
    const service = steady();
    service.send(task(20, 'd'));
    expect(service.now.context.batch).toEqual({
      since: after(20),
      groups: [{ kind: 'started', taskIds: [taskIdOf('d')] }],
    });
    service.send({ ...task(0, 'e'), at: after(20) + BATCH_WINDOW - 1 });
    expect(service.lines.slice(3)).toEqual([]);
    service.send({ ...task(0, 'f'), at: after(20) + BATCH_WINDOW });
    expect(service.lines.slice(3)).toEqual([`has started 2 tasks: ${named('d', 'e')}.`]);
    expect(service.now.context.batch?.since).toBe(after(20) + BATCH_WINDOW);
  });

  it('a line has the time at which it is told', () => {
    const service = steady().send(task(20, 'd'), batchDue(21));
    expect(service.now.context.events.ring[0]?.at).toBe(after(21));
    expect(service.now.context.batch).toBeUndefined();
  });

  it('nothing waits: nothing is told', () => {
    const service = steady();
    const { snapshot } = service;
    expect(service.send(batchDue(20)).snapshot).toBe(snapshot);
  });
});

describe('order', () => {
  it('what waits happened before, and is told before any other line', () => {
    expect(toldOf(task(20, 'd'), noticed(20.5), batchDue(21))).toEqual([
      `has started 1 tasks: ${named('d')}.`,
      'says quota.',
    ]);
    expect(toldOf(task(20, 'a', LEAVING), task(20.5, 'b', { ...RUNNING, unhealthy: true }))).toEqual([
      `has stopped 1 running tasks: ${named('a')}.`,
      `${named('b')} failed container health checks.`,
    ]);
  });

  it('a rolling deployment: started, stopped, completed, steady', () => {
    const service = steady();
    service.send(
      deployment(20, { of: 2, total: 3, ready: 3, updated: 0, ...UNSEEN }),
      replicaSet(20, { of: 2, desired: 3, total: 3 }),
      ...['d', 'e', 'f'].map((name) => task(20, name, { of: 2, created: 20 })),
      ...['a', 'b', 'c'].map((name) => task(30, name, LEAVING)),
      replicaSet(31, { of: 2, ...all(3) }),
      replicaSet(32, all(0)),
      deployment(33, { of: 2, ...complete() }),
    );
    expect(service.lines.slice(3)).toEqual([
      `has started 3 tasks: ${named('d', 'e', 'f')}.`,
      `has stopped 3 running tasks: ${named('a', 'b', 'c')}.`,
      `(deployment ${service.ids[0]}) deployment completed.`,
      'has reached a steady state.',
    ]);
  });

  it('completed comes before steady, also where one look says that all is done', () => {
    const service = steady().send(deployment(20, complete(0)), replicaSet(21, all(0)));
    const before = service.lines.length;
    service.send(deployment(30, { of: 2, ...complete(0) }));
    expect(service.lines.slice(before)).toEqual([
      `(deployment ${service.ids[0]}) deployment completed.`,
      'has reached a steady state.',
    ]);
  });
});

describe('the steady state', () => {
  it('is told once, and again when it was lost', () => {
    expect(
      toldOf(
        deployment(20, { ...complete(), ready: 2 }),
        deployment(21, complete()),
        deployment(22, { ...complete(), available: false }),
      ),
    ).toEqual(['has reached a steady state.']);
  });

  it('is lost by scaling, whatever the counts say, and told when as many run as are wanted', () => {
    expect(
      toldOf(
        deployment(20, { ...complete(), desired: 5 }),
        deployment(21, { ...complete(5), ready: 4 }),
        deployment(22, complete(5)),
      ),
    ).toEqual(['has reached a steady state.']);
    // One look may show both: the new count wanted, and there.
    expect(toldOf(deployment(20, complete(5)))).toEqual(['has reached a steady state.']);
  });

  it('is lost while there are more than wanted', () => {
    expect(toldOf(deployment(20, { ...complete(), total: 4 }), deployment(21, complete()))).toEqual([
      'has reached a steady state.',
    ]);
  });

  it('is none while an old deployment is there, or the service is being deleted', () => {
    const service = steady().send(
      deployment(20, { of: 2, ...UNSEEN }),
      replicaSet(21, { of: 2, ...all(3) }),
      deployment(22, { of: 2, ...complete() }),
    );
    expect(service.lines.at(-1)).toBe(`(deployment ${service.ids[0]}) deployment completed.`);
    expect(service.send(replicaSet(23, all(0))).lines.at(-1)).toBe('has reached a steady state.');
    expect(
      toldOf(
        deployment(20, { ...complete(), ready: 2 }),
        deployment(30, { ...complete(), deletionRequestedAt: after(30) }),
      ),
    ).toEqual([]);
  });
});

describe('what is not told again', () => {
  it('the same cause for six hours, to the millisecond', () => {
    const service = steady();
    const again = (at: number): number => service.send({ ...noticed(0), at }).lines.length;
    const first = again(after(20));
    expect(again(after(20) + SILENCE - 1)).toBe(first);
    expect(again(after(20) + SILENCE)).toBe(first + 1);
    expect(again(after(20) + 2 * SILENCE - 1)).toBe(first + 1);
  });

  it('whatever its words are; another cause is told', () => {
    expect(toldOf(noticed(20, 'quota', '3 tasks.'), noticed(21, 'quota', '4 tasks.'), noticed(22, 'image'))).toEqual([
      '3 tasks.',
      'says image.',
    ]);
  });

  it('unless it was resolved: the steady state was reached in between', () => {
    expect(
      toldOf(
        noticed(20),
        deployment(21, { ...complete(), ready: 2 }),
        noticed(22),
        deployment(23, complete()),
        noticed(24),
      ),
    ).toEqual(['says quota.', 'has reached a steady state.', 'says quota.']);
  });

  it('silence is kept for the fifty causes told last', () => {
    const service = steady();
    for (let index = 0; index <= 50; index += 1) service.send(noticed(20 + index, `cause ${index}`));
    expect(Object.keys(service.now.context.events.told)).toHaveLength(50);
    const before = service.lines.length;
    service.send(noticed(1 * HOURS, 'cause 1'), noticed(1 * HOURS, 'cause 0'));
    expect(service.lines.slice(before)).toEqual(['says cause 0.']);
  });

  it('and survives a restart', () => {
    const service = steady().send(noticed(20)).restarted();
    const before = service.lines.length;
    expect(service.send(noticed(5 * HOURS)).lines).toHaveLength(before);
  });
});

it('the ring has no more than the latest 100 (S4)', () => {
  const service = steady();
  for (let index = 0; index < 150; index += 1) service.send(task(20 + 2 * index, `t${index}`));
  const { ring } = service.send(batchDue(400)).now.context.events;
  expect(ring).toHaveLength(MAX_SERVICE_EVENTS);
  expect(ring[0]?.message).toBe(`(service web) has started 1 tasks: ${named('t149')}.`);
});

it('what waits is told before the service ends', () => {
  expect(
    toldOf(task(20, 'a', LEAVING), ...['a', 'b', 'c'].map((name) => task(20.5, name, GONE)), deploymentGone(20.6)),
  ).toEqual([`has stopped 1 running tasks: ${named('a')}.`]);
});

import { describe, expect, it } from 'vitest';
import { goDuration, humanDuration, toMicroTimestamp, toTimestamp } from '../../src/simulator/instants.js';
import { BackOff } from '../../src/simulator/kubelet/back-off.js';
import { fullName, imageId } from '../../src/simulator/kubelet/images.js';
import { quantity } from '../../src/simulator/quantities.js';
import { Random, safeName } from '../../src/simulator/random.js';
import { Timers } from '../../src/simulator/timers.js';
import { WorkQueue } from '../../src/simulator/work-queue.js';
import { ManualClock } from '../../src/system/clock.js';

describe('instants and durations', () => {
  it('are written as Kubernetes, Go and kubectl write them', () => {
    const instant = Date.parse('2026-11-23T04:08:00.825Z');
    expect([toTimestamp(instant), toMicroTimestamp(instant, 419)]).toEqual([
      '2026-11-23T04:08:00Z',
      '2026-11-23T04:08:00.825419Z',
    ]);
    expect([0, 42.231318, 1_500, 10_000, 160_000, 300_000, 3_661_000].map(goDuration)).toEqual([
      '0s',
      '42.231318ms',
      '1.5s',
      '10s',
      '2m40s',
      '5m0s',
      '1h1m1s',
    ]);
    const ages = [0, 119, 120, 192, 600, 10_800, 20_000, 100_000, 200_000, 900_000, 70_000_000];
    expect(ages.map((seconds) => humanDuration(seconds * 1000))).toEqual([
      '0s',
      '119s',
      '2m',
      '3m12s',
      '10m',
      '3h',
      '5h33m',
      '27h',
      '2d7h',
      '10d',
      '2y',
    ]);
  });
});

describe('quantities', () => {
  it.each([
    ['250m', 0.25],
    ['2', 2],
    ['64Mi', 67_108_864],
    ['1.5G', 1_500_000_000],
    ['1e3', 1_000],
    ['20k', 20_000],
    [undefined, 0],
    ['much', 0],
  ])('%s is %d', (text, value) => expect(quantity(text)).toBe(value));
});

describe('images', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['busybox:1.35', 'docker.io/library/busybox:1.35'],
    ['org/app:2', 'docker.io/org/app:2'],
    ['registry.example:5000/app', 'registry.example:5000/app:latest'],
    ['localhost/app:1', 'localhost/app:1'],
  ])('%s is in full %s', (image, full) => expect(fullName(image)).toBe(full));

  it('have one digest each', () => {
    expect(imageId('nginx')).toBe(imageId('docker.io/library/nginx:latest'));
    expect(imageId('nginx:1')).not.toBe(imageId('nginx:2'));
    expect(imageId('nginx:1')).toMatch(/^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
  });
});

describe('random values', () => {
  it('are the same for one seed, and have the right form', () => {
    const [first, second] = [new Random(9), new Random(9)];
    const values = (random: Random) => [
      random.uuid(),
      random.nameSuffix(),
      random.hex(20),
      random.integer(10),
      random.between(5, 6),
    ];
    const drawn = values(first);
    expect(values(second)).toEqual(drawn);
    expect(drawn[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(drawn[1]).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('write hashes with the characters of Kubernetes', () => {
    expect(safeName('0123456789')).toBe('456789bcdf');
  });
});

describe('back-off', () => {
  it('doubles from 10 s to 5 min, and begins anew after a long peace', () => {
    const backOff = new BackOff();
    const delays: number[] = [];
    let now = 1_000_000;
    for (let failure = 0; failure < 7; failure++) {
      expect(backOff.waits('c', now, now)).toBe(failure > 0);
      now += backOff.delay('c');
      backOff.next('c', now, now);
      delays.push(backOff.delay('c') / 1000);
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    now += 601_000;
    expect(backOff.waits('c', now, now)).toBe(false);
    backOff.next('c', now, now);
    expect(backOff.delay('c')).toBe(10_000);
  });
});

describe('timers', () => {
  it('are stretched by their scale, rounded to milliseconds, and silent once they are stopped', () => {
    const clock = new ManualClock(0);
    const timers = new Timers(clock, 0.5);
    const fired: string[] = [];
    timers.after(1_000, () => fired.push(`at ${clock.now()}`));
    timers.after(3, () => fired.push(`at ${clock.now()}`));
    const cancelled = timers.after(10, () => fired.push('cancelled'));
    timers.cancel(cancelled);
    timers.after(2_000, () => fired.push('stopped'));
    clock.advance(600);
    timers.stop();
    clock.advance(5_000);
    expect([fired, clock.pending]).toEqual([['at 2', 'at 500'], 0]);
  });
});

describe('work queues', () => {
  it('work on a key once, however often it is added in the meantime, and keep appointments', () => {
    const clock = new ManualClock(0);
    const worked: string[] = [];
    const queue = new WorkQueue(new Timers(clock), 10, (key) => worked.push(`${key}@${clock.now()}`));
    for (const key of ['a', 'b', 'a']) queue.add(key);
    queue.addAfter('c', 100);
    queue.addAfter('c', 50);
    clock.advance(10);
    queue.add('a');
    clock.advance(200);
    expect(worked).toEqual(['a@10', 'b@10', 'a@20', 'c@60']);
  });
});

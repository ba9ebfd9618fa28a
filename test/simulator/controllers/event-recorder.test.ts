import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../../src/simulator/resources.js';
import { container, NAMESPACE, PROBE, TestCluster } from '../cluster.js';

describe('Events', () => {
  it('that repeat are one object with a higher count', () => {
    const cluster = new TestCluster({ scripts: { main: { neverReady: true } } });
    const seen: unknown[] = [];
    cluster.simulator.objects.subscribe(EVENTS, ({ type, object }) => {
      if (object.reason === 'Unhealthy') seen.push([type, object.count, object.firstTimestamp, object.lastTimestamp]);
    });
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(4.5);
    expect(seen).toEqual([
      ['ADDED', 1, '2026-01-01T00:00:02Z', '2026-01-01T00:00:02Z'],
      ['MODIFIED', 2, '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z'],
      ['MODIFIED', 3, '2026-01-01T00:00:02Z', '2026-01-01T00:00:04Z'],
    ]);
  });

  it('are silenced when there are too many about one object', () => {
    const cluster = new TestCluster({ scripts: { main: { neverReady: true } } });
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(120);
    const total = cluster
      .events()
      .filter(({ source }) => source.component === 'kubelet')
      .reduce((sum, { count }) => sum + (count ?? 0), 0);
    // A burst of 25, and one more every five minutes.
    expect(total).toBe(25);
  });

  it('that are alike are combined after ten', () => {
    const cluster = new TestCluster();
    cluster.serve({ replicas: 14 });
    cluster.wait(10);
    const texts = cluster.eventTexts('SuccessfulCreate');
    expect(texts.filter((text) => text.startsWith('1 Created pod: web-'))).toHaveLength(9);
    expect(texts.filter((text) => text.startsWith('5 (combined from similar events): Created pod: web-'))).toHaveLength(
      1,
    );
  });

  it('of the scheduler have an eventTime and no timestamps; later ones about the same are a series', () => {
    const cluster = new TestCluster();
    cluster.run('task', { containers: [container('main', { resources: { requests: { cpu: '100' } } })] });
    cluster.wait(70);
    const [first, second] = cluster.events().filter(({ reason }) => reason === 'FailedScheduling');
    expect(first).toMatchObject({
      eventTime: expect.stringMatching(/^2026-01-01T00:00:00\.\d{6}Z$/) as string,
      firstTimestamp: null,
      lastTimestamp: null,
      source: {},
      action: 'Scheduling',
      reportingComponent: 'default-scheduler',
      message: '0/2 nodes are available: 2 Insufficient cpu.',
    });
    expect(first?.count).toBeUndefined();
    expect(second?.series).toEqual({
      count: 1,
      lastObservedTime: expect.stringMatching(/^2026-01-01T00:01:00\.\d{6}Z$/) as string,
    });
  });

  it('are forgotten an hour after they were last seen', () => {
    const cluster = new TestCluster({ scripts: { main: { exitAfter: 1_000 } } });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(3_500);
    expect(cluster.events().length).toBeGreaterThan(3);
    cluster.wait(200);
    expect(cluster.events()).toEqual([]);
  });

  it('are named after their object and the moment', () => {
    const cluster = new TestCluster();
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(1);
    const [event] = cluster.events();
    const nanoseconds = BigInt(`0x${event?.metadata.name.split('.')[1] ?? '0'}`);
    expect(event?.metadata.namespace).toBe(NAMESPACE);
    expect(Number(nanoseconds / 1_000_000_000n)).toBe(Date.parse('2026-01-01T00:00:00Z') / 1000);
  });
});

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PODS } from '../../src/simulator/resources.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { createSimulator } from '../../src/simulator/simulator.js';
import { ManualClock } from '../../src/system/clock.js';
import { at, call, listOf } from './client.js';
import { container, NAMESPACE, TestCluster } from './cluster.js';

const running: Simulator[] = [];
afterEach(async () => {
  for (const simulator of running.splice(0)) await simulator.stop();
});

describe('the embedded cluster', () => {
  it('listens on a free port, has nodes and a namespace, and says where it is', async () => {
    const simulator = createSimulator({ clock: new ManualClock(0), nodes: 3 });
    running.push(simulator);
    await simulator.start();
    expect(simulator.url).toBe(`http://127.0.0.1:${simulator.port}`);
    const kubeconfig: unknown = JSON.parse(simulator.kubeconfig());
    expect(at(kubeconfig, 'clusters', '0', 'cluster', 'server')).toBe(simulator.url);
    expect(at(kubeconfig, 'current-context')).toBe(at(kubeconfig, 'contexts', '0', 'name'));
    const names = async (path: string) =>
      listOf((await call(`${simulator.url}${path}`)).body, 'items').map((item) => at(item, 'metadata', 'name'));
    expect(await names('/api/v1/nodes')).toEqual(['sim-node-1', 'sim-node-2', 'sim-node-3']);
    expect(await names('/api/v1/namespaces')).toEqual(['default']);
    expect((await call(`${simulator.url}/version`)).body).toMatchObject({ major: '1', minor: '20' });
  });

  it('says what to do about a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo; // it listens on TCP
    await expect(createSimulator({ port }).start()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(
        new RegExp(
          `^The simulator cannot listen on 127\\.0\\.0\\.1:${port} \\(.*EADDRINUSE.*\\); choose another port, or 0 for any\\.$`,
        ),
      ) as string,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('goes at the pace that it is told to, on the clock that it is given', () => {
    const quick = new TestCluster({ paceScale: 0.1, scripts: { main: { exitAfter: 10_000 } } });
    quick.run('task', { containers: [container('main')] });
    quick.wait(0.9);
    expect(quick.pod('task').status.phase).toBe('Running');
    quick.wait(0.6);
    const terminated = quick.pod('task').status.containerStatuses?.[0]?.state.terminated;
    expect([terminated?.startedAt, terminated?.finishedAt]).toEqual(['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z']);
  });

  it('does nothing by itself when it is passive', () => {
    const cluster = new TestCluster({ passive: true });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(600);
    expect(cluster.pod('task').status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(cluster.clock.pending).toBe(0);
  });

  it('has a quick way for load: a status, one event, and nothing else', () => {
    const cluster = new TestCluster({ passive: true });
    cluster.run('task', { containers: [container('main')] });
    const before = cluster.pod('task');
    const seen: unknown[] = [];
    cluster.simulator.objects.subscribe(PODS, ({ type, revision }) => seen.push([type, revision]));
    const after = cluster.simulator.objects.setStatus(PODS, NAMESPACE, 'task', { phase: 'Running' });
    const version = String(Number(before.metadata.resourceVersion) + 1);
    expect(after).toEqual({
      ...before,
      metadata: { ...before.metadata, resourceVersion: version },
      status: { phase: 'Running' },
    });
    expect(seen).toEqual([['MODIFIED', Number(version)]]);
    expect(cluster.simulator.objects.setStatus(PODS, NAMESPACE, 'nobody', {})).toBeUndefined();
  });

  it('leaves nothing behind when it is stopped', async () => {
    const clock = new ManualClock(0);
    const simulator = createSimulator({ clock });
    await simulator.start();
    simulator.objects.create(PODS, {
      metadata: { namespace: 'a', name: 'task' },
      spec: { containers: [{ name: 'main', image: 'i' }] },
    });
    const { url } = simulator;
    await simulator.stop();
    expect(clock.pending).toBe(0);
    await expect(call(url)).rejects.toThrow('ECONNREFUSED');
  });
});

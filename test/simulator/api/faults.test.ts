import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import type { Simulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import { at, call, Watch } from '../client.js';

let simulator: Simulator;
const open: Watch[] = [];

beforeEach(async () => {
  simulator = createSimulator({ clock: new ManualClock(1_000_000), seed: 7, passive: true });
  await simulator.start();
});
afterEach(async () => {
  for (const watch of open.splice(0)) watch.close();
  await simulator.stop();
});

async function watch(path = '/api/v1/pods'): Promise<Watch> {
  const opened = await Watch.open(`${simulator.url}${path}?watch=1`);
  open.push(opened);
  return opened;
}
const create = (name: string) =>
  simulator.objects.create(PODS, {
    metadata: { namespace: 'a', name },
    spec: { containers: [{ name: 'main', image: 'i' }] },
  });
const names = (stream: Watch) => stream.events.map((event) => at(event, 'object', 'metadata', 'name') as unknown);

describe('requests', () => {
  it('fails the next that fit, so many times, and no others', async () => {
    simulator.faults.failNext({ status: 429, retryAfter: 7, verb: 'list', resource: PODS, times: 2 });
    const statuses: unknown[] = [];
    for (const path of ['/apis/apps/v1/deployments', '/api/v1/pods', '/api/v1/pods', '/api/v1/pods']) {
      const { status, headers } = await call(`${simulator.url}${path}`);
      statuses.push([status, headers['retry-after']]);
    }
    expect(statuses).toEqual([
      [200, undefined],
      [429, '7'],
      [429, '7'],
      [200, undefined],
    ]);
  });

  it.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
  ] as const)('answers a watch with %i', async (status, reason) => {
    simulator.faults.failNext({ status, verb: 'watch' });
    const answer = await call(`${simulator.url}/api/v1/pods?watch=true`);
    expect([answer.status, at(answer.body, 'reason'), at(answer.body, 'kind')]).toEqual([status, reason, 'Status']);
  });
});

describe('connections', () => {
  it('cuts watches, also in the middle of a line', async () => {
    const [pods, deployments] = [await watch(), await watch('/apis/apps/v1/deployments')];
    create('p1');
    await pods.take(1);
    expect([simulator.faults.openWatches(), simulator.faults.openWatches({ resource: PODS })]).toEqual([2, 1]);
    simulator.faults.cutWatches({ resource: PODS, midLine: true });
    expect(await pods.end()).toBe('aborted');
    expect([names(pods), pods.rest]).toEqual([
      ['p1'],
      '{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metad',
    ]);
    expect(deployments.ended).toBeUndefined();
    simulator.faults.cutWatches({ resource: DEPLOYMENTS });
    expect([await deployments.end(), deployments.rest]).toEqual(['aborted', '']);
  });

  it('stalls watches, the new ones too, and lets them go on', async () => {
    const old = await watch();
    simulator.faults.stallWatches();
    const young = await watch();
    create('p1');
    // Another watch that is not stalled would have it by now.
    await call(`${simulator.url}/healthz`);
    expect([names(old), names(young)]).toEqual([[], []]);
    simulator.faults.resumeWatches();
    await Promise.all([old.take(1), young.take(1)]);
    expect([names(old), names(young)]).toEqual([['p1'], ['p1']]);
  });

  it('stalls only the watches that there are, when asked to', async () => {
    const old = await watch();
    simulator.faults.stallWatches({ existing: true });
    const young = await watch();
    create('p1');
    await young.take(1);
    expect([names(old), names(young)]).toEqual([[], ['p1']]);
  });

  it('restarts on the same port with the same data', async () => {
    const stream = await watch();
    create('p1');
    await stream.take(1);
    const { url } = simulator;
    await simulator.restart(async () => {
      await expect(call(`${url}/healthz`)).rejects.toThrow('ECONNREFUSED');
    });
    expect(await stream.end()).toBe('aborted');
    expect(simulator.url).toBe(url);
    expect((await call(`${url}/api/v1/namespaces/a/pods/p1`)).status).toBe(200);
  });
});

describe('events', () => {
  it('drops and doubles events for every watch alike', async () => {
    const streams = [await watch(), await watch()];
    simulator.faults.dropNext({ type: 'ADDED' });
    simulator.faults.duplicateNext({ resource: PODS, times: 2 });
    for (const name of ['p1', 'p2', 'p3', 'p4']) create(name);
    for (const stream of streams) {
      await stream.take(5);
      expect(names(stream)).toEqual(['p2', 'p2', 'p3', 'p3', 'p4']);
    }
  });

  it('injects a line that is no event', async () => {
    const stream = await watch();
    simulator.faults.injectLine('{"type":"MODIFIED","obj');
    create('p1');
    await stream.take(1);
    expect([stream.malformed, names(stream)]).toEqual([['{"type":"MODIFIED","obj'], ['p1']]);
  });

  it('ends watches with an ERROR event', async () => {
    const stream = await watch();
    simulator.faults.failWatches();
    expect(await stream.end()).toBe('end');
    expect(stream.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
  });
});

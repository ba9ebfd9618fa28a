import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import type { Simulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import { at, call, Watch } from '../client.js';

let clock: ManualClock;
let simulator: Simulator;
const open: Watch[] = [];

beforeEach(async () => {
  clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
  simulator = createSimulator({ clock, seed: 7, passive: true, history: 40 });
  await simulator.start();
});
afterEach(async () => {
  for (const watch of open.splice(0)) watch.close();
  await simulator.stop();
});

async function watch(query: string, path = '/api/v1/pods'): Promise<Watch> {
  const opened = await Watch.open(`${simulator.url}${path}?watch=1${query}`);
  open.push(opened);
  return opened;
}
const create = (name: string, labels = {}, namespace = 'a') =>
  simulator.objects.create(PODS, {
    metadata: { namespace, name, labels },
    spec: { containers: [{ name: 'main', image: 'i' }] },
  });
const relabel = (name: string, labels: object) => simulator.objects.patch(PODS, 'a', name, { metadata: { labels } });
const short = (events: readonly unknown[]) =>
  events.map((event) => `${at(event, 'type')} ${at(event, 'object', 'metadata', 'name')}`);
const versionOf = ({ metadata }: { metadata: { resourceVersion: string } }) => Number(metadata.resourceVersion);

describe('what a watch sends', () => {
  it('sends the changes after its version, as lines in Kubernetes order', async () => {
    const since = versionOf(create('p0'));
    create('p1');
    const stream = await watch(`&resourceVersion=${since}`);
    relabel('p1', { x: '1' });
    simulator.objects.delete(PODS, 'a', 'p1');
    expect(short(await stream.take(4))).toEqual(['ADDED p1', 'MODIFIED p1', 'MODIFIED p1', 'DELETED p1']);
    expect(stream.text).toMatch(
      /^\{"type":"ADDED","object":\{"kind":"Pod","apiVersion":"v1","metadata":\{"name":"p1",/,
    );
    expect(stream.text).toMatch(/"managedFields":\[.*\]\},"spec":\{.*\},"status":\{.*\}\}\}\n/);
    const versions = stream.events.map((event) => Number(at(event, 'object', 'metadata', 'resourceVersion')));
    expect(versions).toEqual([since + 1, since + 2, since + 3, since + 4]);
  });

  it.each(['', '&resourceVersion=0'])('begins with what is there, as ADDED, without a version (%s)', async (query) => {
    create('p1');
    create('p2');
    const stream = await watch(query);
    create('p3');
    expect(short(await stream.take(3))).toEqual(['ADDED p1', 'ADDED p2', 'ADDED p3']);
  });

  it('follows objects into and out of a selection', async () => {
    const since = versionOf(create('p1'));
    const stream = await watch(`&resourceVersion=${since}&labelSelector=x%3D1`);
    relabel('p1', { x: '1' });
    relabel('p1', { y: '2' });
    relabel('p1', { x: '2' });
    relabel('p1', { x: '1' });
    const events = await stream.take(4);
    expect(short(events)).toEqual(['ADDED p1', 'MODIFIED p1', 'DELETED p1', 'ADDED p1']);
    // What has left is shown as it was, under the version of the change.
    expect(at(events[2], 'object', 'metadata')).toMatchObject({
      labels: { x: '1', y: '2' },
      resourceVersion: String(since + 3),
    });
  });

  it('keeps to its namespace and its kind', async () => {
    const stream = await watch('', '/api/v1/namespaces/b/pods');
    create('elsewhere');
    create('here', {}, 'b');
    expect(short(await stream.take(1))).toEqual(['ADDED here']);
  });

  it('is open and empty for a namespace that is not there', async () => {
    const stream = await watch('', '/api/v1/namespaces/nowhere/pods');
    expect([stream.status, stream.events]).toEqual([200, []]);
  });

  it('waits in silence for a version that is not yet', async () => {
    const stream = await watch(`&resourceVersion=${versionOf(create('p0')) + 2}`);
    create('p1');
    create('p2');
    create('p3');
    expect(short(await stream.take(1))).toEqual(['ADDED p3']);
  });

  it('sends tables to kubectl', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const stream = await Watch.open(`${simulator.url}/api/v1/pods?watch=1`, { accept });
    open.push(stream);
    create('p1');
    await stream.take(1);
    expect(stream.events).toMatchObject([
      {
        type: 'ADDED',
        object: {
          kind: 'Table',
          rows: [{ cells: ['p1', '0/1', 'Pending', 0, '0s', '<none>', '<none>', '<none>', '<none>'] }],
        },
      },
    ]);
  });
});

describe('its beginning and its end', () => {
  it('tells a version that is too old by an ERROR event in a 200 answer, and ends', async () => {
    const since = versionOf(create('p1'));
    create('p2');
    simulator.compact();
    const stream = await watch(`&resourceVersion=${since}`);
    expect(await stream.end()).toBe('end');
    expect([stream.status, stream.text]).toEqual([
      200,
      `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: ${since} (${since + 1})","reason":"Expired","code":410}}\n`,
    ]);
  });

  it('forgets the past by itself when there is too much of it', async () => {
    const since = versionOf(create('p1'));
    for (let index = 0; index < 60; index++) relabel('p1', { index: String(index) });
    const stream = await watch(`&resourceVersion=${since}`);
    await stream.end();
    expect(stream.events[0]).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  });

  it('500 for a version that is no number', async () => {
    const { status, text } = await call(`${simulator.url}/api/v1/pods?watch=1&resourceVersion=abc`);
    expect([status, text]).toEqual([
      500,
      '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"resourceVersion: Invalid value: \\"abc\\": strconv.ParseUint: parsing \\"abc\\": invalid syntax","code":500}\n',
    ]);
  });

  it('ends cleanly after timeoutSeconds', async () => {
    const stream = await watch('&timeoutSeconds=8');
    clock.advance(7_999);
    expect(stream.ended).toBeUndefined();
    clock.advance(1);
    expect(await stream.end()).toBe('end');
    expect(stream.events).toEqual([]);
  });

  it('sends bookmarks every minute and shortly before the end, where they are allowed', async () => {
    const version = versionOf(create('p1'));
    const pods = await watch(`&resourceVersion=${version}&allowWatchBookmarks=true&timeoutSeconds=90`);
    const silent = await watch(`&resourceVersion=${version}&timeoutSeconds=90`);
    const deployments = await watch('&allowWatchBookmarks=true&timeoutSeconds=70', '/apis/apps/v1/deployments');
    clock.advance(60_000);
    await pods.take(1);
    expect(pods.text).toBe(
      `{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"${version}","creationTimestamp":null},"spec":{"containers":null},"status":{}}}\n`,
    );
    await deployments.take(1);
    expect(at(deployments.events[0], 'object', 'spec')).toEqual({
      replicas: 0,
      selector: null,
      template: { metadata: { creationTimestamp: null }, spec: { containers: null } },
      strategy: {},
    });
    clock.advance(28_000);
    expect(short(await pods.take(2)).map((text) => text.split(' ')[0])).toEqual(['BOOKMARK', 'BOOKMARK']);
    clock.advance(2_000);
    await Promise.all([pods.end(), silent.end()]);
    expect([pods.events.length, silent.events.length]).toEqual([2, 0]);
  });
});

it('encodes a change once, however many watches there are', async () => {
  const streams = [await watch(''), await watch(''), await watch('&labelSelector=x')];
  let reads = 0;
  // Each encoding reads this field.
  const status = {
    get phase() {
      reads++;
      return 'Running' as const;
    },
  };
  create('p1', { x: '1' });
  simulator.objects.setStatus(PODS, 'a', 'p1', status);
  for (const stream of streams) expect(short(await stream.take(2))).toEqual(['ADDED p1', 'MODIFIED p1']);
  expect(reads).toBe(1);
});

it('escapes what Go escapes', async () => {
  const stream = await watch('', '/apis/apps/v1/deployments');
  simulator.objects.create(DEPLOYMENTS, {
    metadata: { namespace: 'a', name: 'web', annotations: { note: 'a && b < c > d\u2028' } },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  await stream.take(1);
  expect(stream.text).toContain('"note":"a \\u0026\\u0026 b \\u003c c \\u003e d\\u2028"');
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS, PODS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import type { Simulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import { at, call, listOf } from '../client.js';

let clock: ManualClock;
let simulator: Simulator;

beforeEach(async () => {
  clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
  simulator = createSimulator({ clock, seed: 7, passive: true });
  await simulator.start();
  for (const [namespace, name, labels] of [
    ['a', 'p1', { tier: 'web', env: 'prod' }],
    ['a', 'p2', { tier: 'web' }],
    ['a', 'p3', { tier: 'db', env: 'test' }],
    ['b', 'p1', {}],
    ['b', 'p4', { env: 'prod' }],
  ] as const) {
    const containers = [{ name: 'main', image: 'i' }];
    simulator.objects.create(PODS, {
      metadata: { namespace, name, labels },
      spec: { containers, nodeName: `node-${name}` },
    });
  }
});
afterEach(async () => {
  await simulator.stop();
});

const api = (path: string, headers: Record<string, string> = {}) => call(`${simulator.url}${path}`, { headers });
const names = (body: object) =>
  listOf(body, 'items').map((item) => `${at(item, 'metadata', 'namespace')}/${at(item, 'metadata', 'name')}`);

describe('selecting', () => {
  it.each([
    ['tier=web', ['a/p1', 'a/p2']],
    ['tier==web,env=prod', ['a/p1']],
    ['tier!=web', ['a/p3', 'b/p1', 'b/p4']],
    ['tier in (web, db)', ['a/p1', 'a/p2', 'a/p3']],
    ['env notin (prod)', ['a/p2', 'a/p3', 'b/p1']],
    ['tier', ['a/p1', 'a/p2', 'a/p3']],
    ['!tier', ['b/p1', 'b/p4']],
    ['env,!tier', ['b/p4']],
  ])('labels: %s', async (selector, expected) => {
    expect(names((await api(`/api/v1/pods?labelSelector=${encodeURIComponent(selector)}`)).body)).toEqual(expected);
  });

  it.each([
    ['metadata.name=p1', ['a/p1', 'b/p1']],
    ['metadata.name=p1,metadata.namespace!=b', ['a/p1']],
    ['spec.nodeName=node-p4', ['b/p4']],
    ['status.phase=Running', []],
    ['status.phase!=Running,metadata.namespace=b', ['b/p1', 'b/p4']],
  ])('fields: %s', async (selector, expected) => {
    expect(names((await api(`/api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`)).body)).toEqual(expected);
  });

  it('events by the object that they are about', async () => {
    simulator.objects.create(EVENTS, {
      metadata: { namespace: 'a', name: 'e1' },
      involvedObject: { kind: 'Pod', namespace: 'a', name: 'p1', uid: 'u1', apiVersion: 'v1' },
    });
    const url = '/api/v1/namespaces/a/events?fieldSelector=involvedObject.name%3Dp1%2CinvolvedObject.uid%3D';
    expect(names((await api(`${url}u1`)).body)).toEqual(['a/e1']);
    expect(names((await api(`${url}u2`)).body)).toEqual([]);
  });

  it('refuses a field that cannot be selected by, and a selector that cannot be read', async () => {
    const field = await api('/api/v1/pods?fieldSelector=spec.hostname%3Dx');
    expect([field.status, at(field.body, 'message')]).toEqual([400, 'field label not supported: spec.hostname']);
    const label = await api('/api/v1/pods?labelSelector=a%3Db%3Dc');
    expect([label.status, at(label.body, 'reason')]).toEqual([400, 'BadRequest']);
  });
});

describe('paging', () => {
  it('gives pages of one consistent snapshot, whatever happens in between', async () => {
    const first = (await api('/api/v1/pods?limit=2')).body;
    const revision = at(first, 'metadata', 'resourceVersion');
    expect(names(first)).toEqual(['a/p1', 'a/p2']);
    expect(at(first, 'metadata', 'remainingItemCount')).toBe(3);
    expect(JSON.parse(Buffer.from(String(at(first, 'metadata', 'continue')), 'base64url').toString())).toEqual({
      v: 'meta.k8s.io/v1',
      rv: Number(revision),
      start: 'a/p2\u0000',
    });
    simulator.objects.delete(PODS, 'a', 'p3', { gracePeriodSeconds: 0 });
    simulator.objects.patch(PODS, 'b', 'p1', { metadata: { labels: { later: 'yes' } } });
    const second = (await api(`/api/v1/pods?limit=2&continue=${at(first, 'metadata', 'continue')}`)).body;
    const third = (await api(`/api/v1/pods?limit=2&continue=${at(second, 'metadata', 'continue')}`)).body;
    expect([names(second), names(third)]).toEqual([['a/p3', 'b/p1'], ['b/p4']]);
    expect(at(second, 'items', '1')).toMatchObject({ metadata: { labels: {} } });
    expect(at(third, 'metadata')).toEqual({ resourceVersion: revision });
  });

  it('does not count what remains of a selection', async () => {
    const { body } = await api('/api/v1/pods?limit=1&labelSelector=tier');
    expect(Object.keys(at(body, 'metadata') as object)).toEqual(['resourceVersion', 'continue']);
  });

  it('ignores the limit at resourceVersion 0', async () => {
    expect(names((await api('/api/v1/pods?limit=1&resourceVersion=0')).body)).toHaveLength(5);
  });

  it('410 after a compaction, with a token for going on regardless', async () => {
    const first = (await api('/api/v1/namespaces/a/pods?limit=1')).body;
    simulator.objects.patch(PODS, 'a', 'p2', { metadata: { labels: { later: 'yes' } } });
    simulator.compact();
    const gone = await api(`/api/v1/namespaces/a/pods?limit=5&continue=${at(first, 'metadata', 'continue')}`);
    expect([gone.status, at(gone.body, 'reason'), at(gone.body, 'code')]).toEqual([410, 'Expired', 410]);
    expect(at(gone.body, 'message')).toMatch(
      /^The provided continue parameter is too old to display a consistent list result\./,
    );
    const rest = await api(`/api/v1/namespaces/a/pods?limit=5&continue=${at(gone.body, 'metadata', 'continue')}`);
    expect(names(rest.body)).toEqual(['a/p2', 'a/p3']);
    expect(at(rest.body, 'items', '0')).toMatchObject({ metadata: { labels: { later: 'yes' } } });
  });

  it('400 for a token that is none', async () => {
    const { status, body } = await api('/api/v1/pods?limit=2&continue=abc');
    expect([status, at(body, 'message')]).toEqual([
      400,
      expect.stringContaining('invalid continue token: continue key is not valid'),
    ]);
  });
});

describe('versions', () => {
  it('reads the past while it is known', async () => {
    const { resourceVersion } = at((await api('/api/v1/pods')).body, 'metadata') as unknown as {
      resourceVersion: string;
    };
    simulator.objects.delete(PODS, 'a', 'p1', { gracePeriodSeconds: 0 });
    const exact = `/api/v1/pods?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    expect(names((await api(exact)).body)).toHaveLength(5);
    expect(names((await api('/api/v1/pods')).body)).toHaveLength(4);
    simulator.compact();
    const gone = await api(exact);
    expect([gone.status, at(gone.body, 'message')]).toEqual([
      410,
      'The resourceVersion for the provided list is too old.',
    ]);
  });

  it('504 for the future, after some seconds', async () => {
    const answer = api('/api/v1/pods?resourceVersion=99999');
    // The list waits on the clock; the health check shows that the server has taken the earlier request.
    await api('/healthz');
    clock.advance(3_000);
    const { status, headers, body } = await answer;
    expect([status, headers['retry-after'], at(body, 'message')]).toEqual([
      504,
      '1',
      expect.stringMatching(/^Timeout: Too large resource version: 99999, current: \d+$/),
    ]);
  });
});

describe('the form', () => {
  it('is a typed list, whose items have no kind', async () => {
    const { text } = await api('/api/v1/namespaces/b/pods');
    expect(text).toMatch(
      /^\{"kind":"PodList","apiVersion":"v1","metadata":\{"resourceVersion":"\d+"\},"items":\[\{"metadata":\{"name":"p1"/,
    );
  });

  it('is a table when asked for, with the columns of kubectl', async () => {
    clock.advance(90_000);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { body } = await api('/api/v1/namespaces/b/pods', { accept });
    expect(at(body, 'kind')).toBe('Table');
    expect(listOf(body, 'columnDefinitions').map((column) => at(column, 'name'))).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
    expect(listOf(body, 'rows').map((row) => at(row, 'cells'))).toEqual([
      ['p1', '0/1', 'Pending', 0, '90s', '<none>', 'node-p1', '<none>', '<none>'],
      ['p4', '0/1', 'Pending', 0, '90s', '<none>', 'node-p4', '<none>', '<none>'],
    ]);
    expect(at(body, 'rows', '0')).toMatchObject({
      object: { kind: 'PartialObjectMetadata', metadata: { name: 'p1' } },
    });
  });
});

it('a namespace that is not there is an empty list', async () => {
  const { status, body } = await api('/api/v1/namespaces/nowhere/pods');
  expect([status, at(body, 'items')]).toEqual([200, []]);
});

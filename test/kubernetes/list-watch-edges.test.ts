/**
 * Owns the proof that the loop understands what a real API server sends in its bad moments: each recorded exchange is replayed, byte by
 * byte, at the place where the loop would meet it.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { SETTLED_AFTER } from '../../src/kubernetes/list-watch.js';
import { readEdge } from './scripted-server.js';
import { WatchHarness } from './watch-harness.js';

let harness: WatchHarness | undefined;
afterEach(() => harness?.close());

/** A loop that resumes from this version and has just asked for its watch, which is answered with the recording. */
async function watchAnswered(name: string, resourceVersion: string): Promise<WatchHarness> {
  harness = await WatchHarness.start({ resourceVersion, namespace: 'edge-us-east-1' });
  (await harness.server.next()).page('200000');
  (await harness.server.next()).replay(readEdge(name));
  return harness;
}

/** A loop that has just asked for its first page, which is answered with the recording. */
async function listAnswered(name: string): Promise<WatchHarness> {
  harness = await WatchHarness.start({ namespace: 'edge-us-east-1' });
  (await harness.server.next()).replay(readEdge(name));
  return harness;
}

const next = async ({ server }: WatchHarness): Promise<string> => (await server.next()).summary;
const LIST = 'LIST /api/v1/namespaces/edge-us-east-1/configmaps';
const WATCH = 'WATCH /api/v1/namespaces/edge-us-east-1/configmaps';

describe('a watch that is answered with', () => {
  it.each(['watch-410', 'watch-410-pods'])('%s is followed by a list, at once', async (name) => {
    const loop = await watchAnswered(name, '6921');
    expect(await next(loop)).toBe(`${LIST} limit=250`);
    expect(loop.clock.now()).toBe(1_000_000);
    expect(loop.loop.status.context).toMatchObject({ resourceVersion: null, expirations: 1 });
  });

  it('apiserver-sigterm keeps every change up to the break, and goes on after the last', async () => {
    const loop = await watchAnswered('apiserver-sigterm', '6921');
    expect(await loop.calls.next()).toBe(
      'changed [ADDED sel@6928,MODIFIED sel@6929,MODIFIED sel@6930,DELETED sel@6931,MODIFIED a1@6932] to 6932',
    );
    expect(await loop.waitOut()).toBe(500);
    (await loop.server.next()).page('200000');
    expect(await next(loop)).toBe(`${WATCH} resourceVersion=6932`);
  });

  it('apiserver-sigkill goes on where it was', async () => {
    const loop = await watchAnswered('apiserver-sigkill', '6948');
    expect(await loop.waitOut()).toBe(500);
    (await loop.server.next()).page('200000');
    expect(await next(loop)).toBe(`${WATCH} resourceVersion=6948`);
    expect(loop.calls.waiting).toEqual([]);
  });

  it('apiserver-down goes on trying', async () => {
    const loop = await watchAnswered('apiserver-down', '6921');
    // A connection that was kept alive is tried once more on a new one, before that counts as a failure.
    (await loop.server.next()).replay(readEdge('apiserver-down'));
    await loop.waitOut();
    (await loop.server.next()).replay(readEdge('apiserver-down'));
    await loop.waitOut();
    expect(await next(loop)).toBe(`${LIST} limit=1`);
    expect(loop.loop.status.context).toMatchObject({ resourceVersion: '6921', attempt: 2 });
  });

  it('apiserver-frozen takes what comes before the silence and after it', async () => {
    // Recorded without a version: everything that was there, then one new object, across chunks that cut lines.
    const loop = await watchAnswered('apiserver-frozen', '6900');
    const told: string[] = [];
    while (!told.at(-1)?.endsWith('to 6952')) told.push(await loop.calls.next());
    expect(told.join(';').match(/ADDED [^@]+@\d+/g)).toEqual([
      'ADDED after-restart@6951',
      'ADDED a4@6920',
      'ADDED a0@6914',
      'ADDED a1@6932',
      'ADDED a2@6918',
      'ADDED a3@6919',
      'ADDED kube-root-ca.crt@6913',
      'ADDED a5@6921',
      'ADDED after-freeze@6952',
    ]);
    await loop.reached('6952');
    expect(loop.counts.malformed).toBeUndefined();
  });

  it('watch-selector-leaves tells the object as deleted when it leaves the selector', async () => {
    const loop = await watchAnswered('watch-selector-leaves', '6921');
    const told: string[] = [];
    while (!told.at(-1)?.endsWith('to 6931')) told.push(await loop.calls.next());
    expect(told.join(';').match(/[A-Z]+ sel@\d+/g)).toEqual([
      'ADDED sel@6928',
      'DELETED sel@6929',
      'ADDED sel@6930',
      'DELETED sel@6931',
    ]);
  });

  it.each(['watch-timeout', 'watch-bookmark'])(
    '%s, a clean end, is opened again without a failure once it was settled',
    async (name) => {
      harness = await WatchHarness.start({ resourceVersion: '6921', namespace: 'edge-us-east-1' });
      (await harness.server.next()).page('200000');
      const watch = await harness.server.next();
      watch.replay({ ...readEdge(name), end: 'still open' });
      await harness.until('watching.open');
      harness.clock.advance(SETTLED_AFTER);
      watch.end();
      expect(await next(harness)).toBe(`${WATCH} resourceVersion=6921`);
      expect(harness.said).toEqual([]);
    },
  );

  it.each(['watch-404-namespace', 'watch-rv-future'])('%s is an open, empty watch', async (name) => {
    const loop = await watchAnswered(name, '106921');
    await loop.until('watching.open');
    expect(loop.loop.status.context.lastError).toBeNull();
  });

  it('watch-rv-bad, a version that is none, is followed by a list', async () => {
    const loop = await watchAnswered('watch-rv-bad', 'abc');
    expect(await next(loop)).toBe(`${LIST} limit=250`);
    expect(loop.said).toEqual([
      'info configmaps in edge-us-east-1: The cluster cannot read what it is to go on from (500: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax). Everything is listed again.',
    ]);
  });

  it.each([
    [
      'watch-401',
      'KUBERNETES_UNAUTHORIZED',
      'does not accept requests without credentials (401: Unauthorized). If that has expired',
    ],
    ['watch-403', 'KUBERNETES_FORBIDDEN', '{apiGroups: [""], resources: ["configmaps"], verbs: ["list","watch"]}'],
    [
      'watch-404-resource',
      'KUBERNETES_NOT_FOUND',
      'does not serve /api/v1/namespaces/edge-us-east-1/configmaps (404: 404 page not found)',
    ],
  ])('%s says what to do, and is tried again', async (name, code, words) => {
    const loop = await watchAnswered(name, '6921');
    await loop.until('backingOff');
    expect(loop.loop.status.context.lastError).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(loop.said).toEqual([expect.stringMatching(/^error /)]);
    await loop.waitOut();
    expect(await next(loop)).toBe(`${LIST} limit=1`);
  });
});

describe('a list that is answered with', () => {
  it('list-paged goes on with its token', async () => {
    const loop = await listAnswered('list-paged');
    expect(await loop.calls.next()).toBe('listed [a0@6914,a1@6916] first at 6931');
    expect(await next(loop)).toBe(
      `${LIST} limit=250 continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NjkzMSwic3RhcnQiOiJhMVx1MDAwMCJ9`,
    );
  });

  it.each(['list-continue-expired', 'list-continue-bad'])(
    '%s to its second page begins again, without the token that is offered',
    async (name) => {
      const loop = await listAnswered('list-paged');
      (await loop.server.next()).replay(readEdge(name));
      expect(await next(loop)).toBe(`${LIST} limit=250`);
      expect(loop.clock.now()).toBe(1_000_000);
    },
  );

  it('list-exact-compacted begins again', async () => {
    const loop = await listAnswered('list-exact-compacted');
    expect(await next(loop)).toBe(`${LIST} limit=250`);
  });

  it('list-rv-future waits for the second that it is asked to', async () => {
    const loop = await listAnswered('list-rv-future');
    expect(await loop.waitOut()).toBe(1000);
    expect(loop.loop.status.context.lastError).toMatchObject({ code: 'KUBERNETES_UNAVAILABLE' });
  });
});

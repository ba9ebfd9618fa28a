/** Owns the proof of the loop where nothing goes wrong: what is asked, what is handed over, at whose pace, and how it ends. */
import { afterEach, describe, expect, it } from 'vitest';
import { SETTLED_AFTER, WATCH_TIMEOUT_SECONDS } from '../../src/kubernetes/list-watch.js';
import { PAGE_LIMIT } from '../../src/kubernetes/list-page.js';
import { MAX_BATCH } from '../../src/kubernetes/watch-stream.js';
import { CONFIG_MAPS, bookmark, change, configMap, WatchHarness } from './watch-harness.js';

let harness: WatchHarness | undefined;
afterEach(() => harness?.close());

describe('a loop without a version', () => {
  it('lists page by page, and watches from the version of the list', async () => {
    harness = await WatchHarness.start();
    const { server, calls } = harness;
    const first = await server.next();
    expect(Object.fromEntries(first.url.searchParams)).toEqual({ limit: String(PAGE_LIMIT), labelSelector: 'x=1' });
    first.page('50', [configMap('a', '10'), configMap('b', '20')], 'token-1');
    const second = await server.next();
    expect(Object.fromEntries(second.url.searchParams)).toEqual({
      limit: '250',
      continue: 'token-1',
      labelSelector: 'x=1',
    });
    second.page('50', [configMap('c', '30')], 'token-2');
    (await server.next()).page('50', [configMap('d', '40')]);
    expect([await calls.next(), await calls.next(), await calls.next()]).toEqual([
      'listed [a@10,b@20] first at 50',
      'listed [c@30]  at 50',
      'listed [d@40] last at 50',
    ]);
    const watch = await server.next();
    expect(watch.url.pathname).toBe('/api/v1/configmaps');
    expect(Object.fromEntries(watch.url.searchParams)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '50',
      timeoutSeconds: String(WATCH_TIMEOUT_SECONDS),
      labelSelector: 'x=1',
    });
    watch.open().lines(change('ADDED', 'e', '51'));
    expect(await calls.next()).toBe('changed [ADDED e@51] to 51');
    await harness.reached('51');
    expect(harness.loop.status).toMatchObject({
      state: 'watching.open',
      context: { name: 'configmaps', resourceVersion: '51', listedObjects: 4, syncedAt: 1_000_000, lastError: null },
    });
    expect(harness.counts).toEqual({ listed: 4, watches: 1, changes: 1, bookmarks: 0 });
    expect(harness.said).toEqual(['info configmaps: listed, 4 objects.']);
  });

  it('takes a list without items', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).json({ kind: 'ConfigMapList', metadata: { resourceVersion: '9' }, items: null });
    expect(await harness.calls.next()).toBe('listed [] first+last at 9');
  });

  it('asks one namespace, by every path', async () => {
    harness = await WatchHarness.start({ namespace: 'team-a' });
    (await harness.server.next()).page('9');
    await harness.openWatch();
    expect(harness.server.seen).toEqual([
      'LIST /api/v1/namespaces/team-a/configmaps limit=250',
      'WATCH /api/v1/namespaces/team-a/configmaps resourceVersion=9',
    ]);
    expect(harness.said).toEqual(['info configmaps in team-a: listed, 0 objects.']);
  });

  it('sends a field selector', async () => {
    harness = await WatchHarness.start({ kind: { ...CONFIG_MAPS, fieldSelector: 'involvedObject.kind=Pod' } });
    expect((await harness.server.next()).url.searchParams.get('fieldSelector')).toBe('involvedObject.kind=Pod');
  });

  it('draws how long each watch may last', async () => {
    harness = await WatchHarness.start();
    harness.random = () => 0.9999;
    (await harness.server.next()).page('9');
    expect((await harness.server.next()).url.searchParams.get('timeoutSeconds')).toBe('599');
  });
});

describe('a loop with a version', () => {
  it('verifies it without searching, and watches from it without a list', async () => {
    harness = await WatchHarness.start({ resourceVersion: '40' });
    const watch = await harness.resume('50');
    expect(harness.server.seen).toEqual([
      'LIST /api/v1/configmaps limit=1',
      'WATCH /api/v1/configmaps resourceVersion=40',
    ]);
    watch.lines(change('MODIFIED', 'a', '41'));
    expect(await harness.calls.next()).toBe('changed [MODIFIED a@41] to 41');
    expect(harness.calls.waiting).toEqual([]);
    expect(harness.loop.status.context).toMatchObject({ syncedAt: 1_000_000, listedObjects: null });
  });

  it('lists when the cluster is younger than it: restored, or another one', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5000' });
    (await harness.server.next()).page('50');
    (await harness.server.next()).page('50', [configMap('a', '10')]);
    expect(await harness.calls.next()).toBe('listed [a@10] first+last at 50');
    expect(harness.said[0]).toBe(
      'info configmaps: The cluster is at version 50 and was at 5000 when it was last heard: it was restored, or is another one. Everything is listed again.',
    );
  });

  it('does not hand over again what the version includes, if the cluster sends it', async () => {
    harness = await WatchHarness.start({ resourceVersion: '40' });
    const watch = await harness.resume('50');
    watch.lines(change('ADDED', 'old', '39'), change('MODIFIED', 'a', '40'), change('ADDED', 'new', '41'));
    expect(await harness.calls.next()).toBe('changed [ADDED new@41] to 41');
    expect(harness.counts.duplicates).toBe(2);
  });
});

describe('a watch', () => {
  it('hands over all complete lines of a chunk at once, and what a chunk cuts with the next', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    const third = `${JSON.stringify(change('DELETED', 'a', '4'))}\n`;
    watch.write(
      `${JSON.stringify(change('ADDED', 'a', '2'))}\n${JSON.stringify(change('MODIFIED', 'a', '3'))}\n${third.slice(0, 25)}`,
    );
    expect(await harness.calls.next()).toBe('changed [ADDED a@2,MODIFIED a@3] to 3');
    watch.write(third.slice(25));
    expect(await harness.calls.next()).toBe('changed [DELETED a@4] to 4');
  });

  it('tells bookmarks alone, and counts them into changes that come with them', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    watch.lines(bookmark('5'));
    expect(await harness.calls.next()).toBe('bookmark 5');
    watch.lines(change('ADDED', 'a', '6'), bookmark('8'));
    expect(await harness.calls.next()).toBe('changed [ADDED a@6] to 8');
    watch.end();
    await harness.waitOut();
    (await harness.server.next()).page('9');
    expect((await harness.server.next()).summary).toBe('WATCH /api/v1/configmaps resourceVersion=8');
  });

  it('bounds what it hands over at once', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9999');
    const sizes: number[] = [];
    // Short lines, so that far more than one batch of them fits into a chunk of the socket.
    const line = (version: number): string =>
      `{"type":"ADDED","object":{"metadata":{"name":"n","uid":"u","resourceVersion":"${version}"}}}\n`;
    watch.write(Array.from({ length: 700 }, (_, index) => line(index + 2)).join(''));
    for (let call = ''; !call.endsWith('to 701');) {
      call = await harness.calls.next();
      sizes.push(call.split(',').length);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_BATCH);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(700);
  });

  it('reads nothing more while the consumer is busy, and takes its silence for no failure', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    let release = (): void => {};
    harness.onCall = () => new Promise((resolve) => (release = resolve));
    watch.lines(change('ADDED', 'a', '2'));
    expect(await harness.calls.next()).toBe('changed [ADDED a@2] to 2');
    watch.lines(change('ADDED', 'b', '3'));
    harness.clock.advance(1_000_000);
    expect(harness.loop.status).toMatchObject({ state: 'watching.settled', context: { resourceVersion: '1' } });
    expect(harness.calls.waiting).toEqual([]);
    harness.onCall = () => {};
    release();
    expect(await harness.calls.next()).toBe('changed [ADDED b@3] to 3');
  });

  it('is opened again at once, from the version reached, when it ends after a while', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    watch.lines(change('ADDED', 'a', '2'));
    await harness.calls.next();
    harness.clock.advance(SETTLED_AFTER);
    expect(harness.loop.status.state).toBe('watching.settled');
    watch.end();
    const again = await harness.server.next();
    expect(again.summary).toBe('WATCH /api/v1/configmaps resourceVersion=2');
    again.open().lines(change('ADDED', 'b', '3'));
    expect(await harness.calls.next()).toBe('changed [ADDED b@3] to 3');
    expect(harness.states).not.toContain('backingOff');
    expect(harness.said).toEqual([]);
  });
});

describe('stopping', () => {
  it('closes the watch, and hands over nothing more', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    await harness.loop.stop();
    await watch.closed();
    expect(harness.loop.status.state).toBe('stopped');
    expect(harness.clock.pending).toBe(0);
  });

  it('gives up a list that was asked for', async () => {
    harness = await WatchHarness.start();
    const list = await harness.server.next();
    await harness.loop.stop();
    await list.closed();
    expect(harness.calls.waiting).toEqual([]);
    expect(harness.said).toEqual([]);
  });

  it('waits for the consumer', async () => {
    harness = await WatchHarness.start({ resourceVersion: '1' });
    const watch = await harness.resume('9');
    let release = (): void => {};
    harness.onCall = () => new Promise((resolve) => (release = resolve));
    watch.lines(change('ADDED', 'a', '2'));
    await harness.calls.next();
    let stopped = false;
    const stopping = harness.loop.stop().then(() => (stopped = true));
    await watch.closed();
    expect(stopped).toBe(false);
    release();
    await stopping;
  });

  it('does not wait out a back-off', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).break();
    await harness.until('backingOff');
    await harness.loop.stop();
    expect(harness.clock.pending).toBe(0);
  });

  it('may come before the start', async () => {
    harness = await WatchHarness.unstarted();
    await harness.loop.stop();
    await harness.loop.start();
    expect(harness.loop.status.state).toBe('stopped');
    expect(harness.server.seen).toEqual([]);
  });
});

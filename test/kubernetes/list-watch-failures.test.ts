/** Owns the proof of the loop under failures: what is lost (nothing), what is waited for, what is said and how often. */
import { afterEach, describe, expect, it } from 'vitest';
import { SETTLED_AFTER } from '../../src/kubernetes/list-watch.js';
import type { WatchMessage } from '../../machines/watch/watch.types.js';
import { RetryableError } from '../../src/errors.js';
import { INACTIVITY_TIMEOUT } from '../../src/kubernetes/inactivity.js';
import { bookmark, change, configMap, errorLine, WatchHarness } from './watch-harness.js';

let harness: WatchHarness | undefined;
afterEach(() => harness?.close());

const status = (code: number, reason: string, message: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message,
});

describe('a version that the cluster has forgotten', () => {
  it.each([
    ['an ERROR line', 'line'],
    ['HTTP 410', 'status'],
  ])('is answered with a list when it comes as %s', async (_, how) => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    (await harness.server.next()).page('50');
    const watch = await harness.server.next();
    if (how === 'line')
      watch
        .open()
        .lines(errorLine(410, 'Expired', 'too old resource version: 5 (30)'))
        .end();
    else watch.json(status(410, 'Expired', 'too old resource version: 5 (30)'), 410);
    (await harness.server.next()).page('50', [configMap('a', '10')]);
    expect(await harness.calls.next()).toBe('listed [a@10] first+last at 50');
    expect((await harness.server.next()).summary).toBe('WATCH /api/v1/configmaps resourceVersion=50');
    expect(harness.said).toEqual([
      'info configmaps: The cluster has forgotten the version that was asked for (410: too old resource version: 5 (30)). Everything is listed again.',
      'info configmaps: listed, 1 objects.',
    ]);
    expect(harness.clock.now()).toBe(1_000_000);
  });

  it('is told after the changes that came before it', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    watch.lines(change('ADDED', 'a', '6'), errorLine(410, 'Expired', 'too old'), change('ADDED', 'never', '7'));
    expect(await harness.calls.next()).toBe('changed [ADDED a@6] to 6');
    (await harness.server.next()).page('50');
    expect(await harness.calls.next()).toBe('listed [] first+last at 50');
  });

  it('begins the list again, from its first page, when a continue token is too old', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).page('50', [configMap('a', '10')], 'token-1');
    (await harness.server.next()).json(status(410, 'Expired', 'the provided continue parameter is too old'), 410);
    const again = await harness.server.next();
    expect(again.summary).toBe('LIST /api/v1/configmaps limit=250');
    again.page('60', [configMap('b', '55')]);
    expect([await harness.calls.next(), await harness.calls.next()]).toEqual([
      'listed [a@10] first at 50',
      'listed [b@55] first+last at 60',
    ]);
  });

  it('is waited for, ever longer, when every list expires too', async () => {
    harness = await WatchHarness.start();
    harness.random = () => 0.999;
    const waits: number[] = [];
    for (let tries = 0; tries < 6; tries += 1) {
      (await harness.server.next()).page('50', [], 'token');
      (await harness.server.next()).json(status(410, 'Expired', 'too old'), 410);
      if (tries > 0) waits.push(await harness.waitOut());
    }
    expect(waits).toEqual([1000, 1999, 3997, 7993, 15_985]);
    expect(harness.said).toEqual([
      'info configmaps: The cluster has forgotten the version that was asked for (410: too old). Everything is listed again.',
      'warn configmaps: The cluster forgets resource versions faster than they can be used (410 again right after a new list). ecstate lists again, ever more slowly. If this lasts, look at how often etcd is compacted and how loaded the API server is. It is tried again until it works.',
    ]);
  });
});

describe('a failure', () => {
  it('of a page in the middle costs that page only', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).page('50', [configMap('a', '10')], 'token-1');
    (await harness.server.next()).json(status(503, 'ServiceUnavailable', 'the server is busy'), 503);
    expect(await harness.waitOut()).toBe(500);
    const again = await harness.server.next();
    expect(again.summary).toBe('LIST /api/v1/configmaps limit=250 continue=token-1');
    again.page('50', [configMap('b', '20')]);
    expect([await harness.calls.next(), await harness.calls.next()]).toEqual([
      'listed [a@10] first at 50',
      'listed [b@20] last at 50',
    ]);
  });

  it('that the watch tells of itself is waited out, and the watch resumed where it was', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    watch.lines(change('ADDED', 'a', '6'), errorLine(504, 'Timeout', 'etcd is slow')).end();
    expect(await harness.calls.next()).toBe('changed [ADDED a@6] to 6');
    await harness.waitOut();
    (await harness.server.next()).page('50');
    expect((await harness.server.next()).summary).toBe('WATCH /api/v1/configmaps resourceVersion=6');
    expect(harness.said).toEqual([
      `warn configmaps: The cluster at ${harness.server.url.origin} cannot answer for now (504: etcd is slow). If this lasts, look at the logs of the API server and of etcd. It is tried again until it works.`,
    ]);
  });

  it('in the middle of a line loses nothing and repeats nothing', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    const cut = JSON.stringify(change('ADDED', 'b', '7')).slice(0, 30);
    watch.write(`${JSON.stringify(change('ADDED', 'a', '6'))}\n${cut}`);
    expect(await harness.calls.next()).toBe('changed [ADDED a@6] to 6');
    watch.break();
    await harness.waitOut();
    const again = await harness.resume('50');
    again.lines(change('ADDED', 'b', '7'));
    expect(await harness.calls.next()).toBe('changed [ADDED b@7] to 7');
    await harness.reached('7');
    expect(harness.counts).toMatchObject({ changes: 2, failures: 1, watches: 2 });
    expect(harness.counts.malformed).toBeUndefined();
  });

  it('is logged once however often it is tried, and once more when it is over', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    harness.clock.advance(SETTLED_AFTER);
    watch.break();
    for (let tries = 0; tries < 4; tries += 1) {
      await harness.waitOut();
      (await harness.server.next()).json(status(500, 'InternalError', `try ${tries}`), 500);
      await harness.until('backingOff');
    }
    await harness.waitOut();
    await harness.resume('50');
    harness.clock.advance(SETTLED_AFTER);
    expect(harness.said).toEqual([
      `warn configmaps: The connection to ${harness.server.url.origin} failed (aborted). The API server may have restarted. It is tried again until it works.`,
      'info configmaps: works again, after 13 s.',
    ]);
    expect(harness.loop.status.context).toMatchObject({ attempt: 0, lastError: null });
  });

  it('of another kind is logged when the first gives way to it', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).json(status(500, 'InternalError', 'no'), 500);
    await harness.waitOut();
    (await harness.server.next()).json(status(401, 'Unauthorized', 'Unauthorized'), 401);
    await harness.waitOut();
    (await harness.server.next()).json(status(401, 'Unauthorized', 'Unauthorized'), 401);
    await harness.until('backingOff');
    expect(
      harness.logged.filter(({ level }) => level !== 'debug').map(({ level, fields }) => [level, fields['code']]),
    ).toEqual([
      ['warn', 'KUBERNETES_UNAVAILABLE'],
      ['error', 'KUBERNETES_UNAUTHORIZED'],
    ]);
  });

  it('says which right is missing', async () => {
    harness = await WatchHarness.start({ namespace: 'team-a' });
    (await harness.server.next()).page('50');
    (await harness.server.next()).json(status(403, 'Forbidden', 'configmaps is forbidden'), 403);
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toEqual({
      code: 'KUBERNETES_FORBIDDEN',
      since: 1_000_000,
      message:
        'The cluster does not allow ecstate to watch configmaps in the namespace "team-a" (403: configmaps is forbidden). Bind its account to a Role in the namespace "team-a" with the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["list","watch"]}.',
    });
  });

  it.each([
    ['seconds', '7', 7000],
    ['a date', new Date(1_009_000).toUTCString(), 9000],
  ])('waits as long as Retry-After says, in %s', async (_, header, wait) => {
    harness = await WatchHarness.start();
    (await harness.server.next()).json(status(429, 'TooManyRequests', 'slow down'), 429, { 'retry-after': header });
    expect(await harness.waitOut()).toBe(wait);
    expect((await harness.server.next()).summary).toBe('LIST /api/v1/configmaps limit=250');
  });

  it('of something that is no Kubernetes is said as such', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const login = await harness.server.next();
    login.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>');
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError?.message).toBe(
      `${harness.server.url.origin} answered /api/v1/configmaps with something that is not the Kubernetes API (200, text/html). Check the address of the server: it may be a login page or a proxy.`,
    );
    await harness.waitOut();
    (await harness.server.next()).page('50');
    const watch = await harness.server.next();
    watch.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>');
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toMatchObject({ code: 'KUBERNETES_PROTOCOL' });
  });

  it('of a list that is JSON and no list is said as such', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).json({ hello: 'world' });
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toMatchObject({ code: 'KUBERNETES_PROTOCOL' });
  });
});

describe('a watch that ends again and again', () => {
  it('is opened ever more slowly, until one lasts', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    harness.random = () => 0.999;
    (await harness.server.next()).page('50');
    const waits: number[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      (await harness.server.next()).open().end();
      waits.push(await harness.waitOut());
      (await harness.server.next()).page('50');
    }
    expect(waits).toEqual([1000, 1999, 3997, 7993]);
    const lasting = await harness.openWatch();
    harness.clock.advance(SETTLED_AFTER);
    lasting.end();
    expect((await harness.server.next()).summary).toBe('WATCH /api/v1/configmaps resourceVersion=5');
    expect(harness.said).toEqual([
      expect.stringMatching(/^warn configmaps: The cluster ends the watch as soon as it is open\./),
      'info configmaps: works again, after 25 s.',
    ]);
  });
});

describe('silence', () => {
  it('of a watch is taken for a dead connection: the version is verified, and the watch opened anew', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    watch.lines(change('ADDED', 'a', '6'));
    await harness.calls.next();
    await harness.reached('6');
    harness.clock.advance(INACTIVITY_TIMEOUT - 1);
    expect(harness.loop.status.state).toBe('watching.settled');
    harness.clock.advance(1);
    await watch.closed();
    const again = await harness.resume('50');
    expect(harness.server.seen.slice(-2)).toEqual([
      'LIST /api/v1/configmaps limit=1',
      'WATCH /api/v1/configmaps resourceVersion=6',
    ]);
    again.lines(change('ADDED', 'b', '7'));
    expect(await harness.calls.next()).toBe('changed [ADDED b@7] to 7');
    expect(harness.said).toEqual([]);
  });

  it('is broken by a bookmark', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    harness.clock.advance(60_000);
    watch.lines(bookmark('8'));
    await harness.reached('8');
    harness.clock.advance(60_000);
    expect(harness.loop.status.state).toBe('watching.settled');
    harness.clock.advance(30_000);
    await harness.until('verifying');
  });

  it('of a list is a failure', async () => {
    harness = await WatchHarness.start();
    const list = await harness.server.next();
    harness.clock.advance(INACTIVITY_TIMEOUT);
    await list.closed();
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toEqual({
      code: 'KUBERNETES_UNAVAILABLE',
      message: `${harness.server.url.origin} has not answered for 90 s. It may be overloaded or frozen, or the network drops its packets.`,
      since: 1_090_000,
    });
  });

  it('of a watch that is asked for is a failure', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).page('50');
    await harness.server.next();
    harness.clock.advance(INACTIVITY_TIMEOUT);
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toMatchObject({ code: 'KUBERNETES_UNAVAILABLE', since: 1_090_000 });
  });
});

describe('what cannot be decoded', () => {
  it('costs one line of a watch, is counted each time and logged once', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    const broken = '{"type":"ADDED","object":{"metadata":{"resourceVersion":"7",,,}}}\n';
    const lines = `${JSON.stringify(change('ADDED', 'a', '6'))}\n${broken}not json at all\n{"type":"WHAT"}\n${JSON.stringify(change('ADDED', 'b', '8'))}\n`;
    watch.write(lines);
    expect(await harness.calls.next()).toBe('changed [ADDED a@6,ADDED b@8] to 8');
    watch.write(broken + JSON.stringify(change('ADDED', 'c', '9')) + '\n');
    expect(await harness.calls.next()).toBe('changed [ADDED c@9] to 9');
    expect(harness.counts.malformed).toBe(4);
    const told = harness.logged.filter(({ level }) => level === 'error');
    expect(told.map(({ fields }) => fields['resourceVersion'])).toEqual(['7', undefined]);
    expect(told[0]?.message).toBe(
      'configmaps: an object could not be read and was left out. The others are not affected.',
    );
  });

  it('costs one object of a list, which is not taken for gone', async () => {
    harness = await WatchHarness.start();
    (await harness.server.next()).page('50', [
      configMap('a', '10'),
      configMap('bad', '11'),
      { nothing: true },
      null,
      configMap('b', '12'),
    ]);
    expect(await harness.calls.next()).toBe('listed [a@10,b@12] first+last at 50 undecoded uid-bad');
    expect(harness.counts.malformed).toBe(3);
    expect(harness.logged.filter(({ level }) => level === 'error').map(({ fields }) => fields['uid'])).toEqual([
      'uid-bad',
      undefined,
    ]);
  });

  it('ends a watch that is one endless line', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    for (let sent = 0; sent < 17; sent += 1) watch.write(mebibyte);
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toMatchObject({ code: 'KUBERNETES_PROTOCOL' });
  });
});

describe('a consumer that fails', () => {
  it('gets the same again, and the version does not move on without it', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    const watch = await harness.resume('50');
    harness.onCall = () => {
      throw new RetryableError('STORE_FAILED', 'the disk is full');
    };
    watch.lines(change('ADDED', 'a', '6'));
    await harness.until('backingOff');
    expect(harness.loop.status.context).toMatchObject({
      resourceVersion: '5',
      lastError: { code: 'STORE_FAILED', message: 'What came from the cluster could not be taken: the disk is full' },
    });
    harness.onCall = () => {};
    await harness.waitOut();
    const again = await harness.resume('50');
    again.lines(change('ADDED', 'a', '6'));
    await harness.reached('6');
    expect([await harness.calls.next(), await harness.calls.next()]).toEqual([
      'changed [ADDED a@6] to 6',
      'changed [ADDED a@6] to 6',
    ]);
  });

  it('by a fault of its own is named, with the exception in the log', async () => {
    harness = await WatchHarness.start();
    harness.onCall = () => {
      throw new TypeError('oops');
    };
    (await harness.server.next()).page('50');
    await harness.until('backingOff');
    expect(harness.loop.status.context.lastError).toMatchObject({ code: 'SINK_FAILED' });
    const [told] = harness.logged.filter(({ level }) => level === 'error');
    expect(told?.fields['err']).toMatchObject({ message: 'oops', cause: new TypeError('oops') });
  });
});

describe('a fault of the loop itself', () => {
  it('in the actor sets it aside, and begins anew with a list', async () => {
    harness = await WatchHarness.start({ resourceVersion: '5' });
    let draws = 0;
    harness.random = () => {
      // A number that throws when the machine computes with it; the type says number as the machine's own types do.
      const hostile = {
        valueOf: () => {
          throw new Error('hostile');
        },
      } as unknown as number;
      return (draws += 1) === 1 ? hostile : 0;
    };
    (await harness.server.next()).break();
    await harness.untilLogged('the watch broke');
    harness.clock.advance(30_000);
    const list = await harness.server.next();
    expect(list.summary).toBe('LIST /api/v1/configmaps limit=250');
    list.page('50');
    expect(await harness.calls.next()).toBe('listed [] first+last at 50');
  });

  it('in a listener does not reach the watch', async () => {
    harness = await WatchHarness.unstarted();
    const told: WatchMessage['type'][] = [];
    harness.loop.onTransition(() => {
      throw new Error('listener');
    });
    harness.loop.onTransition((_status, _before, message) => told.push(message.type));
    void harness.loop.start();
    (await harness.server.next()).page('50');
    await harness.openWatch();
    expect(told).toEqual(['START', 'PAGE_LISTED', 'WATCH_OPENED']);
  });
});

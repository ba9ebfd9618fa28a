/** The stream of transitions: what a reader gets, and what becomes of one that reads too slowly. */
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LAGGING_GRACE, MAX_BUFFERED_BYTES } from '../../src/http/event-stream.js';
import { HEARTBEAT_INTERVAL, MAX_READERS, RESUMABLE_TRANSITIONS } from '../../src/http/routes/transitions.js';
import type { TaskTransition } from '../../src/system/state.port.js';
import { CREATED, taskId } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';

const arn = (id: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/${taskId(id)}`;

const transition = (sequence: number, overrides: Partial<TaskTransition> = {}): TaskTransition => ({
  taskArn: arn('a'),
  from: 'PENDING',
  to: 'RUNNING',
  at: CREATED,
  cause: 'every container is ready',
  version: 2,
  sequence,
  ...overrides,
});

const frame = (sequence: number, taskArn = arn('a')): string =>
  `id: ${sequence}\nevent: transition\ndata: ${JSON.stringify({
    sequence,
    taskArn,
    from: 'PENDING',
    to: 'RUNNING',
    at: CREATED / 1000,
    cause: 'every container is ready',
    version: 2,
  })}\n\n`;

interface Reader {
  readonly response: IncomingMessage;
  /** Resolves once what was received so far satisfies the condition. */
  until(condition: (text: string) => boolean): Promise<string>;
  /** Everything, once the stream has ended. */
  ended(): Promise<string>;
}

/** A reader that takes what comes, unless it is told to begin `paused`. */
async function openStream(
  harness: Harness,
  query = '',
  options: { readonly paused?: boolean; readonly lastEventId?: string } = {},
): Promise<Reader> {
  const headers = options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId };
  const request = get(`${harness.url}/api/transitions${query}`, { agent: false, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  onTestFinished(() => void request.destroy());
  response.setEncoding('utf8');
  let text = '';
  if (options.paused !== true) response.on('data', (chunk: string) => (text += chunk));
  return {
    response,
    until: async (condition) => {
      while (!condition(text)) await once(response, 'data');
      return text;
    },
    ended: async () => {
      if (!response.readableEnded) await once(response, 'end');
      return text;
    },
  };
}

const HEAD = 'retry: 2000\n\n';

describe('GET /api/transitions', () => {
  test('sends each transition as one event, its sequence as the id', async () => {
    const harness = await startServer();
    const reader = await openStream(harness);
    expect(reader.response.statusCode).toBe(200);
    expect(reader.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    harness.state.emit(transition(7), transition(8));
    harness.state.emit(transition(9));
    const whole = HEAD + frame(7) + frame(8) + frame(9);
    expect(await reader.until((text) => text.length >= whole.length)).toBe(whole);
  });

  test('tells of first sight, and of words that hold line ends', async () => {
    const harness = await startServer();
    const reader = await openStream(harness);
    harness.state.emit(transition(1, { from: null, to: 'PROVISIONING', cause: 'a\nb\r\ndata: c' }));
    const text = await reader.until((received) => received.endsWith('}\n\n'));
    const data = text.split('\n').filter((line) => line.startsWith('data: '));
    expect(data).toHaveLength(1);
    expect(JSON.parse(data[0]?.slice('data: '.length) ?? '')).toMatchObject({
      from: null,
      to: 'PROVISIONING',
      cause: 'a\nb\r\ndata: c',
    });
  });

  test.each([
    ['a cluster', '?cluster=other', [3, 4]],
    ['a cluster by ARN', `?cluster=${encodeURIComponent('arn:aws:ecs:us-east-1:000000000000:cluster/other')}`, [3, 4]],
    [
      'a cluster of another region',
      `?cluster=${encodeURIComponent('arn:aws:ecs:eu-west-1:000000000000:cluster/other')}`,
      [],
    ],
    ['a task', `?task=${taskId('a')}`, [1, 3]],
    ['a task by ARN', `?task=${encodeURIComponent(arn('a'))}`, [1]],
    ['both', `?cluster=other&task=${taskId('b')}`, [4]],
    ['neither', '', [1, 2, 3, 4]],
  ])('can be narrowed to %s', async (_what, query, expected) => {
    const harness = await startServer();
    const reader = await openStream(harness, query);
    harness.state.emit(transition(1), transition(2, { taskArn: arn('b') }));
    harness.state.emit(transition(3, { taskArn: arn('a', 'other') }), transition(4, { taskArn: arn('b', 'other') }));
    // What every reader gets, after all else.
    harness.clock.advance(HEARTBEAT_INTERVAL);
    const text = await reader.until((received) => received.includes(': heartbeat'));
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))).toEqual(expected);
  });

  test('refuses a filter without a value', async () => {
    const { request } = await startServer();
    for (const query of ['?cluster=', '?task=', '?cluster=a&task=']) {
      const { status, json } = await request(`/api/transitions${query}`);
      expect({ status, json }).toMatchObject({ status: 400, json: { __type: 'BadRequest' } });
    }
  });

  test('beats while it is quiet, for as long as somebody reads', async () => {
    const harness = await startServer();
    const reader = await openStream(harness);
    const beats = (count: number) => (text: string) => text === HEAD + ': heartbeat\n\n'.repeat(count);
    harness.clock.advance(HEARTBEAT_INTERVAL - 1);
    harness.clock.advance(1);
    await reader.until(beats(1));
    harness.clock.advance(HEARTBEAT_INTERVAL);
    await reader.until(beats(2));
  });

  test('listens to the state once for all readers, and beats for none', async () => {
    const harness = await startServer();
    const streams = async () => (await harness.request('/metrics')).text.match(/^ecstate_http_streams (\d+)$/m)?.[1];
    const one = await openStream(harness);
    const two = await openStream(harness);
    expect(harness.state.listeners).toBe(1);
    expect(await streams()).toBe('2');
    harness.state.emit(transition(1));
    await one.until((text) => text === HEAD + frame(1));
    await two.until((text) => text === HEAD + frame(1));

    one.response.destroy();
    two.response.destroy();
    await expect.poll(() => harness.clock.pending, { interval: 5, timeout: 10_000 }).toBe(0);
    expect(await streams()).toBe('0');

    const again = await openStream(harness);
    harness.state.emit(transition(2));
    await again.until((text) => text === HEAD + frame(2));
  });

  test('serves so many readers and no more, without a warning', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const harness = await startServer();
    const readers = await Promise.all(Array.from({ length: MAX_READERS }, () => openStream(harness)));
    const { status, json } = await harness.request('/api/transitions');
    expect({ status, json }).toEqual({
      status: 429,
      json: {
        __type: 'TooManyStreams',
        message: `${MAX_READERS} streams are open, the most that ecstate serves at once.`,
      },
    });
    harness.state.emit(transition(1));
    await Promise.all(readers.map((reader) => reader.until((text) => text === HEAD + frame(1))));
    expect(warnings).toEqual([]);
  });
});

describe('a reader that comes again', () => {
  const gap = (after: number): string => `event: gap\ndata: {"after":${after}}\n\n`;

  /** What a reader gets before the first heartbeat. */
  async function received(harness: Harness, lastEventId: string, query = ''): Promise<string> {
    const reader = await openStream(harness, query, { lastEventId });
    harness.clock.advance(HEARTBEAT_INTERVAL);
    const text = await reader.until((all) => all.endsWith(': heartbeat\n\n'));
    reader.response.destroy();
    return text.slice(HEAD.length, -': heartbeat\n\n'.length);
  }

  test('first gets what it missed, of what it wants, and then what comes', async () => {
    const harness = await startServer();
    harness.state.emit(transition(5), transition(6, { taskArn: arn('b') }));
    harness.state.emit(transition(7));
    const reader = await openStream(harness, '', { lastEventId: '5' });
    harness.state.emit(transition(8));
    const whole = HEAD + frame(6, arn('b')) + frame(7) + frame(8);
    expect(await reader.until((text) => text.length >= whole.length)).toBe(whole);
    expect(await received(harness, '5', `?task=${taskId('b')}`)).toBe(frame(6, arn('b')));
    expect(await received(harness, '4', `?task=${taskId('b')}`)).toBe(frame(6, arn('b')));
    expect(await received(harness, '8')).toBe('');
    expect(await received(harness, '')).toBe('');
  });

  test('is told where what it missed is not known', async () => {
    const harness = await startServer();
    expect(await received(harness, '0')).toBe(gap(0));
    harness.state.emit(transition(5), transition(6));
    expect(await received(harness, '3')).toBe(gap(3) + frame(5) + frame(6));
    // From another store, whose count went further.
    expect(await received(harness, '7')).toBe(gap(7));
  });

  test('can resume so far back and no further', async () => {
    const harness = await startServer();
    const last = RESUMABLE_TRANSITIONS + 10;
    harness.state.emit(...Array.from({ length: last }, (_, index) => transition(index + 1)));
    const ids = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    const first = last - RESUMABLE_TRANSITIONS + 1;
    const whole = await received(harness, String(first - 1));
    expect(whole.startsWith('id: ')).toBe(true);
    expect(ids(whole)).toEqual(Array.from({ length: RESUMABLE_TRANSITIONS }, (_, index) => first + index));
    expect((await received(harness, String(first - 2))).startsWith(gap(first - 2) + frame(first))).toBe(true);
  });

  test('is refused with an id that was never sent', async () => {
    const { request } = await startServer();
    for (const id of ['x', '-1', '1.5', '9'.repeat(16)]) {
      const { status, json } = await request('/api/transitions', { headers: { 'last-event-id': id } });
      expect({ status, json }).toMatchObject({ status: 400, json: { __type: 'BadRequest' } });
    }
  });
});

describe('a reader that is too slow', () => {
  /** As much as a turn may bring at once. */
  const burst = Array.from({ length: 2_000 }, (_, index) => transition(index, { cause: 'x'.repeat(500) }));

  /** Emits until the reader is sent away; returns how many bursts that took. */
  async function overwhelm(harness: Harness): Promise<number> {
    const pending = harness.clock.pending;
    for (let bursts = 1; ; bursts += 1) {
      harness.state.emit(...burst);
      // The heartbeat's timer is there already; the one that comes is the grace of the reader that was sent away.
      if (harness.clock.pending > pending) return bursts;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('is told so by its last event, and hurts no other', async () => {
    const harness = await startServer();
    const slow = await openStream(harness, '', { paused: true });
    const narrow = await openStream(harness, '?task=none');
    expect(await overwhelm(harness)).toBeGreaterThan(1);
    harness.state.emit(transition(99_999));

    let text = '';
    slow.response.on('data', (chunk: string) => (text += chunk));
    await once(slow.response, 'end');
    expect(text.endsWith('\n\nevent: lagging\ndata: {"reason":"the stream was read too slowly"}\n\n')).toBe(true);
    expect(text).not.toContain('id: 99999');
    // Whatever was sent before is whole.
    expect(text.split('\n\n').filter((each) => each.startsWith('id: '))).not.toHaveLength(0);
    expect(text.split('\n\n').filter((each) => each.startsWith('id: ')).length % burst.length).toBe(0);

    // The heartbeat's timer alone is left: nothing waits for a reader that is gone.
    await expect.poll(() => harness.clock.pending, { interval: 5, timeout: 10_000 }).toBe(1);
    harness.clock.advance(HEARTBEAT_INTERVAL);
    await narrow.until((received) => received === `${HEAD}: heartbeat\n\n`);
  });

  test('is disconnected when it does not read on', async () => {
    const harness = await startServer();
    const slow = await openStream(harness, '', { paused: true });
    await overwhelm(harness);
    const gone = once(slow.response, 'error');
    harness.clock.advance(LAGGING_GRACE);
    // What lies in the socket must be taken for its end to be seen.
    slow.response.resume();
    expect(await gone).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
    expect(harness.clock.pending).toBe(0);
  });

  test('may be behind by a bounded number of bytes', () => {
    expect(MAX_BUFFERED_BYTES).toBe(1_048_576);
  });
});

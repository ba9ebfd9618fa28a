/** Owns the proof of requests over plain HTTP: what is sent, how answers are read, and how long anything may take. */
import { getEventListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authentication, Credentials } from '../../src/kubernetes/authentication.js';
import { Connection, REQUEST_TIMEOUT } from '../../src/kubernetes/connection.js';
import { ManualClock } from '../../src/system/clock.js';
import { Queue } from './queue.js';
import { ScriptedServer } from './scripted-server.js';

/** Tells when a timer is armed, so that a test can move the clock once somebody waits. */
class TellingClock extends ManualClock {
  readonly armed = new Queue<number>();

  override setTimeout(callback: () => void, delay: number): object {
    this.armed.push(delay);
    return super.setTimeout(callback, delay);
  }
}

let server: ScriptedServer;
let clock: TellingClock;
let connection: Connection;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new TellingClock();
  connection = new Connection({ server: server.url, clock });
});
afterEach(async () => {
  connection.close();
  await server.close();
});

/** Hands out `first` until it is told that this is not accepted. */
class Tokens implements Authentication {
  readonly description = 'the test token';
  readonly rejected: Credentials[] = [];
  readonly #tokens: string[];

  constructor(...tokens: string[]) {
    this.#tokens = tokens;
  }

  credentials(): Promise<Credentials> {
    return Promise.resolve({ headers: { authorization: `Bearer ${this.#tokens[0]}` }, tls: {} });
  }

  refresh(rejected: Credentials): Promise<boolean> {
    this.rejected.push(rejected);
    return Promise.resolve(this.#tokens.length > 1 && this.#tokens.shift() !== undefined);
  }
}

describe('a request', () => {
  it('carries its query, encoded, and the usual headers', async () => {
    const answer = connection.json('GET', '/api/v1/pods', {
      query: { labelSelector: 'a in (b,c)', limit: 5, watch: false, continue: undefined },
    });
    const { request, ...exchange } = await server.next();
    expect(request.method).toBe('GET');
    expect(request.url).toBe('/api/v1/pods?labelSelector=a+in+%28b%2Cc%29&limit=5&watch=false');
    expect(request.headers).toMatchObject({
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'ecstate',
      connection: 'keep-alive',
    });
    expect(request.headers.authorization).toBeUndefined();
    exchange.response.end('{"a":1}');
    expect(await answer).toEqual({ a: 1 });
  });

  it('carries a body, as JSON or as what its headers say', async () => {
    const answer = connection.json('PATCH', '/api/v1/pods/a', {
      body: { name: 'zürich' },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const exchange = await server.next();
    expect([exchange.request.method, exchange.body]).toEqual(['PATCH', '{"name":"zürich"}']);
    expect(exchange.request.headers).toMatchObject({
      'content-type': 'application/merge-patch+json',
      'content-length': '18',
    });
    exchange.json({ ok: true });
    expect(await answer).toEqual({ ok: true });
  });

  it('goes below the path of the server', async () => {
    const below = new Connection({ server: new URL('/k8s/clusters/c-1/', server.url), clock });
    const answer = below.json('GET', '/version');
    const exchange = await server.next();
    expect(exchange.request.url).toBe('/k8s/clusters/c-1/version');
    exchange.json({});
    await answer;
    below.close();
  });

  it('uses the connection of the one before', async () => {
    for (let count = 0; count < 10; count += 1) {
      const answer = connection.json('GET', '/version');
      (await server.next()).json({});
      await answer;
    }
    expect(server.connections).toBe(1);
  });

  it('is sent again on a new connection when the old one was closed meanwhile', async () => {
    const first = connection.json('GET', '/version');
    (await server.next()).json({ try: 1 });
    await first;
    const second = connection.json('GET', '/version');
    (await server.next()).break();
    (await server.next()).json({ try: 2 });
    expect(await second).toEqual({ try: 2 });
  });

  it('is not sent again when it would change something', async () => {
    const first = connection.json('GET', '/version');
    (await server.next()).json({});
    await first;
    const second = connection.json('POST', '/api/v1/pods', { body: {} });
    (await server.next()).break();
    await expect(second).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE' });
    expect(server.seen).toEqual(['GET /version', 'POST /api/v1/pods']);
  });

  it('is given up when nothing answers', async () => {
    const answer = connection.json('GET', '/version');
    const exchange = await server.next();
    clock.advance(REQUEST_TIMEOUT);
    await expect(answer).rejects.toThrow(`${server.url.origin} has not answered for 30 s.`);
    await exchange.closed();
  });

  it('is given up when the answer does not end', async () => {
    const answer = connection.json('GET', '/version', { timeout: 7000 });
    const exchange = await server.next();
    expect(await clock.armed.next()).toBe(7000);
    exchange.write('{');
    expect(await clock.armed.next()).toBe(7000);
    clock.advance(7000);
    await expect(answer).rejects.toThrow('has not answered for 7 s.');
    await exchange.closed();
  });

  it('leaves no timer behind', async () => {
    const answer = connection.json('GET', '/version');
    (await server.next()).json({});
    await answer;
    expect(clock.pending).toBe(0);
  });

  it('ends when its caller gives up', async () => {
    const abort = new AbortController();
    const answer = connection.json('GET', '/version', { signal: abort.signal });
    const exchange = await server.next();
    abort.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await exchange.closed();
  });

  it('leaves nothing at the signal of a caller who asks for years', async () => {
    const { signal } = new AbortController();
    for (const status of [200, 500]) {
      const answer = connection.json('GET', '/version', { signal }).catch(() => undefined);
      (await server.next()).json({}, status);
      await answer;
    }
    const broken = connection.json('POST', '/version', { signal }).catch(() => undefined);
    (await server.next()).break();
    await broken;
    await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is not made for a caller who has given up already', async () => {
    const signal = AbortSignal.abort();
    await expect(connection.json('GET', '/version', { signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.seen).toEqual([]);
  });

  it('fails plainly where nobody listens', async () => {
    await server.close();
    await expect(connection.json('GET', '/version')).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'KUBERNETES_UNAVAILABLE',
      message: expect.stringContaining(`Nothing answers at ${server.url.origin}`),
    });
  });
});

describe('an answer', () => {
  it('is unpacked when it is compressed', async () => {
    const value = { text: 'x'.repeat(100_000) };
    const answer = connection.json('GET', '/api/v1/pods');
    const { response } = await server.next();
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(value)));
    expect(await answer).toEqual(value);
  });

  it('that is compressed and breaks off is a failure', async () => {
    const answer = connection.json('GET', '/api/v1/pods');
    const exchange = await server.next();
    const packed = gzipSync(JSON.stringify({ text: 'x'.repeat(100_000) }));
    exchange.response
      .writeHead(200, { 'content-encoding': 'gzip' })
      .write(packed.subarray(0, 20), () => exchange.break());
    await expect(answer).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE' });
  });

  it('that is no gzip although it says so is a failure', async () => {
    const answer = connection.json('GET', '/api/v1/pods');
    (await server.next()).response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain');
    await expect(answer).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE' });
  });

  it('that is no JSON is no Kubernetes', async () => {
    const answer = connection.json('GET', '/version');
    (await server.next()).response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    await expect(answer).rejects.toMatchObject({
      name: 'FatalError',
      code: 'KUBERNETES_PROTOCOL',
      message: `${server.url.origin} answered /version with something that is not the Kubernetes API (200, text/html). Check the address of the server: it may be a login page or a proxy.`,
    });
  });

  it('of any status is given as it is to whoever wants it', async () => {
    const answer = connection.request('GET', '/readyz');
    (await server.next()).json({ down: true }, 500, { 'x-some': 'header' });
    const { status, headers, body } = await answer;
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect([status, headers['x-some'], Buffer.concat(chunks).toString()]).toEqual([500, 'header', '{"down":true}']);
  });

  it('that refuses is an error, however long its page', async () => {
    const answer = connection.json('GET', '/version');
    (await server.next()).response.writeHead(500).end('x'.repeat(1_000_000));
    await expect(answer).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      message: expect.stringContaining(`(500: ${'x'.repeat(200)})`),
    });
  });
});

describe('credentials', () => {
  it('are sent, and asked for again when they are not accepted', async () => {
    const authentication = new Tokens('old', 'new');
    connection = new Connection({ server: server.url, clock, authentication });
    const answer = connection.json('GET', '/version');
    const first = await server.next();
    expect(first.request.headers.authorization).toBe('Bearer old');
    first.json({}, 401);
    const second = await server.next();
    expect(second.request.headers.authorization).toBe('Bearer new');
    second.json({ ok: true });
    expect(await answer).toEqual({ ok: true });
    expect(authentication.rejected.map(({ headers }) => headers)).toEqual([{ authorization: 'Bearer old' }]);
  });

  it('that are refused twice are refused', async () => {
    connection = new Connection({ server: server.url, clock, authentication: new Tokens('old', 'new', 'newer') });
    const answer = connection.json('GET', '/version');
    (await server.next()).json({}, 401);
    (await server.next()).json({}, 401);
    await expect(answer).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'KUBERNETES_UNAUTHORIZED',
      message: expect.stringContaining('does not accept the test token (401)'),
    });
  });

  it('that cannot be renewed are tried once', async () => {
    connection = new Connection({ server: server.url, clock, authentication: new Tokens('only') });
    const answer = connection.json('GET', '/version');
    (await server.next()).json({}, 401);
    await expect(answer).rejects.toMatchObject({ code: 'KUBERNETES_UNAUTHORIZED' });
    expect(server.seen).toEqual(['GET /version']);
  });
});

/** The server's life: where it listens, how it stops, and what it does to connections that give it nothing to do. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { sendText } from '../../src/http/exchange.js';
import type { Exchange } from '../../src/http/exchange.js';
import { HTTP_LIMITS } from '../../src/http/server.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';

/** A connection that collects what it is sent. */
async function open(harness: Harness, bytes = ''): Promise<{ socket: Socket; closed: Promise<string> }> {
  const { hostname, port } = new URL(harness.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (received += text));
  const closed = once(socket, 'close').then(() => received);
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, closed };
}

/** A fallback that answers when it is told to. */
function held() {
  const exchanges: Exchange[] = [];
  let arrived: () => void = () => undefined;
  return {
    fallback: (exchange: Exchange) => {
      exchanges.push(exchange);
      arrived();
    },
    arrival: () =>
      new Promise<void>((resolve) => {
        if (exchanges.length > 0) resolve();
        arrived = resolve;
      }),
    answer: () => {
      for (const exchange of exchanges) sendText(exchange, 200, 'late');
    },
  };
}

describe('start', () => {
  test('listens where it is told to, and says where', async () => {
    const { url, request } = await startServer();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect((await request('/livez')).status).toBe(200);
  });

  test('writes an address of IPv6 as URLs have it', async () => {
    const { url, request } = await startServer({ listen: { host: '::1', port: 0 } });
    expect(url).toMatch(/^http:\/\/\[::1\]:[1-9]\d*$/);
    expect((await request('/livez')).status).toBe(200);
  });

  test('says what to do when the port is taken', async () => {
    const first = await startServer();
    const port = Number(new URL(first.url).port);
    const error: unknown = await startServer({ listen: { host: '127.0.0.1', port } }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'LISTEN_FAILED',
      message: `Cannot listen on 127.0.0.1:${port}: another process listens there. Choose another address with --listen <host>:<port>.`,
    });
  });

  test('says what to do when the address is not of this machine', async () => {
    await expect(startServer({ listen: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message:
        'Cannot listen on 192.0.2.1:0: this machine does not have that address. Choose another address with --listen <host>:<port>.',
    });
  });
});

describe('stop', () => {
  test('accepts no more, and lets go of connections without a request', async () => {
    const harness = await startServer();
    const silent = await open(harness);
    const idle = await open(harness, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(idle.socket, 'data');
    await harness.server.stop(60_000);
    expect(await silent.closed).toBe('');
    expect(await idle.closed).toMatch(/ok$/);
    await expect(fetch(`${harness.url}/livez`)).rejects.toThrow('fetch failed');
    expect(harness.clock.pending).toBe(0);
    expect(() => harness.server.url).toThrow('no address');
  });

  test('lets the requests in flight be answered, and then closes', async () => {
    const hold = held();
    const harness = await startServer({ fallback: hold.fallback });
    const inFlight = await open(harness, 'GET /wait HTTP/1.1\r\nHost: a\r\n\r\n');
    await hold.arrival();
    const stopped = harness.server.stop(60_000);
    harness.clock.advance(59_999);
    hold.answer();
    await stopped;
    const text = await inFlight.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    expect(text).toMatch(/\r\n\r\nlate$/);
  });

  test('breaks what is not answered in time', async () => {
    const hold = held();
    const harness = await startServer({ fallback: hold.fallback });
    const inFlight = await open(harness, 'GET /wait HTTP/1.1\r\nHost: a\r\n\r\n');
    await hold.arrival();
    let over = false;
    const stopped = harness.server.stop(1_000).then(() => (over = true));
    harness.clock.advance(999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    harness.clock.advance(1);
    await stopped;
    expect(await inFlight.closed).toBe('');
  });

  test('ends streams', async () => {
    const harness = await startServer();
    const reader = await open(harness, 'GET /api/transitions HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(reader.socket, 'data');
    await harness.server.stop(60_000);
    // The last chunk: the stream ended, it did not break.
    expect(await reader.closed).toMatch(/\r\n0\r\n\r\n$/);
  });

  test('ends also a stream whose request was half there', async () => {
    const harness = await startServer();
    const reader = await open(
      harness,
      'GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /api/transitions HTTP/1.1\r\nHost: a\r\n',
    );
    await once(reader.socket, 'data');
    const stopped = harness.server.stop(60_000);
    reader.socket.write('\r\n');
    await stopped;
    expect(await reader.closed).toMatch(/text\/event-stream.*\r\n0\r\n\r\n$/s);
  });

  test('may be asked for twice, and without a start', async () => {
    const { server } = await startServer();
    await Promise.all([server.stop(0), server.stop(0)]);
    await server.stop(0);
  });
});

describe('a connection', () => {
  const quick = { headersTimeout: 50, requestTimeout: 100, checkInterval: 10 };

  test('that sends no request, or no end of its headers, is closed', async () => {
    const harness = await startServer({ limits: quick });
    const [silent, slow] = await Promise.all([
      open(harness),
      open(harness, 'GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: '),
    ]);
    const refusal =
      /^HTTP\/1\.1 408 Request Timeout\r\n.*\r\n\r\n\{"__type":"RequestTimeout","message":"The request did not arrive in time\."\}$/s;
    expect(await slow.closed).toMatch(refusal);
    expect(await silent.closed).toMatch(refusal);
  });

  test('that sends no end of its body is closed', async () => {
    const harness = await startServer({ limits: quick });
    const slow = await open(
      harness,
      'POST /v1/ListTasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"cluster":',
    );
    expect(await slow.closed).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  test('that is left in the middle of a body is forgotten', async () => {
    const harness = await startServer();
    const left = await open(
      harness,
      'POST /v1/ListTasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"cluster":',
    );
    await harness.request('/livez');
    left.socket.destroy();
    await expect
      .poll(async () => (await harness.request('/metrics')).text, { interval: 5, timeout: 10_000 })
      .toContain('ecstate_http_requests_total{operation="ListTasks",status="aborted"} 1');
    expect(harness.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('that speaks no HTTP is told so', async () => {
    const { raw } = await startServer();
    const refusal =
      /^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\n\{"__type":"BadRequest","message":"This is not a well-formed HTTP request\."\}$/s;
    for (const bytes of [
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      'hello\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\nA : b\r\n\r\n',
    ]) {
      expect(await raw(bytes)).toMatch(refusal);
    }
  });

  test('with too large a head is told so', async () => {
    const { raw } = await startServer();
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(HTTP_LIMITS.maxHeaderSize)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n.*"__type":"RequestHeaderFieldsTooLarge"/s,
    );
  });

  test('needs no Host, and may expect anything', async () => {
    const { raw } = await startServer();
    expect(await raw('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await raw('GET /livez HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n/,
    );
  });

  test('is one of a limited number', async () => {
    const harness = await startServer({ limits: { maxConnections: 2 } });
    await Promise.all([open(harness), open(harness)]);
    await harness.request('/livez').then(
      () => expect.fail('a third connection was served'),
      () => undefined,
    );
  });

  test('is given time that fits together', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = HTTP_LIMITS;
    expect(headersTimeout).toBeLessThan(requestTimeout);
    expect(keepAliveTimeout).toBeGreaterThan(60_000);
  });
});

/** What the people and machines that run ecstate ask it, and how the routing table answers what is not in it. */
import { describe, expect, test } from 'vitest';
import { pathParameter, sendText } from '../../src/http/exchange.js';
import type { Handler } from '../../src/http/exchange.js';
import type { Readiness } from '../../src/http/routes/operations.js';
import { TARGET, startServer } from './harness.js';

describe('GET /livez', () => {
  test('is ok as long as anything is answered, ready or not', async () => {
    const { request } = await startServer({ readiness: () => ({ ready: false }) });
    const { status, text } = await request('/livez');
    expect({ status, text }).toEqual({ status: 200, text: 'ok' });
  });
});

describe('GET /readyz', () => {
  test('says whether it is ready, and what it waits for', async () => {
    let readiness: Readiness = { ready: false, reason: 'pods are being listed', details: { pods: 'listing' } };
    const { request } = await startServer({ readiness: () => readiness });
    const before = await request('/readyz');
    expect(before.status).toBe(503);
    expect(before.json).toEqual({ ready: false, reason: 'pods are being listed', details: { pods: 'listing' } });
    expect(before.headers.get('cache-control')).toBe('no-store');
    readiness = { ready: true };
    const after = await request('/readyz');
    expect(after.status).toBe(200);
    expect(after.json).toEqual({ ready: true });
  });
});

describe('GET /metrics', () => {
  test('counts every request by operation and status, under names from a fixed set', async () => {
    const { request, call } = await startServer();
    await call('ListClusters', {});
    await call('ListClusters', {});
    await call('ListTasks', {});
    await call('RunTask', {});
    await call('LaunchRocket', {});
    await request('/nowhere');
    await request('/livez', { method: 'DELETE' });
    const { text, headers } = await request('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.match(/^ecstate_http_requests_total\{.*$/gm)?.toSorted()).toEqual([
      'ecstate_http_requests_total{operation="ListClusters",status="200"} 2',
      'ecstate_http_requests_total{operation="ListTasks",status="400"} 1',
      'ecstate_http_requests_total{operation="RunTask",status="400"} 1',
      'ecstate_http_requests_total{operation="UnknownOperation",status="400"} 1',
      'ecstate_http_requests_total{operation="none",status="404"} 1',
      'ecstate_http_requests_total{operation="none",status="405"} 1',
    ]);
    expect(text).toContain('ecstate_http_request_duration_seconds_count{operation="ListClusters"} 2');
  });
});

describe('GET /', () => {
  test('says what this is, and lists every route', async () => {
    const { request } = await startServer();
    const { text, status } = await request('/');
    expect(status).toBe(200);
    expect(text).toBe(`ecstate: the state of Amazon ECS tasks that KECS runs on Kubernetes, served as the ECS API.

  GET  /                                     this page
  POST /                                     the ECS API (AWS JSON 1.1, X-Amz-Target)
  POST /v1/{operation}                       the same, without that header
  GET  /api/tasks/{id or ARN}/history        every transition of a task, with its cause
  GET  /api/services/{name or ARN}/history   every change of a service and its deployments, with its cause
  GET  /api/transitions                      transitions as they happen (server-sent events; ?cluster= and ?task= narrow them)
  GET  /livez                                whether the process answers
  GET  /readyz                               whether the state is loaded and in step with the cluster, and if not, why
  GET  /metrics                              metrics in the format of Prometheus
`);
  });
});

describe('what is not in the routing table', () => {
  test('is not found', async () => {
    const { request } = await startServer();
    for (const path of ['/nowhere', '/livez/', '/LIVEZ', '/v1/', '/v1/a/b', '//', '/api/tasks//history']) {
      const { status, json } = await request(path, { method: 'POST' });
      expect({ path, status, json }).toEqual({
        path,
        status: 404,
        json: { __type: 'NotFound', message: `Nothing is served at ${path}. GET / lists what is.` },
      });
    }
  });

  test.each([
    ['DELETE', '/', 'GET, HEAD, POST'],
    ['PUT', '/v1/ListTasks', 'POST'],
    ['GET', '/v1/ListTasks', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/metrics', 'GET, HEAD'],
    ['HEAD', '/api/transitions', 'GET'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const { request } = await startServer();
    const { status, headers, json } = await request(path, { method });
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow });
    if (method !== 'HEAD') expect(json).toMatchObject({ __type: 'MethodNotAllowed' });
  });

  test('HEAD is GET without the body', async () => {
    const { request } = await startServer();
    const { status, headers, text } = await request('/livez', { method: 'HEAD' });
    expect({ status, length: headers.get('content-length'), text }).toEqual({ status: 200, length: '2', text: '' });
  });

  test('a query is no part of the path, and an absolute target is its path', async () => {
    const { request, raw } = await startServer();
    expect((await request('/livez?verbose=1')).text).toBe('ok');
    expect(await raw('GET http://ecstate.test/livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n/,
    );
    expect(await raw('OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
    expect(
      await raw('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('what is added to the routing table', () => {
  test('answers beside what is there', async () => {
    const { request } = await startServer({
      routes: [
        {
          method: 'GET',
          path: '/inspect/{file}',
          pattern: /^\/inspect\/(?<file>.+)$/,
          summary: 'the inspector',
          operation: 'inspect',
          handle: (exchange) => sendText(exchange, 200, pathParameter(exchange, 'file')),
        },
        {
          method: 'GET',
          path: '/livez',
          summary: 'in vain',
          operation: 'x',
          handle: (exchange) => sendText(exchange, 200, 'taken'),
        },
      ],
    });
    expect((await request('/inspect/a%20b/c.js')).text).toBe('a b/c.js');
    expect((await request('/livez')).text).toBe('ok');
    expect((await request('/')).text).toContain('/inspect/{file}                       the inspector');
  });

  test('an operation is answered with what it returns', async () => {
    const { call } = await startServer({ operations: { ListServicesByNamespace: () => ({ serviceArns: [] }) } });
    expect((await call('ListServicesByNamespace', {})).text).toBe('{"serviceArns":[]}');
  });

  test('whoever answers everything else has the request as it was sent, its body unread', async () => {
    const echo =
      (name: string): Handler =>
      async (exchange) => {
        const chunks: Buffer[] = [];
        for await (const chunk of exchange.request) chunks.push(Buffer.from(chunk));
        sendText(
          exchange,
          200,
          `${name} ${exchange.request.method} ${exchange.request.url} ${Buffer.concat(chunks).toString('hex')}`,
        );
      };
    const { request, call } = await startServer({ fallback: echo('fallback'), otherOperations: echo('other') });
    const body = Uint8Array.of(0xff, 0x00, 0x7b);
    expect((await request('/a/../b?c=%zz', { method: 'PUT', body })).text).toBe('fallback PUT /b?c=%zz ff007b');
    expect((await call('RunTask', body)).text).toBe('other POST / ff007b');
    expect((await call('LaunchRocket', body)).json).toMatchObject({ __type: 'UnknownOperationException' });
    expect(
      (await request('/v1/RunTask', { method: 'POST', body, headers: { 'x-amz-target': `${TARGET}.ListTasks` } })).text,
    ).toBe('other POST /v1/RunTask ff007b');
  });

  test('a handler that fails half-way breaks the connection rather than end the answer as if it were whole', async () => {
    const { request, logged } = await startServer({
      fallback: ({ response }) => {
        response.write('half of ');
        throw new Error('no more');
      },
    });
    await expect(request('/half')).rejects.toThrow(/terminated|fetch failed/);
    expect(logged).toContainEqual({
      level: 'error',
      fields: { requestId: expect.any(String), operation: 'none', err: new Error('no more') },
      message: 'a request failed',
    });
  });
});

/**
 * Owns a server under test: on a free port, over a fake state and a clock that stands still, with the official client and plain HTTP to ask it.
 */
import { connect } from 'node:net';
import { ECSClient } from '@aws-sdk/client-ecs';
import { onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/server.js';
import type { HttpServer, HttpServerOptions } from '../../src/http/server.js';
import { ManualClock } from '../../src/system/clock.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import type { Metrics } from '../../src/telemetry/metrics.js';
import { HERE, fakeState } from './fake-state.js';
import type { FakeState } from './fake-state.js';

export const TARGET = 'AmazonEC2ContainerServiceV20141113';

interface Logged {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** An answer with its body as text, and as JSON where it is. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export interface Harness {
  readonly server: HttpServer;
  readonly url: string;
  readonly state: FakeState;
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  readonly logged: readonly Logged[];
  readonly client: ECSClient;
  request(path: string, init?: RequestInit): Promise<Answer>;
  /** An operation of the ECS API with this body: a value as JSON, or bytes as they are. */
  call(operation: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Everything that the server sends to these bytes until it closes the connection. */
  raw(bytes: string): Promise<string>;
}

/** A server that is stopped when the test is over. */
export async function startServer(
  options: Partial<HttpServerOptions> & { readonly state?: FakeState } = {},
): Promise<Harness> {
  const state = options.state ?? fakeState();
  const clock = new ManualClock();
  const metrics = createMetrics({ processMetrics: false });
  const logged: Logged[] = [];
  const log = (level: string) => (fields: Logged['fields'], message: string) =>
    void logged.push({ level, fields, message });
  const server = createHttpServer({
    ...HERE,
    clock,
    metrics,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    listen: { host: '127.0.0.1', port: 0 },
    readiness: () => ({ ready: true }),
    ...options,
    state,
  });
  await server.start();
  const { url } = server;
  const client = new ECSClient({
    endpoint: url,
    region: HERE.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  onTestFinished(async () => {
    client.destroy();
    const stopped = server.stop(0);
    clock.advance(0);
    await stopped;
  });

  async function request(path: string, init?: RequestInit): Promise<Answer> {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  return {
    server,
    url,
    state,
    clock,
    metrics,
    logged,
    client,
    request,
    call: (operation, body, headers) =>
      request('/', {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${TARGET}.${operation}`, ...headers },
        body: body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body),
      }),
    raw: (bytes) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url);
        const socket = connect(Number(port), hostname, () => socket.write(bytes));
        let received = '';
        socket.setEncoding('utf8');
        socket.on('data', (text: string) => (received += text));
        socket.on('error', reject);
        socket.on('close', () => resolve(received));
      }),
  };
}

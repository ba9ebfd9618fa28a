/**
 * Owns the HTTP server: the socket, its limits, the routing table of ecstate, and how it stops.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { STATUS_CODES, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigurationError } from '../errors.js';
import type { ArnDefaults } from '../observe/arn.js';
import type { Clock } from '../system/clock.js';
import type { ReadState } from './read-state.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { clusterOperations } from './ecs/clusters.js';
import type { Operations } from './ecs/operation.js';
import { serviceDeploymentOperations } from './ecs/service-deployments.js';
import { serviceOperations } from './ecs/services.js';
import { taskSetOperations } from './ecs/task-sets.js';
import { taskOperations } from './ecs/tasks.js';
import { HttpError } from './errors.js';
import { JSON_TYPE } from './exchange.js';
import type { Handler } from './exchange.js';
import { createRouter, notFound } from './router.js';
import type { Route } from './router.js';
import { ecsRoutes, needsKecs } from './routes/ecs.js';
import { serviceHistoryRoute, taskHistoryRoute } from './routes/history.js';
import { indexRoute, livenessRoute, metricsRoute, readinessRoute } from './routes/operations.js';
import type { Readiness } from './routes/operations.js';
import { transitionsRoute } from './routes/transitions.js';

/** What one connection may take, so that slow or wasteful clients cost little. Durations are in milliseconds. */
export interface HttpLimits {
  /** From the connection, or the last answer, to the end of the headers. */
  readonly headersTimeout: number;
  /** To the end of the body. */
  readonly requestTimeout: number;
  /** How long a connection is kept without a request; longer than load balancers keep theirs (60 s), or they would send into a closed one. */
  readonly keepAliveTimeout: number;
  /** How often the first two are looked at: so much later they may strike. */
  readonly checkInterval: number;
  /** Of the request line and all headers, in bytes. SigV4 with a session token takes 3 KB. */
  readonly maxHeaderSize: number;
  /** At once. More are closed when they come: descriptors are left for the cluster and the store. */
  readonly maxConnections: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  checkInterval: 2_000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 2_048,
};

export interface HttpServerOptions extends ArnDefaults {
  readonly state: ReadState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly readiness: () => Readiness;
  /** Routes beside ecstate's own; where both match, ecstate's answers. */
  readonly routes?: readonly Route[];
  /** Operations of the ECS API beside ecstate's own; of two of one name, ecstate's own answers. */
  readonly operations?: Operations;
  /** Answers the ECS API's other operations, with the body unread. Absent: they are refused. */
  readonly otherOperations?: Handler;
  /** Answers what no route's path matches, with the body unread. Absent: 404. */
  readonly fallback?: Handler;
  readonly limits?: Partial<HttpLimits>;
  /** Ids of requests, each different. Absent: random UUIDs. */
  readonly newRequestId?: () => string;
}

export interface HttpServer {
  /**
   * Resolves when it listens.
   *
   * @throws ConfigurationError LISTEN_FAILED
   */
  start(): Promise<void>;
  /** Where it listens, `http://127.0.0.1:5380`. Only after `start`. */
  readonly url: string;
  /**
   * Accepts no more, ends the streams, lets the requests in flight be answered for `grace` milliseconds, then breaks what is left.
   * Resolves when every connection is closed. Idempotent.
   */
  stop(grace: number): Promise<void>;
}

/** Creates the server; nothing listens before `start`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { clock, logger, metrics } = options;
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const closing = new AbortController();
  // Each stream listens to it, and they are limited by themselves.
  setMaxListeners(0, closing.signal);
  const connections = new Set<Socket>();
  const inFlight = new Set<ServerResponse>();
  const route = createRouter({
    routes: routingTable(options),
    fallback: options.fallback ?? notFound,
    logger,
    metrics,
    closing: closing.signal,
    newRequestId: options.newRequestId ?? randomUUID,
  });

  const server = createServer(
    {
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAliveTimeout,
      connectionsCheckingInterval: limits.checkInterval,
      maxHeaderSize: limits.maxHeaderSize,
      // Nothing here asks for it, and node would refuse without a word.
      requireHostHeader: false,
    },
    receive,
  );
  // Any Expect but 100-continue: what is expected is not ours to give, what is asked for is.
  server.on('checkExpectation', receive);
  server.maxConnections = limits.maxConnections;
  server.on('clientError', refuseMalformed);
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  let stopped: Promise<void> | undefined;

  function receive(request: IncomingMessage, response: ServerResponse): void {
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
    if (closing.signal.aborted) response.setHeader('connection', 'close');
    route(request, response);
  }

  function close(grace: number): Promise<void> {
    closing.abort();
    for (const response of inFlight) if (!response.headersSent) response.setHeader('connection', 'close');
    // node takes a connection that never sent anything for one in the middle of its first request.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => server.closeAllConnections(), grace);
      // An error says that it did not listen.
      server.close(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  return {
    start: () =>
      new Promise((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException): void => reject(listenFailed(options.listen, error));
        server.once('error', fail);
        server.listen(options.listen.port, options.listen.host, () => {
          server.off('error', fail);
          server.on('error', (err) => logger.error({ err }, 'the HTTP server failed'));
          resolve();
        });
      }),
    get url() {
      const address = server.address();
      if (address === null || typeof address === 'string')
        throw new Error('The HTTP server has no address before start() and after stop().');
      return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
    },
    stop: (grace) => (stopped ??= close(grace)),
  };
}

function routingTable(options: HttpServerOptions): readonly Route[] {
  const { state, clock, metrics, region, accountId } = options;
  const context = { state, here: { region, accountId } };
  const operations = {
    ...options.operations,
    ...clusterOperations(context),
    ...taskOperations(context),
    ...serviceOperations(context),
    ...serviceDeploymentOperations(context),
    ...taskSetOperations(context),
  };
  const routes = [
    ...ecsRoutes({ operations, others: options.otherOperations ?? needsKecs }),
    taskHistoryRoute(state),
    serviceHistoryRoute(state),
    transitionsRoute({ state, clock, metrics }),
    livenessRoute,
    readinessRoute(options.readiness),
    metricsRoute(metrics),
    ...(options.routes ?? []),
  ];
  return [indexRoute(routes), ...routes];
}

/** Answers bytes that are no request, or that did not come in time; node calls it before any handler. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesWritten?: number }): void {
  // After an answer, or in the middle of one, another would be taken for part of it.
  if (!socket.writable || error.code === 'ECONNRESET' || (socket.bytesWritten ?? 0) > 0) {
    socket.destroy();
    return;
  }
  const { status, body } = refusalOf(error.code);
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + text);
}

function refusalOf(code: string | undefined): HttpError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpError('RequestHeaderFieldsTooLarge', 'The request line and headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpError('RequestTimeout', 'The request did not arrive in time.');
  return new HttpError('BadRequest', 'This is not a well-formed HTTP request.');
}

function listenFailed(
  listen: { readonly host: string; readonly port: number },
  cause: NodeJS.ErrnoException,
): ConfigurationError {
  const where = `${listen.host}:${listen.port}`;
  const because: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process listens there',
    EACCES: 'this user may not listen there (ports below 1024 are reserved)',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'that host name has no address',
  };
  const reason = because[cause.code ?? ''] ?? cause.message;
  return new ConfigurationError(
    'LISTEN_FAILED',
    `Cannot listen on ${where}: ${reason}. Choose another address with --listen <host>:<port>.`,
    {
      cause,
    },
  );
}

/**
 * Owns the routing table: which handler answers a request, and what is said when it refuses, fails or does not exist.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { ClientGoneError } from './body.js';
import { HttpError, quoted } from './errors.js';
import { JSON_TYPE, sendJson } from './exchange.js';
import type { Exchange, Handler } from './exchange.js';

/** One entry of the routing table. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** The path as documentation writes it; matched exactly, unless there is a pattern. */
  readonly path: string;
  /** Matches the whole path as it was sent, percent-encoded; named groups become the exchange's params. */
  readonly pattern?: RegExp;
  /** One line for people. */
  readonly summary: string;
  /** The name under which requests are counted, where the handler does not choose. */
  readonly operation: string;
  /** The Content-Type of errors. */
  readonly errorType?: string;
  /** The response stays open: it is not timed, and there is no HEAD of it. */
  readonly streams?: true;
  readonly handle: Handler;
}

/** The name under which is counted what matched no route. */
const NO_ROUTE = 'none';

export interface RouterOptions {
  /** The first that matches answers. */
  readonly routes: readonly Route[];
  /** Answers what no route's path matches. */
  readonly fallback: Handler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
  readonly newRequestId: () => string;
}

/** Answers that nothing is served at this path. */
export const notFound: Handler = ({ path }) => {
  throw new HttpError('NotFound', `Nothing is served at ${quoted(path)}. GET / lists what is.`);
};

/** The path and the query of a request line's target, which is nearly always a path, and may be anything. */
function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  const local = absolute === null ? target : target.slice(absolute[0].length) || '/';
  const at = local.indexOf('?');
  return at === -1
    ? { path: local, query: new URLSearchParams() }
    : { path: local.slice(0, at), query: new URLSearchParams(local.slice(at + 1)) };
}

/** What a route makes of a path: its params, or undefined where it is not its path. */
function paramsOf(route: Route, path: string): Readonly<Record<string, string>> | undefined {
  if (route.pattern === undefined) return route.path === path ? {} : undefined;
  const match = route.pattern.exec(path);
  return match === null ? undefined : { ...match.groups };
}

const takes = (route: Route, method: string | undefined): boolean =>
  route.method === method || (method === 'HEAD' && route.method === 'GET' && route.streams !== true);

/** Answers every request by the table. */
export function createRouter(options: RouterOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { routes, fallback, logger, metrics, closing, newRequestId } = options;

  return (request, response) => {
    const requestId = newRequestId();
    response.setHeader('x-amzn-RequestId', requestId);
    const { path, query } = splitTarget(request.url ?? '/');
    const matching = routes.flatMap((route) => {
      const params = paramsOf(route, path);
      return params === undefined ? [] : [{ route, params }];
    });
    const chosen = matching.find(({ route }) => takes(route, request.method));
    const exchange: Exchange = {
      request,
      response,
      requestId,
      path,
      params: chosen?.params ?? {},
      query,
      closing,
      operation: chosen?.route.operation ?? NO_ROUTE,
    };

    const seconds = metrics.httpDuration.startTimer();
    response.once('close', () => {
      const { operation } = exchange;
      const status =
        response.writableFinished || chosen?.route.streams === true ? String(response.statusCode) : 'aborted';
      metrics.httpRequests.inc({ operation, status });
      const took = chosen?.route.streams === true ? undefined : seconds({ operation });
      logger.debug({ requestId, method: request.method, path, operation, status, seconds: took }, 'request answered');
    });
    // A response that cannot be written any more says so by this event; the close that follows is what counts.
    response.on('error', (err) => logger.debug({ requestId, err }, 'response could not be written'));

    const handle =
      chosen?.route.handle ?? (matching.length === 0 ? fallback : notAllowed(matching.map(({ route }) => route)));
    void answer(exchange, handle, chosen?.route.errorType ?? JSON_TYPE, logger);
  };
}

const notAllowed =
  (routes: readonly Route[]): Handler =>
  ({ request, response, path }) => {
    const allowed = routes.flatMap(({ method, streams }) =>
      method === 'GET' && streams !== true ? ['GET', 'HEAD'] : [method],
    );
    response.setHeader('allow', [...new Set(allowed)].join(', '));
    throw new HttpError(
      'MethodNotAllowed',
      `${request.method} is not allowed at ${quoted(path)}, only ${allowed.join(', ')}.`,
    );
  };

/** Runs the handler and answers what it throws. Never rejects. */
async function answer(exchange: Exchange, handle: Handler, errorType: string, logger: Logger): Promise<void> {
  const { response, requestId } = exchange;
  try {
    await handle(exchange);
  } catch (err) {
    if (err instanceof ClientGoneError) {
      response.destroy();
      return;
    }
    if (!(err instanceof HttpError))
      logger.error({ requestId, operation: exchange.operation, err }, 'a request failed');
    if (response.headersSent) {
      // Half an answer was given: only a broken connection still says that it is not whole.
      response.destroy();
      return;
    }
    const refusal =
      err instanceof HttpError
        ? err
        : new HttpError(
            'ServerException',
            `ecstate failed to answer. Its log says why, under the request id ${requestId}.`,
          );
    sendJson(exchange, refusal.status, refusal.body, errorType);
  }
}

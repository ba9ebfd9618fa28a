/**
 * Owns what the people and the machines that run ecstate ask: what it is, whether it lives, whether it is ready, how it fares.
 */
import type { Metrics } from '../../telemetry/metrics.js';
import { sendJson, sendText } from '../exchange.js';
import type { Route } from '../router.js';

/** Whether the sidecar may be asked, and what it waits for when not. */
export interface Readiness {
  readonly ready: boolean;
  /** For people. */
  readonly reason?: string;
  /** For machines, of any form. What else there is beside it is shown too. */
  readonly details?: object;
}

/** Answered as long as the event loop turns: an outage of the cluster or the store must not have the process killed. */
export const livenessRoute: Route = {
  method: 'GET',
  path: '/livez',
  summary: 'whether the process answers',
  operation: 'livez',
  handle: (exchange) => sendText(exchange, 200, 'ok'),
};

export const readinessRoute = (readiness: () => Readiness): Route => ({
  method: 'GET',
  path: '/readyz',
  summary: 'whether the state is loaded and in step with the cluster, and if not, why',
  operation: 'readyz',
  handle: (exchange) => {
    const answer = readiness();
    sendJson(exchange, answer.ready ? 200 : 503, answer);
  },
});

export const metricsRoute = (metrics: Metrics): Route => ({
  method: 'GET',
  path: '/metrics',
  summary: 'metrics in the format of Prometheus',
  operation: 'metrics',
  handle: async (exchange) => {
    const { text, contentType } = await metrics.expose();
    sendText(exchange, 200, text, contentType);
  },
});

/** As long as the longest path, in characters. */
const PATH_WIDTH = 37;

/** Says what this is to whoever opens it in a browser, from the routing table itself. */
export function indexRoute(routes: readonly Route[]): Route {
  const route: Route = {
    method: 'GET',
    path: '/',
    summary: 'this page',
    operation: 'index',
    handle: (exchange) => {
      const lines = [route, ...routes].map(
        ({ method, path, summary }) => `  ${method.padEnd(4)} ${path.padEnd(PATH_WIDTH)} ${summary}`,
      );
      const about = 'ecstate: the state of Amazon ECS tasks that KECS runs on Kubernetes, served as the ECS API.';
      sendText(exchange, 200, `${about}\n\n${lines.join('\n')}\n`);
    },
  };
  return route;
}

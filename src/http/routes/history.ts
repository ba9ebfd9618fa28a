/**
 * Owns `GET /api/tasks/<id or ARN>/history` and `GET /api/services/<name or ARN>/history`: how one task or service came to be where it is.
 * Rows are oldest first, `at` in epoch seconds, as every time of the ECS API. An ARN may be percent-encoded or not.
 */
import { parseArn, serviceArn, taskArn } from '../../observe/arn.js';
import type { ArnDefaults } from '../../observe/arn.js';
import type { ReadState } from '../read-state.js';
import { HttpError, quoted } from '../errors.js';
import type { HttpErrorCode } from '../errors.js';
import { pathParameter, sendJson } from '../exchange.js';
import type { Route } from '../router.js';

/** What has a history, and how it is found. */
interface Kind {
  /** The type in its ARN, and the word for it. */
  readonly type: 'task' | 'service';
  /** What it has, beside its ARN, that names it within a cluster. */
  readonly name: 'id' | 'name';
  readonly arnIn: (where: ArnDefaults, cluster: string, name: string) => string;
  /** Also of what is forgotten, while its history is left. */
  readonly isKnown: (state: ReadState, arn: string) => boolean;
  readonly notFound: HttpErrorCode;
  readonly ambiguous: HttpErrorCode;
  /** The member of a refusal that lists the candidates. */
  readonly candidates: string;
}

const TASK: Kind = {
  type: 'task',
  name: 'id',
  arnIn: taskArn,
  isKnown: (state, arn) => state.task(arn) !== undefined || state.history(arn).length > 0,
  notFound: 'TaskNotFound',
  ambiguous: 'AmbiguousTask',
  candidates: 'taskArns',
};

const SERVICE: Kind = {
  type: 'service',
  name: 'name',
  arnIn: serviceArn,
  isKnown: (state, arn) => state.service(arn) !== undefined || state.serviceHistory(arn).length > 0,
  notFound: 'ServiceNotFound',
  ambiguous: 'AmbiguousService',
  candidates: 'serviceArns',
};

/** Nothing has a name or an ARN that takes more bytes; the store could not even be asked for one. */
const MAX_NAMED = 1024;

/** The ARN of the one that is named: by its ARN, or by its name in whichever of the known clusters has it. */
function resolve(state: ReadState, kind: Kind, named: string): string {
  const { type } = kind;
  const isPossible = Buffer.byteLength(named) <= MAX_NAMED;
  if (named.startsWith('arn:')) {
    if (isPossible && parseArn(named)?.type === type && kind.isKnown(state, named)) return named;
    throw new HttpError(kind.notFound, `No ${type} ${quoted(named)} is known.`);
  }
  const clusters = isPossible ? state.clusters() : [];
  const [arn, ...more] = clusters.flatMap(({ clusterArn, clusterName }) => {
    const where = parseArn(clusterArn);
    const candidate = where === undefined ? undefined : kind.arnIn(where, clusterName, named);
    return candidate !== undefined && kind.isKnown(state, candidate) ? [candidate] : [];
  });
  const words = `the ${kind.name} ${quoted(named)}`;
  if (arn === undefined) throw new HttpError(kind.notFound, `No ${type} with ${words} is known.`);
  if (more.length === 0) return arn;
  const all = [arn, ...more];
  const plural = type === 'task' ? 'Tasks' : 'Services';
  throw new HttpError(kind.ambiguous, `${plural} of ${all.length} clusters have ${words}: ask by ARN.`, {
    [kind.candidates]: all,
  });
}

export const taskHistoryRoute = (state: ReadState): Route => ({
  method: 'GET',
  path: '/api/tasks/{id or ARN}/history',
  pattern: /^\/api\/tasks\/(?<task>.+)\/history$/,
  summary: 'every transition of a task, with its cause',
  operation: 'history',
  handle: (exchange) => {
    const arn = resolve(state, TASK, pathParameter(exchange, 'task'));
    const history = state
      .history(arn)
      .map(({ from, to, at, cause, version }) => ({ from, to, at: at / 1000, cause, version }));
    sendJson(exchange, 200, { taskArn: arn, history });
  },
});

/** Of a service, every change that was shown: its status, its counts and its deployments after it. */
export const serviceHistoryRoute = (state: ReadState): Route => ({
  method: 'GET',
  path: '/api/services/{name or ARN}/history',
  pattern: /^\/api\/services\/(?<service>.+)\/history$/,
  summary: 'every change of a service and its deployments, with its cause',
  operation: 'serviceHistory',
  handle: (exchange) => {
    const arn = resolve(state, SERVICE, pathParameter(exchange, 'service'));
    const history = state.serviceHistory(arn).map((row) => ({ ...row, at: row.at / 1000 }));
    sendJson(exchange, 200, { serviceArn: arn, history });
  },
});

/**
 * Owns `GET /api/tasks/<id or ARN>/history`: how one task came to be where it is.
 */
import { parseArn, taskArn } from '../../observe/arn.js';
import type { ReadState } from '../read-state.js';
import { HttpError, quoted } from '../errors.js';
import { pathParameter, sendJson } from '../exchange.js';
import type { Route } from '../router.js';

const isKnown = (state: ReadState, arn: string): boolean =>
  state.task(arn) !== undefined || state.history(arn).length > 0;

/** The tasks of all known clusters that have this id, those included of which only the history is left. */
function arnsOf(state: ReadState, id: string): readonly string[] {
  return state.clusters().flatMap(({ clusterArn, clusterName }) => {
    const known = state.taskArnOf(clusterArn, id);
    if (known !== undefined) return [known];
    const where = parseArn(clusterArn);
    const arn = where === undefined ? undefined : taskArn(where, clusterName, id);
    return arn !== undefined && isKnown(state, arn) ? [arn] : [];
  });
}

/** @throws HttpError TaskNotFound, AmbiguousTask */
function resolve(state: ReadState, idOrArn: string): string {
  if (idOrArn.startsWith('arn:')) {
    if (isKnown(state, idOrArn)) return idOrArn;
    throw new HttpError('TaskNotFound', `No task ${quoted(idOrArn)} is known.`);
  }
  const [arn, ...more] = arnsOf(state, idOrArn);
  if (arn === undefined) throw new HttpError('TaskNotFound', `No task with the id ${quoted(idOrArn)} is known.`);
  if (more.length === 0) return arn;
  throw new HttpError(
    'AmbiguousTask',
    `Tasks of ${more.length + 1} clusters have the id ${quoted(idOrArn)}: ask by ARN.`,
    {
      taskArns: [arn, ...more],
    },
  );
}

/** The history of a task, oldest first; `at` in epoch seconds, as every time of the ECS API. The ARN may be percent-encoded or not. */
export const historyRoute = (state: ReadState): Route => ({
  method: 'GET',
  path: '/api/tasks/{id or ARN}/history',
  pattern: /^\/api\/tasks\/(?<task>.+)\/history$/,
  summary: 'every transition of a task, with its cause',
  operation: 'history',
  handle: (exchange) => {
    const arn = resolve(state, pathParameter(exchange, 'task'));
    const history = state
      .history(arn)
      .map(({ from, to, at, cause, version }) => ({ from, to, at: at / 1000, cause, version }));
    sendJson(exchange, 200, { taskArn: arn, history });
  },
});

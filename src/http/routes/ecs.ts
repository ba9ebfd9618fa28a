/**
 * Owns the protocol of the ECS API, AWS JSON 1.1: `POST /` with X-Amz-Target, and `POST /v1/<operation>`, the way KECS has beside it.
 * Which operation is asked for is in the head of the request alone, so that one which is answered elsewhere can be passed on with its body unread.
 */
import { parseJsonObject, readBody } from '../body.js';
import { isOperationName } from '../ecs/operation-names.js';
import type { OperationName } from '../ecs/operation-names.js';
import type { Operations } from '../ecs/operation.js';
import { HttpError, quoted } from '../errors.js';
import { AMZ_JSON_TYPE, JSON_TYPE, sendJson } from '../exchange.js';
import type { Exchange, Handler } from '../exchange.js';
import type { Route } from '../router.js';

/** What X-Amz-Target begins with: the service and version of ECS's model. */
const TARGET_PREFIX = 'AmazonEC2ContainerServiceV20141113.';

/** The name under which is counted what names no operation. */
const NO_OPERATION = 'UnknownOperation';

/** Refuses an operation of the ECS API that ecstate does not answer itself. */
export const needsKecs: Handler = ({ operation }) => {
  throw new HttpError(
    'UnsupportedFeatureException',
    `ecstate does not answer ${operation} itself: it needs KECS behind it. Start ecstate with --kecs-url, or send this operation to KECS.`,
  );
};

function requireJsonType({ request }: Exchange): void {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === AMZ_JSON_TYPE || type === JSON_TYPE) return;
  throw new HttpError('UnsupportedMediaType', `The Content-Type must be ${AMZ_JSON_TYPE} or ${JSON_TYPE}.`);
}

/** The operation that the header names; undefined where it names none. */
function targetOf({ request }: Exchange): string | undefined {
  // Node gives a list only for Set-Cookie.
  const target = String(request.headers['x-amz-target'] ?? '');
  return target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : undefined;
}

/**
 * The routes of the ECS API.
 *
 * @param options.operations answered here
 * @param options.others answers every other operation of the API's model; the exchange's `operation` says which
 */
export function ecsRoutes(options: { readonly operations: Operations; readonly others: Handler }): readonly Route[] {
  async function handle(exchange: Exchange, name: string | undefined): Promise<void> {
    exchange.operation = NO_OPERATION;
    if (name === undefined || !isOperationName(name)) {
      const given =
        name === undefined ? `it has no X-Amz-Target of the form ${TARGET_PREFIX}<operation>` : quoted(name);
      throw new HttpError('UnknownOperationException', `The request names no operation of the ECS API: ${given}`);
    }
    exchange.operation = name;
    await perform(exchange, name);
  }

  async function perform(exchange: Exchange, name: OperationName): Promise<void> {
    const operation = options.operations[name];
    if (operation === undefined) {
      await options.others(exchange);
      return;
    }
    requireJsonType(exchange);
    const output = await operation(parseJsonObject(await readBody(exchange.request)));
    sendJson(exchange, 200, output, AMZ_JSON_TYPE);
  }

  return [
    {
      method: 'POST',
      path: '/',
      summary: 'the ECS API (AWS JSON 1.1, X-Amz-Target)',
      operation: NO_OPERATION,
      errorType: AMZ_JSON_TYPE,
      handle: (exchange) => handle(exchange, targetOf(exchange)),
    },
    {
      method: 'POST',
      path: '/v1/{operation}',
      pattern: /^\/v1\/(?<operation>[^/]+)$/,
      summary: 'the same, without that header',
      operation: NO_OPERATION,
      errorType: AMZ_JSON_TYPE,
      handle: (exchange) => handle(exchange, exchange.params['operation']),
    },
  ];
}

/**
 * Owns what an answer other than success means: which error it becomes, and the sentence that tells an operator what to do.
 * The order of checks: by HTTP status; a `Status` object in the body adds its message and its Retry-After, whatever the code.
 */
import { ConfigurationError, FatalError, RetryableError, type EcstateError } from '../errors.js';
import { describeResource, parseResourcePath, rbacVerb } from './resource-path.js';
import type { WatchStatus } from './watched-kind.js';

/** What was asked, as far as an error has to name it. */
export interface AskedOf {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly watch?: boolean;
  /** Where the credentials come from, in words. */
  readonly credentials?: string;
}

/** What the cluster said; the `cause` of every error made here. */
export class KubernetesStatus extends Error {
  readonly status: number;
  /** Kubernetes' own word: `Forbidden`, `Expired`, `AlreadyExists`, …; `""` when the answer had none. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'KubernetesStatus';
    this.status = status;
    this.reason = reason;
  }
}

/** What the cluster said, when that is why `error` was raised: `kubernetesStatus(error)?.status === 409`. */
export function kubernetesStatus(error: unknown): KubernetesStatus | undefined {
  return error instanceof Error && error.cause instanceof KubernetesStatus ? error.cause : undefined;
}

/** How much of a body that is no `Status` is quoted, in characters: enough for a sentence, not for a web page. */
const QUOTED_BODY = 200;

/** The fields of a `Status` object in a body; empty when the body is something else (a proxy's page, plain text). */
function readStatus(body: string): WatchStatus & { readonly retryAfterSeconds?: number } {
  try {
    // A cast to a shape in which nothing is promised: each field is checked below.
    const parsed = JSON.parse(body) as { [key in string]?: unknown } | null;
    const details = parsed?.['details'] as { readonly retryAfterSeconds?: unknown } | null | undefined;
    return {
      ...(typeof parsed?.['message'] === 'string' && { message: parsed['message'] }),
      ...(typeof parsed?.['reason'] === 'string' && { reason: parsed['reason'] }),
      ...(typeof details?.retryAfterSeconds === 'number' && { retryAfterSeconds: details.retryAfterSeconds }),
    };
  } catch {
    const text = body.trim().slice(0, QUOTED_BODY);
    return text === '' || text.startsWith('<') ? {} : { message: text };
  }
}

/**
 * How long a Retry-After header asks to wait, in milliseconds: it holds seconds, or an HTTP date (`now`: epoch milliseconds).
 * Undefined for none, and for one that makes no sense.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) && wait >= 0 ? wait : undefined;
}

/** The error for an answer with an HTTP status of 300 or more. `now` is epoch milliseconds. */
export function statusError(
  answer: { readonly status: number; readonly retryAfter?: string | undefined; readonly body: string },
  asked: AskedOf,
  now: number,
): EcstateError {
  const { retryAfterSeconds, ...status } = readStatus(answer.body);
  const retryAfter =
    parseRetryAfter(answer.retryAfter, now) ?? (retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000);
  return statusToError({ ...status, code: answer.status }, asked, retryAfter);
}

/** The error for a `Status` that came as an ERROR line of a watch, or as the body of an answer. */
export function statusToError(status: WatchStatus, asked: AskedOf, retryAfter?: number): EcstateError {
  const code = status.code ?? 500;
  const said = status.message === undefined || status.message === '' ? `${code}` : `${code}: ${status.message}`;
  const cause = new KubernetesStatus(code, status.reason ?? '', status.message ?? '');
  if (code === 410 || status.reason === 'Expired' || status.reason === 'Gone') {
    return new RetryableError(
      'KUBERNETES_EXPIRED',
      `The cluster has forgotten the version that was asked for (${said}).`,
      { cause },
    );
  }
  if (code === 401) return new ConfigurationError('KUBERNETES_UNAUTHORIZED', unauthorized(said, asked), { cause });
  if (code === 403) return new ConfigurationError('KUBERNETES_FORBIDDEN', forbidden(said, asked), { cause });
  if (code === 404) return new FatalError('KUBERNETES_NOT_FOUND', notFound(said, status, asked), { cause });
  if (code === 429) {
    const message = `The cluster asks to be asked less often (${said}).`;
    return new RetryableError('KUBERNETES_UNAVAILABLE', message, { cause, retryAfter });
  }
  if (code >= 500) {
    const message =
      `The cluster at ${asked.server} cannot answer for now (${said}). ` +
      'If this lasts, look at the logs of the API server and of etcd.';
    return new RetryableError('KUBERNETES_UNAVAILABLE', message, { cause, retryAfter });
  }
  if (code < 400) {
    const message =
      `${asked.server} answered ${asked.path} with a redirect (${said}), as the Kubernetes API never does. ` +
      'Check the address of the server: it may be a login page or a proxy.';
    return new FatalError('KUBERNETES_PROTOCOL', message, { cause });
  }
  return new FatalError('KUBERNETES_REFUSED', `The cluster does not accept ${asked.method} ${asked.path} (${said}).`, {
    cause,
  });
}

function unauthorized(said: string, asked: AskedOf): string {
  return (
    `The cluster at ${asked.server} does not accept ${asked.credentials ?? 'the credentials'} (${said}). ` +
    'If that has expired, or belongs to another cluster, renew it: it is read again with each try.'
  );
}

function forbidden(said: string, asked: AskedOf): string {
  const resource = parseResourcePath(asked.path);
  if (resource === undefined) return `The cluster does not allow ${asked.method} ${asked.path} (${said}).`;
  const verb = rbacVerb(asked.method, resource, asked.watch === true);
  // Whoever needs one of these two needs both, and would come back for the other.
  const verbs = verb === 'list' || verb === 'watch' ? ['list', 'watch'] : [verb];
  const role = resource.namespace === undefined ? 'a ClusterRole' : `a Role in the namespace "${resource.namespace}"`;
  return (
    `The cluster does not allow ecstate to ${verb} ${describeResource(resource)} (${said}). ` +
    `Bind its account to ${role} with the rule {apiGroups: [${JSON.stringify(resource.apiGroup)}], ` +
    `resources: [${JSON.stringify(resource.resource)}], verbs: ${JSON.stringify(verbs)}}.`
  );
}

function notFound(said: string, status: WatchStatus, asked: AskedOf): string {
  const resource = parseResourcePath(asked.path);
  // A named object that is missing is said by a Status with a reason; a path that nobody serves by plain text.
  if (status.reason === 'NotFound' && resource?.name !== undefined)
    return `The cluster has no ${describeResource(resource)} (${said}).`;
  return (
    `The cluster at ${asked.server} does not serve ${asked.path} (${said}). ` +
    'Check that the address is that of a Kubernetes API server, with its path if it has one, and that this version of Kubernetes has this kind.'
  );
}

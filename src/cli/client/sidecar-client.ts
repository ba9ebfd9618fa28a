/**
 * Owns the requests of the client commands to a running sidecar: the ECS API as any ECS client speaks it, and ecstate's own history.
 */
import { ConfigurationError, FatalError, RetryableError, type EcstateError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { instantOf, isObject, objectsOf, textOf, textsOf } from './ecs-json.js';

/** How long an answer may take, in milliseconds: everything is answered from memory. */
export const REQUEST_TIMEOUT = 30_000;

/** The most that one DescribeTasks takes (ECS's own limit). */
const DESCRIBE_LIMIT = 100;

/** The HTTP status of `/readyz` while there is something to wait for. */
const UNREADY = 503;

/** ECS's desiredStatus, by which ListTasks tells tasks that are wanted from those that are over or on their way out. */
export type DesiredStatus = 'RUNNING' | 'STOPPED';
export const DESIRED_STATUSES: readonly DesiredStatus[] = ['RUNNING', 'STOPPED'];

export interface TaskFilter {
  readonly cluster: string;
  readonly desiredStatus: DesiredStatus;
  readonly serviceName?: string | undefined;
  readonly family?: string | undefined;
}

/** What DescribeTasks answers, as it came. */
export interface DescribedTasks {
  readonly tasks: readonly EcsObject[];
  readonly failures: readonly EcsObject[];
}

export interface HistoryRow {
  /** Null at first sight. */
  readonly from: string | null;
  readonly to: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly cause: string;
}

export interface TaskHistory {
  readonly taskArn: string;
  readonly rows: readonly HistoryRow[];
}

/** A client of the sidecar at one address. Every method throws what {@link send} and {@link refusal} make. */
export class SidecarClient {
  readonly url: string;

  /** @param url without a slash at its end */
  constructor(url: string) {
    this.url = url;
  }

  /** The ARNs of all clusters. */
  async clusterArns(): Promise<readonly string[]> {
    return await this.#pages('ListClusters', {}, 'clusterArns');
  }

  /** The ARNs of the tasks that pass, oldest first. */
  async taskArns(filter: TaskFilter): Promise<readonly string[]> {
    return await this.#pages('ListTasks', { ...filter }, 'taskArns');
  }

  /** These tasks, in this order; a task that is gone meanwhile is a failure. */
  async describeTasks(cluster: string, taskArns: readonly string[]): Promise<DescribedTasks> {
    const tasks: EcsObject[] = [];
    const failures: EcsObject[] = [];
    for (let first = 0; first < taskArns.length; first += DESCRIBE_LIMIT) {
      const slice = taskArns.slice(first, first + DESCRIBE_LIMIT);
      const answer = await this.#ecs('DescribeTasks', { cluster, tasks: slice, include: ['TAGS'] });
      tasks.push(...objectsOf(answer, 'tasks'));
      failures.push(...objectsOf(answer, 'failures'));
    }
    return { tasks, failures };
  }

  /** How a task, by its whole id or its ARN, came to be where it is. It outlives the task itself. */
  async history(idOrArn: string): Promise<TaskHistory> {
    const answer = await this.#json(await this.send(`/api/tasks/${encodeURIComponent(idOrArn)}/history`));
    const rows = objectsOf(answer, 'history').map((row) => ({
      from: textOf(row, 'from') ?? null,
      to: textOf(row, 'to') ?? '',
      at: instantOf(row, 'at') ?? 0,
      cause: textOf(row, 'cause') ?? '',
    }));
    return { taskArn: textOf(answer, 'taskArn') ?? idOrArn, rows };
  }

  /** What a sidecar waits for that says that it is not ready yet. */
  async unreadiness(): Promise<string | undefined> {
    const response = await this.send('/readyz');
    const body = await readJson(response);
    if (response.status !== UNREADY) return undefined;
    return (body === undefined ? undefined : textOf(body, 'reason')) ?? 'it does not say why';
  }

  /**
   * Sends a request. Resolves with any status.
   *
   * @throws RetryableError SIDECAR_UNREACHABLE; the signal's AbortError
   */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(this.url + path, { signal: AbortSignal.timeout(REQUEST_TIMEOUT), redirect: 'error', ...init });
    } catch (cause) {
      if (init.signal?.aborted === true) throw cause;
      throw this.unreachable(networkWords(cause), cause);
    }
  }

  /** The error that says that nothing answers. */
  unreachable(why: string, cause: unknown): EcstateError {
    return new RetryableError(
      'SIDECAR_UNREACHABLE',
      `No sidecar answers at ${this.url} (${why}). Start one with "ecstate serve" for a real cluster or ` +
        '"ecstate demo" without any, or say where it listens with --url or ECSTATE_URL.',
      { cause },
    );
  }

  /** The error that an unsuccessful answer means; reads its body. */
  async refusal(response: Response): Promise<EcstateError> {
    const body = await readJson(response);
    // AWS's own services put a namespace before the name: com.amazonaws.ecs#ClusterNotFoundException.
    const type = body === undefined ? undefined : textOf(body, '__type')?.split('#').at(-1);
    if (body === undefined || type === undefined) return this.#stranger(response);
    const message = textOf(body, 'message') ?? textOf(body, 'Message') ?? type;
    if (type === 'ClusterNotFoundException' || type === 'ServiceNotFoundException' || type === 'TaskNotFound') {
      return new FatalError('NOT_FOUND', message);
    }
    if (type === 'InvalidParameterException' || type === 'AmbiguousTask') {
      return new ConfigurationError('USAGE_INVALID', message);
    }
    const words = `The sidecar at ${this.url} answered with ${type}: ${message}`;
    return response.status >= 500 || response.status === 429
      ? new RetryableError('SIDECAR_REFUSED', words)
      : new FatalError('SIDECAR_REFUSED', words);
  }

  async #pages(operation: string, input: object, member: string): Promise<readonly string[]> {
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await this.#ecs(operation, { ...input, ...(nextToken === undefined ? {} : { nextToken }) });
      found.push(...textsOf(answer, member));
      nextToken = textOf(answer, 'nextToken');
    } while (nextToken !== undefined);
    return found;
  }

  async #ecs(operation: string, input: object): Promise<EcsObject> {
    const response = await this.send('/', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
      },
      body: JSON.stringify(input),
    });
    return await this.#json(response);
  }

  async #json(response: Response): Promise<EcsObject> {
    if (!response.ok) throw await this.refusal(response);
    const body = await readJson(response);
    if (body === undefined) throw this.#stranger(response);
    return body;
  }

  /** Something answers, but not as a sidecar does. */
  #stranger(response: Response): EcstateError {
    return new FatalError(
      'SIDECAR_UNREACHABLE',
      `What answers at ${this.url} is no ecstate sidecar (HTTP ${response.status}). Say where yours listens with --url or ECSTATE_URL.`,
    );
  }
}

async function readJson(response: Response): Promise<EcsObject | undefined> {
  try {
    const body: unknown = await response.json();
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Why no connection came about, from where fetch hides it. */
function networkWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${REQUEST_TIMEOUT / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown host';
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

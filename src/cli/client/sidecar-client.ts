/**
 * Owns the requests of the client commands to a running sidecar: the ECS API as any ECS client speaks it, and ecstate's own histories.
 */
import { ConfigurationError, FatalError, RetryableError, type EcstateError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import type { Clock } from '../../system/clock.js';
import { instantOf, isObject, objectsOf, textOf, textsOf } from './ecs-json.js';

/** How long an answer may take, in milliseconds: everything is answered from memory. */
export const REQUEST_TIMEOUT = 30_000;

/** The most that one DescribeTasks takes (ECS's own limit). */
const DESCRIBE_LIMIT = 100;

/** The most that one DescribeServices takes. */
const SERVICES_LIMIT = 10;

/** The most that one page of ListServices holds. */
const SERVICES_PAGE = 100;

/** The HTTP status of `/readyz` while there is something to wait for. */
const UNREADY = 503;

/** Refusals that say that there is no such thing, and those that say that the words name nothing, or several things. */
const NOT_FOUND: ReadonlySet<string> = new Set([
  'ClusterNotFoundException',
  'ServiceNotFoundException',
  'TaskNotFound',
  'ServiceNotFound',
]);
const UNUSABLE: ReadonlySet<string> = new Set(['InvalidParameterException', 'AmbiguousTask', 'AmbiguousService']);

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

/** What DescribeServices answers, as it came. */
export interface DescribedServices {
  readonly services: readonly EcsObject[];
  readonly failures: readonly EcsObject[];
}

/** Rows as they came: `to`, `at` in epoch seconds, `cause`, the counts, and those of each deployment. */
export interface ServiceHistory {
  readonly serviceArn: string;
  readonly rows: readonly EcsObject[];
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

/** An answer with the JSON object in it; undefined when there is none. */
interface Answer {
  readonly status: number;
  readonly body: EcsObject | undefined;
}

/**
 * A client of the sidecar at one address. Every method throws
 * - RetryableError SIDECAR_UNREACHABLE where nothing answers, FatalError SIDECAR_UNREACHABLE where something else does;
 * - for what the sidecar refuses: FatalError NOT_FOUND, ConfigurationError USAGE_INVALID, or SIDECAR_REFUSED.
 */
export class SidecarClient {
  readonly url: string;
  readonly #clock: Clock;

  /** @param url without a slash at its end */
  constructor(url: string, clock: Clock) {
    this.url = url;
    this.#clock = clock;
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

  /** The ARNs of the services that are wanted, by name. */
  async serviceArns(cluster: string): Promise<readonly string[]> {
    return await this.#pages('ListServices', { cluster, maxResults: SERVICES_PAGE }, 'serviceArns');
  }

  /** These services, by name or ARN, in this order; one that is not known is a failure. */
  async describeServices(cluster: string, named: readonly string[]): Promise<DescribedServices> {
    const services: EcsObject[] = [];
    const failures: EcsObject[] = [];
    for (let first = 0; first < named.length; first += SERVICES_LIMIT) {
      const answer = await this.#ecs('DescribeServices', {
        cluster,
        services: named.slice(first, first + SERVICES_LIMIT),
      });
      services.push(...objectsOf(answer, 'services'));
      failures.push(...objectsOf(answer, 'failures'));
    }
    return { services, failures };
  }

  /** How a service, by its name or its ARN, came to be where it is. It outlives the service itself. */
  async serviceHistory(nameOrArn: string): Promise<ServiceHistory> {
    const answer = this.#success(await this.#request(`/api/services/${encodeURIComponent(nameOrArn)}/history`));
    return { serviceArn: textOf(answer, 'serviceArn') ?? nameOrArn, rows: objectsOf(answer, 'history') };
  }

  /** How a task, by its whole id or its ARN, came to be where it is. It outlives the task itself. */
  async history(idOrArn: string): Promise<TaskHistory> {
    const body = this.#success(await this.#request(`/api/tasks/${encodeURIComponent(idOrArn)}/history`));
    const rows = objectsOf(body, 'history').map((row) => ({
      from: textOf(row, 'from') ?? null,
      to: textOf(row, 'to') ?? '',
      at: instantOf(row, 'at') ?? 0,
      cause: textOf(row, 'cause') ?? '',
    }));
    return { taskArn: textOf(body, 'taskArn') ?? idOrArn, rows };
  }

  /** What a sidecar waits for that says that it is not ready yet. */
  async unreadiness(): Promise<string | undefined> {
    const { status, body } = await this.#request('/readyz');
    if (status !== UNREADY) return undefined;
    return (body === undefined ? undefined : textOf(body, 'reason')) ?? 'it does not say why';
  }

  /** The body of an answer that goes on and on. It may take as long as it likes; `signal` gives the wait for its beginning up. */
  async openStream(
    path: string,
    init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch(path, init);
    if (response.ok && response.body !== null) return response.body;
    throw this.#refusal({ status: response.status, body: await readJson(response) });
  }

  /** The error that says that nothing answers. */
  unreachable(why: string, cause?: unknown): EcstateError {
    return new RetryableError(
      'SIDECAR_UNREACHABLE',
      `No sidecar answers at ${this.url} (${why}). Start one with "ecstate serve" for a real cluster or ` +
        '"ecstate demo" without any, or say where it listens with --url or ECSTATE_URL.',
      { cause },
    );
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
    const answer = await this.#request('/', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
      },
      body: JSON.stringify(input),
    });
    return this.#success(answer);
  }

  async #request(path: string, init: RequestInit = {}): Promise<Answer> {
    const answering = this.#fetch(path, init).then(async (response) => ({
      status: response.status,
      body: await readJson(response),
    }));
    // Not by an AbortSignal: fetch holds it weakly in Node.js 20, and forgets it once it was collected.
    let timer: object | undefined;
    const late = new Promise<never>((_, reject) => {
      const words = `no answer within ${REQUEST_TIMEOUT / 1000} s`;
      timer = this.#clock.setTimeout(() => reject(this.unreachable(words)), REQUEST_TIMEOUT);
    });
    try {
      return await Promise.race([answering, late]);
    } finally {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.url + path, { redirect: 'error', ...init });
    } catch (cause) {
      if (init.signal?.aborted === true) throw cause;
      throw this.unreachable(networkWords(cause), cause);
    }
  }

  #success(answer: Answer): EcsObject {
    const { status, body } = answer;
    if (status < 200 || status > 299 || body === undefined) throw this.#refusal(answer);
    return body;
  }

  #refusal({ status, body }: Answer): EcstateError {
    // AWS's own services put a namespace before the name: com.amazonaws.ecs#ClusterNotFoundException.
    const type = body === undefined ? undefined : textOf(body, '__type')?.split('#').at(-1);
    if (body === undefined || type === undefined) {
      return new FatalError(
        'SIDECAR_UNREACHABLE',
        `What answers at ${this.url} is no ecstate sidecar (HTTP ${status}). Say where yours listens with --url or ECSTATE_URL.`,
      );
    }
    const message = textOf(body, 'message') ?? textOf(body, 'Message') ?? type;
    if (NOT_FOUND.has(type)) return new FatalError('NOT_FOUND', message);
    if (UNUSABLE.has(type)) return new ConfigurationError('USAGE_INVALID', message);
    const words = `The sidecar at ${this.url} answered with ${type}: ${message}`;
    return status >= 500 || status === 429
      ? new RetryableError('SIDECAR_REFUSED', words)
      : new FatalError('SIDECAR_REFUSED', words);
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
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown host';
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/**
 * Owns the conversation with one cluster: requests with the right credentials, a second try when they were refused and others are to
 * be had, JSON, and errors that say what to do. Everything that speaks to Kubernetes (watches, leases, checks) goes through one of these.
 */
import type { Readable } from 'node:stream';
import { FatalError, type EcstateError } from '../errors.js';
import type { Clock } from '../system/clock.js';
import { anonymous, type Authentication, type Credentials } from './authentication.js';
import { HttpClient, type HttpResponse } from './http-client.js';
import { findCluster, type KubeconfigOptions } from './kubeconfig.js';
import { networkError, SilenceError } from './network-error.js';
import { statusError, type AskedOf } from './status-error.js';

/** How long a request waits for its answer's headers, and then for the rest of it, in milliseconds; half of what the API server gives itself. */
export const REQUEST_TIMEOUT = 30_000;

/** How much of an error's body is read, in bytes: a Status is small, a proxy's page need not be. */
const MAX_ERROR_BODY = 64 * 1024;

export interface RequestOptions {
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; give `content-type` in `headers` for a patch. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Milliseconds without the answer's headers, and for `json` as many again for the whole body; {@link REQUEST_TIMEOUT} by default. */
  readonly timeout?: number;
}

export interface ConnectionOptions {
  readonly server: URL;
  /** Without credentials by default. */
  readonly authentication?: Authentication;
  readonly clock: Clock;
  /** Where this cluster was found, in words. */
  readonly source?: string;
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly namespace?: string;
}

/** A connection to the cluster that a kubeconfig, or the pod's service account, names. Throws as {@link findCluster} does. */
export async function connect(options: KubeconfigOptions): Promise<Connection> {
  return new Connection({ ...(await findCluster(options)), clock: options.clock });
}

export class Connection {
  readonly server: URL;
  readonly source: string;
  readonly namespace: string | undefined;
  readonly #authentication: Authentication;
  readonly #clock: Clock;
  readonly #http: HttpClient;

  constructor(options: ConnectionOptions) {
    this.server = options.server;
    this.source = options.source ?? options.server.origin;
    this.namespace = options.namespace;
    this.#authentication = options.authentication ?? anonymous;
    this.#clock = options.clock;
    this.#http = new HttpClient(options.clock);
  }

  /**
   * Sends a request. `path` begins with a slash and has no query. Resolves with any status once the headers are there; the body is to
   * be read to its end, or destroyed.
   *
   * @throws RetryableError KUBERNETES_UNAVAILABLE without an answer, KUBERNETES_UNAUTHORIZED when no credentials are to be had; the
   *   signal's AbortError.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    const credentials = await this.#authentication.credentials();
    const response = await this.#send(method, path, options, credentials);
    if (response.status !== 401 || !(await this.#authentication.refresh(credentials))) return response;
    response.body.destroy();
    return await this.#send(method, path, options, await this.#authentication.credentials());
  }

  /**
   * The JSON of a successful answer.
   *
   * @throws what {@link request} throws; the error of {@link failure} for a status of 300 or more; FatalError KUBERNETES_PROTOCOL when
   *   the answer is no JSON.
   */
  async json(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const response = await this.request(method, path, {
      ...options,
      headers: { 'accept-encoding': 'gzip', ...options.headers },
    });
    if (response.status >= 300) throw await this.failure(response, method, path);
    const text = await this.#readAll(response.body, options);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.notKubernetes(path, response, cause);
    }
  }

  /** The error that an unsuccessful answer means; reads its body. */
  async failure(response: HttpResponse, method: string, path: string, watch = false): Promise<EcstateError> {
    let body = '';
    try {
      body = await this.#readAll(response.body, {}, MAX_ERROR_BODY);
    } catch {
      // The status alone says enough.
    }
    const retryAfter = response.headers['retry-after'];
    return statusError(
      { status: response.status, retryAfter, body },
      this.asked(method, path, watch),
      this.#clock.now(),
    );
  }

  /** What an error about such a request has to name. */
  asked(method: string, path: string, watch = false): AskedOf {
    return { server: this.server.origin, method, path, watch, credentials: this.#authentication.description };
  }

  /** The error for an answer that is a success and yet not what the Kubernetes API answers. */
  notKubernetes(path: string, response: HttpResponse, cause?: unknown): FatalError {
    const type = response.headers['content-type'] ?? 'no content type';
    const message =
      `${this.server.origin} answered ${path} with something that is not the Kubernetes API (${response.status}, ${type}). ` +
      'Check the address of the server: it may be a login page or a proxy.';
    return new FatalError('KUBERNETES_PROTOCOL', message, { cause });
  }

  /** Closes every socket. Requests that are under way fail. */
  close(): void {
    this.#http.close();
  }

  async #send(method: string, path: string, options: RequestOptions, credentials: Credentials): Promise<HttpResponse> {
    const { body, signal, timeout } = options;
    try {
      return await this.#http.send({
        method,
        url: this.#url(path, options.query ?? {}),
        headers: {
          accept: 'application/json',
          'user-agent': 'ecstate',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...options.headers,
          ...credentials.headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        tls: credentials.tls,
        proxyAgent: credentials.proxyAgent,
        signal,
        timeout: timeout ?? REQUEST_TIMEOUT,
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw networkError(error, this.server.origin);
    }
  }

  /** A server may be below a path (Rancher's are). */
  #url(path: string, query: Readonly<Record<string, string | number | boolean | undefined>>): URL {
    const url = new URL(this.server.pathname.replace(/\/+$/, '') + path, this.server);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  async #readAll(
    body: Readable,
    { signal, timeout = REQUEST_TIMEOUT }: RequestOptions,
    most = Infinity,
  ): Promise<string> {
    const timer = this.#clock.setTimeout(() => body.destroy(new SilenceError(timeout)), timeout, { unref: true });
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of body) {
        // A cast of what a stream without an encoding gives.
        chunks.push(chunk as Buffer);
        length += (chunk as Buffer).length;
        if (length > most) break;
      }
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw networkError(error, this.server.origin);
    } finally {
      this.#clock.clearTimeout(timer);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

/**
 * Owns one HTTP exchange: the sockets (one keep-alive pool, made anew when the TLS material changes), the time limit, gzip, and the
 * retry that a pooled socket needs when the server closed it a moment ago. It knows nothing of Kubernetes.
 *
 * node:http and node:https carry it: they are as fast here as anything else for Node, and their agents take every TLS option.
 */
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock } from '../system/clock.js';
import { errorCode, SilenceError } from './network-error.js';

/** How long a socket is idle before TCP probes it, in milliseconds: below the 60 s after which common NATs forget a flow. */
const TCP_KEEP_ALIVE = 30_000;

/** How many idle sockets are kept: a list and a watch of each kind come and go together; more would only go stale. */
const IDLE_SOCKETS = 8;

/** What a TLS connection is made with. PEM throughout. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** False: any certificate is taken (`insecure-skip-tls-verify`). */
  readonly rejectUnauthorized?: boolean;
  /** The name to ask for and to check, when it is not the host's. */
  readonly servername?: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls: TlsMaterial;
  /** Makes the agent instead of the client's own, for clusters behind a proxy; asked once for each TLS material. */
  readonly proxyAgent?: (() => http.Agent) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer's headers must be there. */
  readonly timeout: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Decompressed. To be read to its end, or destroyed; an error of it is a broken connection. */
  readonly body: Readable;
}

function sameBytes(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.from(a).equals(Buffer.from(b));
}

/** Whether connections made with one may be used for the other. */
export function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    a.rejectUnauthorized === b.rejectUnauthorized &&
    a.servername === b.servername &&
    a.passphrase === b.passphrase &&
    sameBytes(a.ca, b.ca) &&
    sameBytes(a.cert, b.cert) &&
    sameBytes(a.key, b.key)
  );
}

/** Sends HTTP requests to one server. */
export class HttpClient {
  readonly #clock: Clock;
  #pool: { readonly agent: http.Agent; readonly tls: TlsMaterial; readonly secure: boolean } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the answer's headers are there, whatever its status.
   *
   * @throws a {@link SilenceError} after `timeout`, the system's error when the connection fails, an AbortError when `signal` fires.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const agent = this.#agent(request);
    try {
      return await this.#exchange(request, agent);
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      // The idle sockets went the same way as this one: the next request is not to find out one by one.
      this.dropIdleSockets();
      if (!(error instanceof StaleSocketError)) throw error;
      return await this.#exchange(request, agent);
    }
  }

  /** Closes the sockets that nobody uses. */
  dropIdleSockets(): void {
    for (const sockets of Object.values(this.#pool?.agent.freeSockets ?? {})) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Closes every socket, those in use too. */
  close(): void {
    this.#pool?.agent.destroy();
    this.#pool = undefined;
  }

  #agent(request: HttpRequest): http.Agent {
    const secure = request.url.protocol === 'https:';
    const pool = this.#pool;
    if (pool !== undefined && pool.secure === secure && sameTls(pool.tls, request.tls)) return pool.agent;
    // What is in use stays so (a watch may live on); it is closed, not pooled, when it is done.
    if (pool !== undefined) {
      this.dropIdleSockets();
      pool.agent.maxFreeSockets = 0;
    }
    const options = { keepAlive: true, keepAliveMsecs: TCP_KEEP_ALIVE, maxFreeSockets: IDLE_SOCKETS };
    const agent =
      request.proxyAgent?.() ?? (secure ? new https.Agent({ ...options, ...request.tls }) : new http.Agent(options));
    this.#pool = { agent, tls: request.tls, secure };
    return agent;
  }

  #exchange(request: HttpRequest, agent: http.Agent): Promise<HttpResponse> {
    const { method, url, body, signal, timeout } = request;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortReason(signal));
      const transport = url.protocol === 'https:' ? https : http;
      const outgoing = transport.request(url, { method, headers: { ...request.headers, ...length }, agent });
      let answer: Readable | undefined;
      // Not by the option `signal` of Node's own: that destroys a socket which is just on its way back into the pool, where nobody
      // listens for its error, and so ends the process.
      const abort = (): void =>
        void (answer ?? outgoing).destroy(signal === undefined ? undefined : abortReason(signal));
      signal?.addEventListener('abort', abort);
      const timer = this.#clock.setTimeout(() => outgoing.destroy(new SilenceError(timeout)), timeout, { unref: true });
      outgoing.on('response', (incoming) => {
        this.#clock.clearTimeout(timer);
        answer = decompress(incoming);
        answer.once('close', () => signal?.removeEventListener('abort', abort));
        // Whoever reads it is told as well; until somebody does, an error of it is nobody's.
        answer.on('error', () => {});
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: answer });
      });
      // Stays for the life of the socket: an error after the answer began is told by its body, and would be thrown if nobody listened.
      outgoing.on('error', (error) => {
        this.#clock.clearTimeout(timer);
        if (answer === undefined) signal?.removeEventListener('abort', abort);
        const closedBefore = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(errorCode(error));
        reject(closedBefore && method === 'GET' ? new StaleSocketError(error.message, { cause: error }) : error);
      });
      outgoing.end(body);
    });
  }
}

/** A pooled socket turned out to be closed before anything was answered on it: nothing was done, so a GET may be sent again. */
class StaleSocketError extends Error {}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('The request was given up.');
}

// Chunks are handed on as they come: a watch that some proxy compresses is still a watch.
function decompress(incoming: http.IncomingMessage): Readable {
  if (incoming.headers['content-encoding'] !== 'gzip') return incoming;
  const gunzip = createGunzip();
  incoming.on('error', (error) => gunzip.destroy(error));
  gunzip.once('close', () => incoming.destroy());
  return incoming.pipe(gunzip);
}

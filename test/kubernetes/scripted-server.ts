/**
 * Owns the other side of the wire: an HTTP server that does nothing by itself. A test takes each request as it comes and answers it,
 * with bytes of its own or with recorded ones, so that nothing depends on time.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { Queue } from './queue.js';

/** What a recorded exchange (test/kubernetes/edge) looks like, as far as it is replayed. */
export interface Edge {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks: readonly { readonly data: string }[];
  readonly end: string;
}

export function readEdge(name: string): Edge {
  // The files are part of the tests.
  return JSON.parse(readFileSync(new URL(`edge/${name}.json`, import.meta.url), 'utf8')) as Edge;
}

/** How Node frames a body is Node's own business. */
const FRAMING = new Set(['transfer-encoding', 'content-length', 'connection', 'date']);

/** One request, and the means to answer it. */
export class Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly body: string;
  readonly url: URL;

  constructor(request: http.IncomingMessage, response: http.ServerResponse, body: string) {
    this.request = request;
    this.response = response;
    this.body = body;
    this.url = new URL(request.url ?? '/', 'http://server');
  }

  /** `LIST`, `WATCH` or the method, then the path and what tells requests apart. */
  get summary(): string {
    const query = this.url.searchParams;
    const verb = query.get('watch') === 'true' ? 'WATCH' : query.has('limit') ? 'LIST' : (this.request.method ?? '');
    const told = ['limit', 'continue', 'resourceVersion'].flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [`${name}=${value}`];
    });
    return [verb, this.url.pathname, ...told].join(' ');
  }

  json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }

  /** A page of a list of ConfigMaps. */
  page(resourceVersion: string, items: readonly unknown[] = [], continueToken?: string): void {
    this.json({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion, continue: continueToken },
      items,
    });
  }

  /** Accepts a watch. */
  open(): this {
    this.response.writeHead(200, { 'content-type': 'application/json' });
    this.response.flushHeaders();
    return this;
  }

  write(text: string | Buffer): this {
    this.response.write(text);
    return this;
  }

  /** Sends lines of a watch, in one chunk. */
  lines(...events: readonly unknown[]): this {
    return this.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  }

  end(): void {
    this.response.end();
  }

  /** Breaks the connection. */
  break(): void {
    this.request.socket.destroy();
  }

  /** Resolves when the client has closed its side. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.request.socket.destroyed) resolve();
      else this.request.socket.once('close', () => resolve());
    });
  }

  replay({ status, headers, chunks, end }: Edge): void {
    if (status === undefined) return this.break();
    const kept = Object.entries(headers ?? {}).filter(([name]) => !FRAMING.has(name));
    this.response.writeHead(status, { 'content-type': 'application/json', ...Object.fromEntries(kept) });
    this.response.flushHeaders();
    for (const { data } of chunks) this.response.write(data);
    if (end.startsWith('end') || end === '') this.response.end();
    // What was written is to arrive before the connection breaks.
    else if (end === 'aborted') this.response.write('', () => this.break());
  }
}

export class ScriptedServer {
  readonly #server: http.Server;
  readonly #exchanges = new Queue<Exchange>();
  readonly url: URL;
  /** Every request so far. */
  readonly seen: string[] = [];
  /** How many connections were made. */
  connections = 0;

  private constructor(server: http.Server, url: URL) {
    this.#server = server;
    this.url = url;
  }

  static async start(tls?: https.ServerOptions): Promise<ScriptedServer> {
    const server = tls === undefined ? http.createServer() : https.createServer(tls);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    // A listening TCP server has an address of this kind.
    const { port } = server.address() as AddressInfo;
    const scripted = new ScriptedServer(server, new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`));
    server.on(tls === undefined ? 'connection' : 'secureConnection', () => (scripted.connections += 1));
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const exchange = new Exchange(request, response, Buffer.concat(chunks).toString('utf8'));
        scripted.seen.push(exchange.summary);
        scripted.#exchanges.push(exchange);
      });
    });
    return scripted;
  }

  /** The next request, once it is there. */
  next(): Promise<Exchange> {
    return this.#exchanges.next();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

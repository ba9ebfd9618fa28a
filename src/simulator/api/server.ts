/** Owns the HTTP server: listening, reading bodies, turning requests into calls and errors into `Status` answers. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { RetryableError } from '../../errors.js';
import { ApiError, badRequest, unsupportedMediaType } from './status.js';

/** How large a request's body may be, in bytes; the API server's own limit. */
export const BODY_LIMIT = 3 * 1024 * 1024;

/** One request, read. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; nothing for an empty body. */
  readonly body: unknown;
  readonly contentType: string;
  readonly response: ServerResponse;
}

/** Answers a request: by a value to send, or by itself (a watch), when it returns nothing. */
export type ApiHandler = (request: ApiRequest) => ApiAnswer | undefined;

export interface ApiAnswer {
  readonly status: number;
  /** Sent as it is. */
  readonly text: string;
  readonly contentType?: string;
}

export class ApiServer {
  readonly #handler: ApiHandler;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(handler: ApiHandler) {
    this.#handler = handler;
  }

  /** The port in use; 0 before the first start. It stays the same over a restart. */
  get port(): number {
    return this.#port;
  }

  /**
   * Listens on 127.0.0.1.
   *
   * @param port 0 for any that is free.
   * @throws RetryableError LISTEN_FAILED when the port cannot be had.
   */
  async listen(port: number): Promise<void> {
    const server = createServer((message, response) => {
      void this.#answer(message, response);
    });
    // A watch may last for hours, and a client may keep its connection.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const message = `The simulator cannot listen on 127.0.0.1:${port} (${error.message}); choose another port, or 0 for any.`;
        reject(new RetryableError('LISTEN_FAILED', message, { cause: error }));
      });
      server.listen(port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port; // a TCP server that listens has one
  }

  /** Breaks every connection and stops listening. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(message.url ?? '/', 'http://127.0.0.1');
      const body = await readBody(message);
      const answer = this.#handler({
        method: message.method ?? 'GET',
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: message.headers,
        body: parse(body, message.headers['content-type'] ?? ''),
        contentType: message.headers['content-type'] ?? 'application/json',
        response,
      });
      if (answer !== undefined) send(response, answer);
    } catch (error) {
      if (!response.destroyed && !response.headersSent) send(response, failure(error));
    }
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new ApiError(413, 'RequestEntityTooLarge', `limit is ${BODY_LIMIT}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string, contentType: string): unknown {
  if (text === '') return undefined;
  if (contentType.includes('protobuf')) throw unsupportedMediaType(['application/json']);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be JSON): ${error instanceof Error ? error.message : ''}`,
    );
  }
}

/** What an exception is answered with: its own `Status`, or 500 for anything unforeseen. */
function failure(error: unknown): ApiAnswer {
  const known =
    error instanceof ApiError ? error : new ApiError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  return { status: known.code, text: `${JSON.stringify(known.toStatus())}\n` };
}

function send(response: ServerResponse, { status, text, contentType = 'application/json' }: ApiAnswer): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'cache-control': 'no-cache, private',
    'content-type': contentType,
    'content-length': body.length,
  });
  response.end(body);
}

/**
 * Owns one request and the answer to it, as handlers see them, and the ways to answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './errors.js';

export const JSON_TYPE = 'application/json';
/** The type of the ECS API's bodies (AWS JSON 1.1). */
export const AMZ_JSON_TYPE = 'application/x-amz-json-1.1';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export interface Exchange {
  /** Its body has not been read: see body.ts, or pipe it. */
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** As it was sent, percent-encoding included, without the query. */
  readonly path: string;
  /** What a route's pattern captured of the path, not decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Aborted when the server stops: whoever keeps a response open ends it. */
  readonly closing: AbortSignal;
  /** Under which name the request is counted; a handler that serves several names sets it. Only from a fixed set. */
  operation: string;
}

/** Answers one request. What it throws is answered: an HttpError as it says, anything else as a ServerException without a word of it. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Ends the response with this text. */
export function sendText({ response }: Exchange, status: number, text: string, contentType: string = TEXT_TYPE): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/** Ends the response with this value as JSON. */
export function sendJson(exchange: Exchange, status: number, value: unknown, contentType: string = JSON_TYPE): void {
  sendText(exchange, status, JSON.stringify(value), contentType);
}

/** The path's parameter of this name, decoded. */
export function pathParameter(exchange: Exchange, name: string): string {
  const raw = exchange.params[name] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new HttpError('BadRequest', 'The path has a percent sign that begins no percent-encoding of UTF-8.');
  }
}

/**
 * Owns reading a request's body: no more of it than the limit, and as JSON without trusting it.
 */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.js';

/** The largest body taken, in bytes. The largest of the ECS API, a task definition, is limited to 64 KiB; the rest is room. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** The client left before its request was complete: nobody is there to be answered. */
export class ClientGoneError extends Error {}

const tooLarge = (): HttpError =>
  new HttpError(
    'RequestEntityTooLarge',
    `The body is larger than ${MAX_BODY_BYTES} bytes, the most that ecstate takes.`,
  );

/**
 * The whole body. What lies beyond the limit is received and thrown away (the request's timeout ends that), so that the client reads the answer.
 *
 * @throws HttpError RequestEntityTooLarge
 * @throws ClientGoneError
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      reject(tooLarge());
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => reject(new ClientGoneError()));
    request.once('close', () => reject(new ClientGoneError()));
  });
}

/** A JSON object as it was parsed. JSON.parse makes `__proto__` a property as any other. */
export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body as a JSON object; an empty body is an empty object.
 *
 * @throws HttpError SerializationException
 */
export function parseJsonObject(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new HttpError('SerializationException', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError('SerializationException', 'The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError('SerializationException', 'The body must be a JSON object.');
  }
  // An object that JSON.parse made has string keys and unknown values.
  return value as JsonObject;
}

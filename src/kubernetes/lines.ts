/**
 * Owns the framing of a watch: bytes as they come from the socket to lines, and the plain reading of one line.
 */
import type { WatchedObject, WatchLine, WatchStatus } from './watched-kind.js';

/** The longest line that is waited for, in bytes: etcd takes objects of 1.5 MiB, and a watch may show one as it was and as it is. */
export const MAX_LINE = 16 * 1024 * 1024;

const NEWLINE = 10;

/** A line that does not end. */
export class LineTooLongError extends Error {}

/** Cuts chunks into lines. Only what crosses the border of a chunk is copied. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;

  /** Bytes of a line that has begun and not ended. */
  get pending(): number {
    return this.#length;
  }

  /**
   * The lines that this chunk completes, in order, without their newlines; empty ones are left out. They are views of the chunk.
   *
   * @throws LineTooLongError when a line exceeds {@link MAX_LINE}.
   */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      const piece = chunk.subarray(start, end);
      const line = this.#length === 0 ? piece : Buffer.concat([...this.#pieces, piece]);
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
      if (line.length > 0) lines.push(line);
    }
    if (start < chunk.length) {
      this.#pieces.push(chunk.subarray(start));
      this.#length += chunk.length - start;
      if (this.#length > MAX_LINE) throw new LineTooLongError(`A line of the watch is longer than ${MAX_LINE} bytes.`);
    }
    return lines;
  }
}

/** Finds a resourceVersion in a line that cannot be decoded; undefined when there is none. The first is the object's own. */
export function findResourceVersion(line: Buffer): string | undefined {
  return /"resourceVersion":\s*"([^"]{1,64})"/.exec(line.toString('latin1'))?.[1];
}

/** An object in which nothing is promised. */
type Raw = Readonly<Record<string, unknown>>;

function object(value: unknown, what: string): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${what} is not an object`);
  // Checked just above.
  return value as Raw;
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${what} is missing`);
  return value;
}

/** Reads the identity and version of a parsed object, and makes its value. @throws TypeError when it has none. */
export function decodeObject<T>(item: unknown, decode: (item: Raw) => T): WatchedObject<T> {
  const fields = object(item, 'the object');
  const metadata = object(fields['metadata'], 'metadata');
  return {
    uid: string(metadata['uid'], 'metadata.uid'),
    resourceVersion: string(metadata['resourceVersion'], 'metadata.resourceVersion'),
    value: decode(fields),
  };
}

/** Reads one line of a watch by parsing all of it. @throws SyntaxError, TypeError when it is malformed, and what `decode` throws. */
export function decodeLine<T>(line: Buffer, decode: (item: Raw) => T): WatchLine<T> {
  const event = object(JSON.parse(line.toString('utf8')), 'the line');
  const { type } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: decodeObject(event['object'], decode) };
    case 'BOOKMARK': {
      const metadata = object(object(event['object'], 'the object')['metadata'], 'metadata');
      return { type, resourceVersion: string(metadata['resourceVersion'], 'metadata.resourceVersion') };
    }
    case 'ERROR':
      return { type, status: decodeStatus(event['object']) };
    default:
      throw new TypeError(`the type ${JSON.stringify(type)} is not one of a watch`);
  }
}

/** What is not there is left out. */
function decodeStatus(item: unknown): WatchStatus {
  const fields = object(item, 'the object');
  const { code, reason, message } = fields;
  return {
    ...(typeof code === 'number' && { code }),
    ...(typeof reason === 'string' && { reason }),
    ...(typeof message === 'string' && { message }),
  };
}

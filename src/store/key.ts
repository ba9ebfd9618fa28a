/**
 * Owns how a key of the port becomes bytes whose order is the order that the port promises, and back.
 *
 * Each part is a tag and its value, so that the bytes compare as the parts do:
 * - a number: `01`, then its IEEE 754 double, big-endian, with the sign bit flipped (and all bits flipped when negative)
 * - a string: `02`, then its UTF-8 with every `00` written `00 ff`, then `00`
 *
 * UTF-8 orders by code point. The end of a string is smaller than anything that may follow inside one, so `['a']` < `['a', 1]` < `['a\0']`.
 * lmdb's own encoding is not used: it leaves control characters unescaped in strings of 64 characters and more, which lets keys collide.
 */
import { FatalError } from '../errors.js';
import type { StoreKey } from '../system/store.port.js';

/** The longest encoded key, in bytes: what LMDB takes with pages of 4 KiB. A part costs its UTF-8 and two bytes more, a number nine. */
export const KEY_LIMIT = 1978;

const NUMBER = 1;
const STRING = 2;
const ESCAPE = 0xff;
const NUMBER_BYTES = 9;

/** A key or a row that cannot be stored: a mistake of the caller, found before anything is written. */
export const unusable = (what: string): FatalError => new FatalError('STORE_FAILED', `The store cannot hold ${what}.`);

const shown = (key: StoreKey): string => {
  const text = JSON.stringify(key);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

/**
 * The bytes of a key. A string and an array of that one string are the same key.
 *
 * @throws FatalError (STORE_FAILED) for an empty array, a part that is not a string or a number, NaN, a string with half a surrogate pair
 *   (it has no code point), and a key longer than {@link KEY_LIMIT}.
 */
export function encodeKey(key: StoreKey): Buffer {
  const parts = typeof key === 'string' ? [key] : key;
  if (parts.length === 0) throw unusable('an empty key');
  const encoded = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? encodeString(part, key) : encodeNumber(part, key))),
  );
  if (encoded.length > KEY_LIMIT) {
    throw unusable(`a key of ${encoded.length} bytes; ${KEY_LIMIT} is the limit: ${shown(key)}`);
  }
  return encoded;
}

function encodeString(part: string, key: StoreKey): Buffer {
  const length = Buffer.byteLength(part);
  if (length !== part.length && /\p{Surrogate}/u.test(part))
    throw unusable(`half a surrogate pair in the key ${shown(key)}`);
  const escaped = part.includes('\0') ? part.split('\0') : [part];
  const bytes = Buffer.alloc(length + escaped.length + 1);
  let end = bytes.writeUInt8(STRING, 0);
  for (const [index, run] of escaped.entries()) {
    if (index > 0) end = bytes.writeUInt8(ESCAPE, end + 1);
    end += bytes.write(run, end);
  }
  return bytes;
}

function encodeNumber(part: unknown, key: StoreKey): Buffer {
  if (typeof part !== 'number' || Number.isNaN(part))
    throw unusable(`anything but strings and numbers in the key ${shown(key)}`);
  const bytes = Buffer.alloc(NUMBER_BYTES);
  bytes.writeUInt8(NUMBER, 0);
  // Adding 0 makes −0 the same key as 0.
  bytes.writeDoubleBE(part + 0, 1);
  flipNumber(bytes, 1, (bytes[1] ?? 0) >= 0x80);
  return bytes;
}

/** Turns the bytes of a double into bytes that order as it does, and back: all of them for a negative number, else the sign alone. */
function flipNumber(bytes: Buffer, at: number, negative: boolean): void {
  const end = negative ? at + 8 : at + 1;
  for (let index = at; index < end; index += 1) bytes[index] = (bytes[index] ?? 0) ^ (negative ? 0xff : 0x80);
}

/**
 * The key of such bytes; one string comes back as a string, anything else as an array.
 *
 * @throws FatalError (STORE_CORRUPT) for bytes that {@link encodeKey} does not make.
 */
export function decodeKey(bytes: Buffer): StoreKey {
  const parts: (string | number)[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at];
    at += 1;
    if (tag === NUMBER && at + 8 <= bytes.length) {
      const double = Buffer.from(bytes.subarray(at, at + 8));
      flipNumber(double, 0, (double[0] ?? 0) < 0x80);
      parts.push(double.readDoubleBE(0));
      at += 8;
    } else if (tag === STRING) {
      const { text, end } = decodeString(bytes, at);
      parts.push(text);
      at = end;
    } else {
      throw malformed(bytes);
    }
  }
  const [first] = parts;
  if (first === undefined) throw malformed(bytes);
  return parts.length === 1 && typeof first === 'string' ? first : parts;
}

function decodeString(bytes: Buffer, start: number): { readonly text: string; readonly end: number } {
  let text = '';
  for (let from = start; ;) {
    const zero = bytes.indexOf(0, from);
    if (zero < 0) throw malformed(bytes);
    text += bytes.toString('utf8', from, zero);
    if (bytes[zero + 1] !== ESCAPE) return { text, end: zero + 1 };
    text += '\0';
    from = zero + 2;
  }
}

const malformed = (bytes: Buffer): FatalError =>
  new FatalError(
    'STORE_CORRUPT',
    `The store holds a key that ecstate never writes (${bytes.toString('hex', 0, 40)}); restore a backup.`,
  );

/**
 * The end bound of all keys that begin with the parts of `prefix`, `prefix` itself included:
 * `range('history', { start: [arn], end: prefixEnd([arn]) })`. Nothing lies between them and it.
 *
 * @throws FatalError (STORE_FAILED) for an empty prefix.
 */
export function prefixEnd(prefix: StoreKey): StoreKey {
  if (typeof prefix === 'string') return `${prefix}\0`;
  const last = prefix.at(-1);
  if (last === undefined) throw unusable('an empty key');
  return [...prefix.slice(0, -1), typeof last === 'string' ? `${last}\0` : nextNumber(last)];
}

/** The smallest double above `value`; after Infinity comes whatever follows all numbers, the empty string. */
function nextNumber(value: number): number | string {
  if (value === Infinity) return '';
  const double = Buffer.alloc(8);
  double.writeDoubleBE(value + 0);
  const bits = double.readBigInt64BE();
  double.writeBigInt64BE(value >= 0 ? bits + 1n : bits - 1n);
  return double.readDoubleBE() + 0;
}

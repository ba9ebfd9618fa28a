/**
 * Owns the reading of untrusted JSON: objects of the cluster are read field by field, and a field of the wrong kind reads as absent.
 */

/** A JSON object whose fields have not been looked at. */
export type RawObject = Readonly<Record<string, unknown>>;

const NONE: RawObject = Object.freeze({});

/** The value as an object; an empty one when it is none. */
export const object = (value: unknown): RawObject =>
  // Any non-null, non-array object may be read by string keys, each of which is unknown.
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawObject) : NONE;

export const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A non-empty string, or undefined. */
export const string = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/**
 * An RFC 3339 instant as epoch milliseconds. The zero time, which Go prints for "never" (and the kubelet for a container that
 * could not be started: 1970), reads as absent.
 */
export function instant(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const epoch = Date.parse(value);
  return Number.isNaN(epoch) || epoch <= 0 ? undefined : epoch;
}

/** An object of the cluster that lacks what every object has; it is logged, counted and passed over. */
export class MalformedObjectError extends Error {
  constructor(kind: string, lacks: string) {
    super(`a ${kind} of the cluster has no usable ${lacks}`);
    this.name = 'MalformedObjectError';
  }
}

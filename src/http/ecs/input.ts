/**
 * Owns reading the parameters of an ECS operation out of its JSON body.
 *
 * As in AWS's JSON protocol: members that are not of the model are ignored, null is the same as absent, a value of the wrong JSON type is a
 * SerializationException, and a value of the right type that is not allowed is an InvalidParameterException.
 */
import type { JsonObject } from '../body.js';
import { HttpError, invalidParameter, quoted } from '../errors.js';

const member = (input: JsonObject, name: string): unknown => input[name] ?? undefined;

const wrongType = (name: string, expected: string, value: unknown): HttpError =>
  new HttpError('SerializationException', `${name} must be ${expected}, but was ${typeName(value)}.`);

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** @throws HttpError SerializationException */
export function optionalString(input: JsonObject, name: string): string | undefined {
  const value = member(input, name);
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(name, 'a string', value);
}

/**
 * A list of strings; absent is empty. At most `most` items, which are counted under the name that ECS gives them in its message.
 *
 * @throws HttpError
 */
export function stringList(
  input: JsonObject,
  name: string,
  limit: { readonly most: number; readonly as: string } | undefined,
): readonly string[] {
  const value = member(input, name);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongType(name, 'a list of strings', value);
  if (limit !== undefined && value.length > limit.most) {
    throw invalidParameter(`${limit.as} can have at most ${limit.most} items.`);
  }
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw wrongType(`each of ${name}`, 'a string', item);
    return item;
  });
}

/** @throws HttpError */
export function optionalInteger(
  input: JsonObject,
  name: string,
  range: { readonly least: number; readonly most: number },
): number | undefined {
  const value = member(input, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(name, 'an integer', value);
  if (!Number.isInteger(value))
    throw new HttpError('SerializationException', `${name} must be an integer, but was ${value}.`);
  if (value >= range.least && value <= range.most) return value;
  throw invalidParameter(`${name} must be between ${range.least} and ${range.most}, but was ${value}.`);
}

const oneOf = <T extends string>(name: string, value: string, allowed: readonly T[]): T => {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw invalidParameter(`${name} must be one of [${allowed.join(', ')}], but was ${quoted(value)}.`);
  return found;
};

/** @throws HttpError SerializationException */
export function optionalObject(input: JsonObject, name: string): JsonObject | undefined {
  const value = member(input, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, 'an object', value);
  // An object that JSON.parse made has string keys and unknown values.
  return value as JsonObject;
}

/**
 * A time, which the JSON protocol has in epoch seconds; in epoch milliseconds.
 *
 * @throws HttpError SerializationException
 */
export function optionalInstant(input: JsonObject, name: string): number | undefined {
  const value = member(input, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(name, 'a time in epoch seconds', value);
  return value * 1000;
}

/** @throws HttpError */
export function optionalEnum<T extends string>(input: JsonObject, name: string, allowed: readonly T[]): T | undefined {
  const value = optionalString(input, name);
  return value === undefined ? undefined : oneOf(name, value, allowed);
}

/** @throws HttpError */
export function enumSet<T extends string>(input: JsonObject, name: string, allowed: readonly T[]): ReadonlySet<T> {
  return new Set(stringList(input, name, undefined).map((value) => oneOf(`each of ${name}`, value, allowed)));
}

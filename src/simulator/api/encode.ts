/**
 * Owns how objects become JSON text: Go's escapes, and the parts of an object that many of its versions share
 * (its spec, who owns its fields) encoded once.
 */
import type { KubeObject, ManagedFieldsEntry } from '../objects.js';

/** Texts of parts that do not change with the object; parts are immutable, so that identity is equality. */
const parts = new WeakMap<object, string>();

/** `value` as JSON, with `<`, `>`, `&` and the two line separators escaped as Go's encoder does. */
export function encodeValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, escapeCharacter) : text;
}

const UNSAFE = /[<>&\u2028\u2029]/;
const UNSAFE_ALL = /[<>&\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function encodePart(part: object): string {
  const known = parts.get(part);
  if (known !== undefined) return known;
  const text = encodeValue(part);
  parts.set(part, text);
  return text;
}

/** The text of a whole object: kind and apiVersion first, then what {@link encodeBody} gives. */
export function encodeObject(object: KubeObject): string {
  return `{"kind":${encodeValue(object.kind)},"apiVersion":${encodeValue(object.apiVersion)},${encodeBody(object)}}`;
}

/** An object as an item of a typed list: without kind and apiVersion, which the list has. */
export function encodeListItem(object: KubeObject): string {
  return `{${encodeBody(object)}}`;
}

function encodeBody(object: KubeObject): string {
  const fields: string[] = [`"metadata":${encodeMetadata(object)}`];
  for (const [name, value] of Object.entries(object)) {
    if (name === 'kind' || name === 'apiVersion' || name === 'metadata' || value === undefined) continue;
    // The spec outlives many versions of the object; the status is another in each.
    const text =
      name === 'spec' && typeof value === 'object' && value !== null ? encodePart(value) : encodeValue(value);
    fields.push(`${JSON.stringify(name)}:${text}`);
  }
  return fields.join(',');
}

function encodeMetadata(object: KubeObject): string {
  const { managedFields, ...metadata } = object.metadata;
  const text = encodeValue(metadata);
  if (managedFields === undefined || managedFields.length === 0) return text;
  const owners = managedFields.map((entry: ManagedFieldsEntry) => encodePart(entry)).join(',');
  return `${text.slice(0, -1)},"managedFields":[${owners}]}`;
}

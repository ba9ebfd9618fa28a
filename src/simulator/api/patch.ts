/** Owns the three kinds of patch: JSON merge patch (RFC 7386), JSON patch (RFC 6902), and the choice of the third. */
import { isDeepStrictEqual } from 'node:util';
import { ApiError, badRequest, unsupportedMediaType } from './status.js';
import { strategicMerge } from './strategic-merge.js';

const STRATEGIC = 'application/strategic-merge-patch+json';
const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';

/**
 * Applies a patch. The document is not changed.
 *
 * @param contentType the request's content type, which says what kind of patch it is.
 * @throws ApiError 400 or 422 for a patch that cannot be applied, 415 for a kind that is not known.
 */
export function applyPatch(document: unknown, patch: unknown, contentType: string): unknown {
  switch (contentType.split(';')[0]?.trim()) {
    case STRATEGIC:
      return strategicMerge(document, patch);
    case MERGE:
      return mergePatch(document, patch);
    case JSON_PATCH:
      return jsonPatch(document, patch);
    default:
      throw unsupportedMediaType([JSON_PATCH, MERGE, STRATEGIC]);
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(document) ? { ...document } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  let result: unknown = structuredClone(document);
  for (const operation of patch as readonly unknown[]) {
    if (!isObject(operation)) throw badRequest('an operation of a JSON patch must be an object');
    result = applyOperation(result, operation);
  }
  return result;
}

function applyOperation(document: unknown, operation: JsonObject): unknown {
  const path = pointer(operation['path']);
  switch (operation['op']) {
    case 'add':
      return write(document, path, operation['value'], 'insert');
    case 'replace':
      read(document, path);
      return write(document, path, operation['value'], 'replace');
    case 'remove':
      read(document, path);
      return write(document, path, undefined, 'remove');
    case 'test':
      if (!isDeepStrictEqual(read(document, path), operation['value'])) {
        throw unprocessable(`testing value ${String(operation['path'])} failed: test failed`);
      }
      return document;
    case 'copy':
      return write(document, path, structuredClone(read(document, pointer(operation['from']))), 'insert');
    case 'move': {
      const from = pointer(operation['from']);
      const value = read(document, from);
      return write(write(document, from, undefined, 'remove'), path, value, 'insert');
    }
    default:
      throw badRequest(`unexpected operation kind: ${String(operation['op'])}`);
  }
}

function pointer(path: unknown): readonly string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw badRequest(`not a JSON pointer: ${JSON.stringify(path)}`);
  }
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const part of path) {
    const next: unknown = Array.isArray(value) ? value[Number(part)] : isObject(value) ? value[part] : undefined;
    if (next === undefined) throw unprocessable(`the path /${path.join('/')} does not exist`);
    value = next;
  }
  return value;
}

function write(
  document: unknown,
  path: readonly string[],
  value: unknown,
  how: 'insert' | 'replace' | 'remove',
): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(document)) {
    const list: unknown[] = [...(document as readonly unknown[])];
    const index = head === '-' ? list.length : Number(head);
    if (!Number.isInteger(index) || index < 0 || index > list.length) throw unprocessable(`no index ${head} in a list`);
    if (rest.length > 0) list[index] = write(list[index], rest, value, how);
    else if (how === 'remove') list.splice(index, 1);
    else list.splice(index, how === 'insert' ? 0 : 1, value);
    return list;
  }
  if (!isObject(document)) throw unprocessable(`the path ${head} does not exist`);
  const result: Record<string, unknown> = { ...document };
  if (rest.length > 0) result[head] = write(result[head], rest, value, how);
  else if (how === 'remove') delete result[head];
  else result[head] = value;
  return result;
}

function unprocessable(why: string): ApiError {
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`);
}

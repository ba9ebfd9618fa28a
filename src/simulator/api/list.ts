/** Owns lists: selection, paging with a consistent snapshot, and the rules of `resourceVersion`. */
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { apiVersionOf } from '../resources.js';
import { encodeListItem } from './encode.js';
import type { Matcher } from './selectors.js';
import { badRequest, badResourceVersion, expired, tooLarge } from './status.js';
import type { Storage } from './storage.js';
import { keyOf } from './storage.js';

export interface ListRequest {
  readonly resource: Resource;
  /** All namespaces when absent. */
  readonly namespace: string | undefined;
  readonly matcher: Matcher;
  /** Whether `matcher` selects at all: a list that does cannot say how many items remain. */
  readonly selective: boolean;
  readonly query: URLSearchParams;
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/**
 * Answers a list. Pages after the first are read at the revision of the first one.
 *
 * @throws ApiError 400 for bad parameters, 410 when the past asked for is gone, 500 for a resourceVersion that is no
 * number, 504 for one that is not yet.
 */
export function list(storage: Storage, request: ListRequest): ListResult {
  const { query, resource } = request;
  const token = query.get('continue');
  const asked = query.get('resourceVersion') ?? '';
  // From the watch cache (resourceVersion 0) there are no pages: the limit is ignored, as a real server does.
  const limit = asked === '0' ? 0 : Number(query.get('limit') ?? 0);
  if (token !== null && token !== '') return page(storage, request, limit, token, asked);
  const wanted = asked === '' ? 0 : parseRevision(asked);
  if (wanted > storage.revision) throw tooLarge(wanted, storage.revision);
  const exact = query.get('resourceVersionMatch') === 'Exact';
  const revision = exact && wanted > 0 ? wanted : storage.revision;
  const objects = storage.listAt(resource, revision);
  if (objects === undefined) throw expired('The resourceVersion for the provided list is too old.');
  return take(request, objects, revision, limit, '');
}

function page(storage: Storage, request: ListRequest, limit: number, token: string, asked: string): ListResult {
  if (asked !== '' && asked !== '0') throw badRequest('specifying resource version is not allowed when using continue');
  const { rv, start } = decodeToken(token);
  const revision = rv === -1 ? storage.revision : rv;
  const objects = storage.listAt(request.resource, revision);
  if (objects === undefined) {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeToken(-1, start),
    );
  }
  return take(request, objects, revision, limit, start);
}

function take(
  { namespace, matcher, selective }: ListRequest,
  objects: readonly KubeObject[],
  revision: number,
  limit: number,
  start: string,
): ListResult {
  const key = (object: KubeObject): string =>
    namespace === undefined ? keyOf(object.metadata.namespace, object.metadata.name) : object.metadata.name;
  const chosen = objects.filter(
    (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (start === '' || key(object) >= start) &&
      matcher(object),
  );
  const items = limit > 0 ? chosen.slice(0, limit) : chosen;
  const last = items.at(-1);
  const remaining = chosen.length - items.length;
  if (remaining === 0 || last === undefined) return { items, metadata: { resourceVersion: String(revision) } };
  return {
    items,
    metadata: {
      resourceVersion: String(revision),
      continue: encodeToken(revision, `${key(last)}\u0000`),
      ...(selective ? {} : { remainingItemCount: remaining }),
    },
  };
}

/** The list as JSON text. */
export function encodeList(resource: Resource, { items, metadata }: ListResult): string {
  const head = `{"kind":"${resource.kind}List","apiVersion":"${apiVersionOf(resource)}"`;
  return `${head},"metadata":${JSON.stringify(metadata)},"items":[${items.map(encodeListItem).join(',')}]}\n`;
}

/** @throws ApiError 500, as a real server answers, for a text that is no number. */
export function parseRevision(text: string): number {
  if (!/^\d+$/.test(text)) throw badResourceVersion(text);
  return Number(text);
}

function encodeToken(rv: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
}

function decodeToken(token: string): { rv: number; start: string } {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  if (typeof decoded !== 'object' || decoded === null) throw badRequest('continue key is not valid: not an object');
  const { v, rv, start } = decoded as Readonly<Record<string, unknown>>; // an object, read by name
  if (v !== 'meta.k8s.io/v1' || typeof rv !== 'number' || typeof start !== 'string') {
    throw badRequest('continue key is not valid: server does not recognize this encoded version');
  }
  return { rv, start };
}

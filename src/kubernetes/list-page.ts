/**
 * Owns one page of a list: the request, and its items decoded one by one, so that one bad object costs itself alone. Also the
 * smallest list there is, which tells how far the cluster's history goes.
 */
import { FatalError } from '../errors.js';
import type { Connection } from './connection.js';
import { INACTIVITY_TIMEOUT } from './inactivity.js';
import type { WatchedKind, WatchedObject } from './watched-kind.js';

/** Objects a page: 250 pods of 10 KB parse in about 20 ms, in which nothing else can run. */
export const PAGE_LIMIT = 250;

/** An object or a line that could not be decoded. */
export interface Malformed {
  readonly error: unknown;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface Page<T> {
  readonly objects: readonly WatchedObject<T>[];
  readonly malformed: readonly Malformed[];
  readonly resourceVersion: string;
  /** Null on the last page. */
  readonly continueToken: string | null;
}

/** An object in which nothing is promised. */
type Raw = Readonly<Record<string, unknown>>;

function raw(value: unknown): Raw {
  // Checked to be an object; each field is checked where it is used.
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A list's own version, which every list of the Kubernetes API has. */
function listVersion(list: Raw, path: string, connection: Connection): string {
  const version = text(raw(list['metadata'])['resourceVersion']);
  if (version !== undefined) return version;
  throw new FatalError(
    'KUBERNETES_PROTOCOL',
    `${connection.server.origin} answered ${path} with JSON that is not a list of the Kubernetes API. Check the address of the server.`,
  );
}

/**
 * Fetches one page: the first without a `continueToken`, else the one after it.
 *
 * @throws what {@link Connection.json} throws; KUBERNETES_EXPIRED for a token whose version the cluster has forgotten.
 */
export async function fetchPage<T>(
  connection: Connection,
  kind: WatchedKind<T>,
  path: string,
  continueToken: string | null,
  signal: AbortSignal,
): Promise<Page<T>> {
  const { labelSelector, fieldSelector } = kind;
  const query = { limit: PAGE_LIMIT, continue: continueToken ?? undefined, labelSelector, fieldSelector };
  const list = raw(await connection.json('GET', path, { query, signal, timeout: INACTIVITY_TIMEOUT }));
  const resourceVersion = listVersion(list, path, connection);
  const items: unknown = list['items'];
  const objects: WatchedObject<T>[] = [];
  const malformed: Malformed[] = [];
  // No items are null in some lists.
  for (const item of Array.isArray(items) ? items : []) {
    try {
      objects.push(kind.decodeItem(item));
    } catch (error) {
      const metadata = raw(raw(item)['metadata']);
      const uid = text(metadata['uid']);
      const version = text(metadata['resourceVersion']);
      malformed.push({
        error,
        ...(uid !== undefined && { uid }),
        ...(version !== undefined && { resourceVersion: version }),
      });
    }
  }
  return { objects, malformed, resourceVersion, continueToken: text(raw(list['metadata'])['continue']) ?? null };
}

/**
 * The cluster's present version. Without selectors: a list of one that finds nothing would search everything there is.
 *
 * @throws what {@link Connection.json} throws.
 */
export async function presentVersion(connection: Connection, path: string, signal: AbortSignal): Promise<string> {
  return listVersion(raw(await connection.json('GET', path, { query: { limit: 1 }, signal })), path, connection);
}

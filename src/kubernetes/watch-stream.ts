/**
 * Owns one watch, from its request to its end: bytes to lines, lines to changes, in batches that the consumer takes at its own pace.
 *
 * All complete lines of a chunk are one batch (up to {@link MAX_BATCH}). A line that cannot be decoded is left out and told; the part
 * of a line that the end of the stream cut off is forgotten, since it comes again when the watch is resumed.
 */
import type { Readable } from 'node:stream';
import { compareResourceVersions } from '../../machines/watch/resource-version.js';
import { FatalError } from '../errors.js';
import type { Clock } from '../system/clock.js';
import type { Connection } from './connection.js';
import { INACTIVITY_TIMEOUT, InactivityWatchdog } from './inactivity.js';
import { findResourceVersion, LineSplitter, LineTooLongError } from './lines.js';
import type { Malformed } from './list-page.js';
import { networkError, SilenceError } from './network-error.js';
import { statusToError } from './status-error.js';
import type { WatchChange, WatchedKind, WatchStatus } from './watched-kind.js';

/** The most lines that are decoded and handed over before the event loop gets a turn. */
export const MAX_BATCH = 500;

export interface WatchRequest<T> {
  readonly connection: Connection;
  readonly kind: WatchedKind<T>;
  readonly path: string;
  /** Changes after this version are sent. */
  readonly resourceVersion: string;
  /** When the cluster is to end the watch, in seconds. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What some lines came to. */
export interface WatchBatch<T> {
  readonly changes: readonly WatchChange<T>[];
  /** Of the last line that had one; absent when none could be decoded. */
  readonly resourceVersion?: string;
  readonly bookmarks: number;
  /** Changes at or before the version that the watch began at, which the cluster should not have sent and which are left out. */
  readonly duplicates: number;
  readonly malformed: readonly Malformed[];
}

/**
 * Opens a watch; resolves when the cluster has accepted it.
 *
 * @throws what {@link Connection.request} throws, and the error that a refusal means.
 */
export async function openWatch<T>(request: WatchRequest<T>): Promise<AsyncGenerator<WatchBatch<T>, void, void>> {
  const { connection, kind, path, resourceVersion, timeoutSeconds, signal } = request;
  const { labelSelector, fieldSelector } = kind;
  const query = {
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion,
    timeoutSeconds,
    labelSelector,
    fieldSelector,
  };
  const response = await connection.request('GET', path, { query, signal, timeout: INACTIVITY_TIMEOUT });
  if (response.status !== 200) throw await connection.failure(response, 'GET', path, true);
  const type = response.headers['content-type'];
  if (type !== undefined && !/\bjson\b/.test(type)) {
    response.body.destroy();
    throw connection.notKubernetes(path, response);
  }
  return readBatches(request, response.body);
}

/** @throws SilenceError, the error of an ERROR line, RetryableError when the connection breaks. */
async function* readBatches<T>(request: WatchRequest<T>, body: Readable): AsyncGenerator<WatchBatch<T>, void, void> {
  const { connection, path, clock, signal } = request;
  const splitter = new LineSplitter();
  const watchdog = new InactivityWatchdog(clock, () => body.destroy(new SilenceError(INACTIVITY_TIMEOUT)));
  try {
    for await (const chunk of body) {
      watchdog.pause();
      // A cast of what a stream without an encoding gives.
      const lines = splitter.push(chunk as Buffer);
      for (let start = 0; start < lines.length; start += MAX_BATCH) {
        if (start > 0) await new Promise((resolve) => setImmediate(resolve));
        const { error, ...batch } = decodeBatch(request, lines.slice(start, start + MAX_BATCH));
        yield batch;
        if (error !== undefined) throw statusToError(error, connection.asked('GET', path, true));
      }
      watchdog.resume();
    }
  } catch (error) {
    if (signal.aborted || error instanceof SilenceError) throw error;
    if (error instanceof LineTooLongError)
      throw new FatalError('KUBERNETES_PROTOCOL', `${connection.server.origin}: ${error.message}`);
    throw networkError(error, connection.server.origin);
  } finally {
    watchdog.stop();
    body.destroy();
  }
}

function decodeBatch<T>(
  { kind, resourceVersion: begun }: WatchRequest<T>,
  lines: readonly Buffer[],
): WatchBatch<T> & { readonly error?: WatchStatus } {
  const changes: WatchChange<T>[] = [];
  const malformed: Malformed[] = [];
  let reached: string | undefined;
  let bookmarks = 0;
  let duplicates = 0;
  let error: WatchStatus | undefined;
  for (const bytes of lines) {
    try {
      const line = kind.decodeLine(bytes);
      if (line.type === 'ERROR') {
        error = line.status;
        break;
      }
      if (line.type === 'BOOKMARK') {
        reached = line.resourceVersion;
        bookmarks += 1;
        continue;
      }
      const order = compareResourceVersions(line.object.resourceVersion, begun);
      if (order !== undefined && order <= 0) {
        duplicates += 1;
        continue;
      }
      reached = line.object.resourceVersion;
      changes.push(line);
    } catch (cause) {
      const version = findResourceVersion(bytes);
      malformed.push({ error: cause, ...(version !== undefined && { resourceVersion: version }) });
    }
  }
  return {
    changes,
    bookmarks,
    duplicates,
    malformed,
    ...(reached !== undefined && { resourceVersion: reached }),
    ...(error !== undefined && { error }),
  };
}

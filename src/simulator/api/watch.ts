/**
 * Owns one open watch: which changes it sends and in what form, its bookmarks, its end.
 *
 * Invariants:
 * 1. It sends every change of its selection after its starting revision, in order, each once (faults excepted).
 * 2. An object that enters the selection is ADDED, one that leaves it is DELETED, whatever happened to it otherwise.
 * 3. A start that is too old is told as an ERROR event in a 200 answer, which then ends cleanly.
 */
import type { ServerResponse } from 'node:http';
import type { Timer } from '../../system/clock.js';
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { apiVersionOf } from '../resources.js';
import type { Timers } from '../timers.js';
import { encodeObject } from './encode.js';
import type { FaultyWatch, Faults } from './faults.js';
import type { Matcher } from './selectors.js';
import type { ApiError } from './status.js';
import { tooOld } from './status.js';
import type { Change, Storage } from './storage.js';
import { encodeWatchEvent } from './storage.js';

/** How often a quiet watch is told how far it has come, in milliseconds. */
export const BOOKMARK_INTERVAL = 60_000;
/** How long before its end a watch gets a last bookmark, in milliseconds. */
export const LAST_BOOKMARK = 2_000;
/** How long a watch lasts that does not say, in milliseconds: the least that a real server gives. */
export const DEFAULT_WATCH_TIMEOUT = 1_800_000;
/** How many unsent bytes a watch may pile up before it is ended as too slow. */
export const WATCH_BUFFER_LIMIT = 64 * 1024 * 1024;

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matcher: Matcher;
  /** Changes after this revision; when absent, all that is there first, as ADDED. */
  readonly since: number | undefined;
  readonly bookmarks: boolean;
  /** Milliseconds until the server ends it. */
  readonly timeout: number;
  /** Sends an object in another form than its own, where that was asked for (a table). */
  readonly transform: ((object: KubeObject) => string) | undefined;
}

export interface WatchContext {
  readonly storage: Storage;
  readonly timers: Timers;
  readonly faults: Faults;
}

export class WatchStream implements FaultyWatch {
  readonly resource: Resource;
  readonly #request: WatchRequest;
  readonly #context: WatchContext;
  readonly #response: ServerResponse;
  #nextBookmark: Timer | undefined;
  #lastBookmark: Timer | undefined;
  #deadline: Timer | undefined;
  #pending: Buffer[] = [];
  #flushing = false;
  #stalled: boolean;
  #ended = false;
  #unsubscribe: () => void = () => {};

  constructor(request: WatchRequest, context: WatchContext, response: ServerResponse) {
    this.resource = request.resource;
    this.#request = request;
    this.#context = context;
    this.#response = response;
    this.#stalled = context.faults.stalled;
  }

  /** Answers with 200 and begins. `closed` is called once, when the watch is over for whatever reason. */
  start(closed: () => void): void {
    this.#response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    this.#response.flushHeaders();
    this.#response.on('close', () => {
      this.#release();
      closed();
    });
    const { resource, since } = this.#request;
    const { storage } = this.#context;
    if (since === undefined) {
      for (const object of storage.listAt(resource, storage.revision) ?? []) {
        if (this.#selects(object)) this.#send(this.#event('ADDED', object));
      }
    } else {
      const missed = storage.changesSince(resource, since);
      if (missed === undefined) {
        this.fail(tooOld(since, storage.floor(resource)));
        return;
      }
      for (const change of missed) this.#deliver(change);
    }
    this.#unsubscribe = storage.subscribe(resource, (change) => {
      // A watch from the future is silent until the future is there.
      if (since === undefined || change.revision > since) this.#deliver(change);
    });
    this.#armTimers();
  }

  cut(midLine: boolean): void {
    if (this.#ended) return;
    this.#flush();
    if (!midLine) {
      this.#response.destroy();
      return;
    }
    const half = `{"type":"MODIFIED","object":{"kind":"${this.resource.kind}","apiVersion":"${apiVersionOf(this.resource)}","metad`;
    // Broken only once the half line has left, or it would never be seen.
    this.#response.write(half, () => this.#response.destroy());
    this.#release();
  }

  fail(error: ApiError): void {
    this.#send(Buffer.from(`{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}\n`));
    this.end();
  }

  inject(text: string): void {
    this.#send(Buffer.from(text));
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    this.#flush();
  }

  /** Ends the answer cleanly. */
  end(): void {
    if (this.#ended) return;
    this.#flush();
    this.#release();
    if (!this.#stalled) this.#response.end();
  }

  #armTimers(): void {
    const { bookmarks, timeout } = this.#request;
    const { timers } = this.#context;
    if (bookmarks) {
      this.#repeatBookmark();
      this.#lastBookmark = timers.after(Math.max(0, timeout - LAST_BOOKMARK), () => this.#bookmark());
    }
    this.#deadline = timers.after(timeout, () => this.end());
  }

  #repeatBookmark(): void {
    this.#nextBookmark = this.#context.timers.after(BOOKMARK_INTERVAL, () => {
      this.#bookmark();
      this.#repeatBookmark();
    });
  }

  #selects(object: KubeObject): boolean {
    const { namespace, matcher } = this.#request;
    return (namespace === undefined || object.metadata.namespace === namespace) && matcher(object);
  }

  #deliver(change: Change): void {
    const now = this.#selects(change.object);
    const before = change.type === 'MODIFIED' && change.previous !== undefined ? this.#selects(change.previous) : now;
    if (!now && !before) return;
    const copies = this.#context.faults.copiesOf(this.resource, change);
    for (let copy = 0; copy < copies; copy++) this.#send(this.#line(change, before, now));
  }

  #line(change: Change, before: boolean, now: boolean): Buffer {
    if (this.#request.transform !== undefined) {
      const type = before === now ? change.type : now ? 'ADDED' : 'DELETED';
      return this.#event(type, change.object);
    }
    if (before === now) return change.line;
    return change.lineFor(now ? 'enters' : 'leaves');
  }

  #event(type: string, object: KubeObject): Buffer {
    const { transform } = this.#request;
    if (transform === undefined) return encodeWatchEvent(type, object);
    return Buffer.from(`{"type":"${type}","object":${transform(object)}}\n`);
  }

  #bookmark(): void {
    const object = bookmarkOf(this.resource, this.#context.storage.revision);
    this.#send(Buffer.from(`{"type":"BOOKMARK","object":${object}}\n`));
  }

  #send(line: Buffer): void {
    if (this.#ended) return;
    this.#pending.push(line);
    if (this.#flushing || this.#stalled) return;
    this.#flushing = true;
    // Whatever happens in one turn of the event loop goes out in one write.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#stalled || this.#pending.length === 0) return;
    const lines = this.#pending;
    this.#pending = [];
    if (this.#response.destroyed) return;
    this.#response.write(lines.length === 1 ? lines[0] : Buffer.concat(lines));
    if (this.#response.writableLength > WATCH_BUFFER_LIMIT) this.#response.destroy();
  }

  #release(): void {
    this.#ended = true;
    this.#unsubscribe();
    for (const timer of [this.#nextBookmark, this.#lastBookmark, this.#deadline]) this.#context.timers.cancel(timer);
  }
}

/** What Go makes of an empty object of each kind, below its metadata. */
const EMPTY: Readonly<Record<string, string>> = {
  Pod: '"spec":{"containers":null},"status":{}',
  Deployment:
    '"spec":{"replicas":0,"selector":null,"template":{"metadata":{"creationTimestamp":null},"spec":{"containers":null}},"strategy":{}},"status":{}',
  ReplicaSet:
    '"spec":{"replicas":0,"selector":null,"template":{"metadata":{"creationTimestamp":null},"spec":{"containers":null}}},"status":{"replicas":0}',
  Event:
    '"involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""',
  Lease: '"spec":{}',
};

function bookmarkOf(resource: Resource, revision: number): string {
  const head = encodeObject({
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    // A bookmark is an empty object: of its metadata only the version means something.
    metadata: { resourceVersion: String(revision), creationTimestamp: null } as unknown as KubeObject['metadata'],
  });
  return `${head.slice(0, -1)},${EMPTY[resource.kind] ?? '"spec":{},"status":{}'}}`;
}

/**
 * Owns the cluster of the crash tests: an API server that lists, watches and resumes by resourceVersion, with a log of changes that can be
 * compacted (410 Gone), and to which the test adds one change at a time. It outlives the sidecars that are killed beside it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const PODS = '/api/v1/pods';
export const EVENTS = '/api/v1/events';
export const DEPLOYMENTS = '/apis/apps/v1/deployments';
export const REPLICASETS = '/apis/apps/v1/replicasets';

/** What happens to one object; its resourceVersion is given when it happens. */
export interface Change {
  readonly collection: typeof PODS | typeof EVENTS | typeof DEPLOYMENTS | typeof REPLICASETS;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Namespace and name. */
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What a field selector may ask for. */
  readonly fields?: Readonly<Record<string, string>>;
  /** The object in JSON, in the field order of the API server; {@link VERSION_MARK} stands where its resourceVersion belongs. */
  readonly json: string;
}

/** Stands in a change's JSON where its resourceVersion belongs. */
export const VERSION_MARK = '"resourceVersion":"?"';

interface Entry extends Change {
  readonly version: number;
}

/** What a list or a watch is of. */
interface Scope {
  readonly collection: string;
  readonly labelSelector: string | null;
  readonly fieldSelector: string | null;
}

interface OpenWatch extends Scope {
  readonly response: ServerResponse;
  readonly unsent: Entry[];
}

const scopeOf = (url: URL): Scope => ({
  collection: url.pathname,
  labelSelector: url.searchParams.get('labelSelector'),
  fieldSelector: url.searchParams.get('fieldSelector'),
});

/** A list that was begun, by whose id its continue tokens name it. */
interface Snapshot {
  readonly id: string;
  readonly version: number;
  readonly objects: readonly Entry[];
}

/** Objects that a page of a list holds at most, whatever the client asks for: small, so that lists are killed half-way too. */
const PAGE = 10;

const EXPIRED = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'too old resource version',
  reason: 'Expired',
  code: 410,
};

export class ScriptedCluster {
  readonly #server: Server;
  readonly #objects = new Map<string, Entry>();
  readonly #watches = new Set<OpenWatch>();
  #log: Entry[] = [];
  #version = 1000;
  /** Changes up to this version are forgotten. */
  #compacted = 1000;
  readonly #held = new Set<string>();
  #heldLists: (() => void)[] | undefined;
  #lists = 0;
  readonly #snapshots = new Map<string, Snapshot>();
  /** What was asked: how often a list was begun, a watch opened, and a watch refused for its age. */
  readonly asked = { lists: 0, watches: 0, expired: 0 };

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** Listens on loopback; resolves with the URL. */
  async start(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    // A TCP server that listens has an AddressInfo.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The version of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Makes the changes, in order, and sends them on the open watches: those of one call in one piece. */
  apply(...changes: readonly Change[]): void {
    const entries = changes.map((change) => {
      this.#version += 1;
      const json = change.json.replace(VERSION_MARK, `"resourceVersion":"${this.#version}"`);
      const entry: Entry = { ...change, json, version: this.#version };
      if (change.type === 'DELETED') this.#objects.delete(`${change.collection} ${change.key}`);
      else this.#objects.set(`${change.collection} ${change.key}`, entry);
      this.#log.push(entry);
      return entry;
    });
    for (const watch of this.#watches) this.#send(watch, entries);
  }

  /** Sends nothing on the watches of these collections until {@link release}: watches of one cluster are not in step. */
  hold(...collections: readonly string[]): void {
    for (const collection of collections) this.#held.add(collection);
  }

  /** Answers no list until {@link release}. */
  holdLists(): void {
    this.#heldLists ??= [];
  }

  release(): void {
    const lists = this.#heldLists ?? [];
    this.#heldLists = undefined;
    for (const answer of lists) answer();
    const held = [...this.#watches].filter(({ collection }) => this.#held.has(collection));
    this.#held.clear();
    for (const watch of held) this.#send(watch, watch.unsent.splice(0));
  }

  /** Forgets every change until now: a watch from before is answered with 410, and everything has to be listed. */
  compact(): void {
    this.#log = [];
    this.#compacted = this.#version;
    this.#snapshots.clear();
  }

  /** Ends every open watch as a load balancer does: without a word. */
  cut(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    response.setHeader('content-type', 'application/json');
    if (url.searchParams.get('watch') === 'true') this.#watch(url, response);
    else this.#list(url, response);
  }

  #list(url: URL, response: ServerResponse): void {
    const isVersionOnly = url.searchParams.get('limit') === '1';
    if (this.#heldLists !== undefined && !isVersionOnly) {
      this.#heldLists.push(() => this.#list(url, response));
      return;
    }
    const token = url.searchParams.get('continue');
    const list = token === null ? this.#beginList(url) : this.#snapshots.get(token.split('/')[0] ?? '');
    if (list === undefined) {
      response.statusCode = 410;
      response.end(JSON.stringify(EXPIRED));
      return;
    }
    const start = Number(token?.split('/')[1] ?? 0);
    const end = start + Math.min(PAGE, Number(url.searchParams.get('limit') ?? PAGE));
    const next = end < list.objects.length ? `${list.id}/${end}` : undefined;
    const metadata = JSON.stringify({ resourceVersion: String(list.version), continue: next });
    const items = list.objects.slice(start, end).map(({ json }) => json);
    response.end(`{"kind":"List","apiVersion":"v1","metadata":${metadata},"items":[${items.join(',')}]}`);
  }

  /** All pages of a list show the cluster as it was at the first. */
  #beginList(url: URL): Snapshot {
    // A list of one only asks for the present version.
    if (url.searchParams.get('limit') !== '1') this.asked.lists += 1;
    this.#lists += 1;
    const scope = scopeOf(url);
    const objects = [...this.#objects.values()].filter((entry) => holds(scope, entry));
    const list: Snapshot = { id: String(this.#lists), version: this.#version, objects };
    this.#snapshots.set(list.id, list);
    return list;
  }

  #watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    response.flushHeaders();
    if (from < this.#compacted) {
      this.asked.expired += 1;
      response.end(`${JSON.stringify({ type: 'ERROR', object: EXPIRED })}\n`);
      return;
    }
    this.asked.watches += 1;
    const watch: OpenWatch = { ...scopeOf(url), response, unsent: [] };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    this.#send(
      watch,
      this.#log.filter(({ version }) => version > from),
    );
  }

  #send(watch: OpenWatch, entries: readonly Entry[]): void {
    const wanted = entries.filter((entry) => holds(watch, entry));
    if (this.#held.has(watch.collection)) watch.unsent.push(...wanted);
    else if (wanted.length > 0)
      watch.response.write(wanted.map(({ type, json }) => `{"type":"${type}","object":${json}}\n`).join(''));
  }
}

const holds = ({ collection, labelSelector, fieldSelector }: Scope, change: Change): boolean =>
  change.collection === collection &&
  selects(labelSelector, change.labels) &&
  selects(fieldSelector, change.fields ?? {});

/** Equality selectors only: ecstate uses no others. */
const selects = (selector: string | null, values: Readonly<Record<string, string>>): boolean =>
  selector === null ||
  selector.split(',').every((term) => {
    const [key = '', value] = term.split('=');
    return values[key] === value;
  });

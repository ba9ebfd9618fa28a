/**
 * Owns the API server of a replay: it lists what the recording has told so far, and sends each recorded line on the watches of its
 * collection when it is told to. It speaks real HTTP, so that the client is the same as always.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RecordedLine } from './recording.js';

interface Selectors {
  readonly label: string | undefined;
  readonly field: string | undefined;
}

interface OpenWatch {
  readonly collection: string;
  readonly selectors: Selectors;
  readonly response: ServerResponse;
}

/** Before the first recorded resourceVersion. */
const BEGINNING = '1';

export class RecordedCluster {
  readonly #server: Server;
  readonly #objects = new Map<string, Map<string, RecordedLine['object']>>();
  readonly #versions = new Map<string, string>();
  readonly #watches = new Set<OpenWatch>();
  #arrival: (() => void) | undefined;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** Listens on loopback; resolves with the URL. */
  async start(): Promise<URL> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    // A TCP server that listens has an AddressInfo.
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    for (const { response } of this.#watches) response.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Resolves when so many watches are open. */
  async watched(count: number): Promise<void> {
    while (this.#watches.size < count) {
      await new Promise<void>((resolve) => {
        this.#arrival = resolve;
      });
    }
  }

  /**
   * Sends a line on every watch that selects its object.
   *
   * @returns on how many; a line with no labels to select by (a bookmark, an error) goes to all watches of its collection.
   */
  send(line: RecordedLine): number {
    const unlabelled = line.type === 'BOOKMARK' || line.type === 'ERROR';
    if (!unlabelled) this.#remember(line);
    let sent = 0;
    for (const watch of this.#watches) {
      if (watch.collection !== line.collection || !(unlabelled || selects(watch.selectors, line.object))) continue;
      watch.response.write(`${line.json}\n`);
      sent += 1;
      // A watch that has told of an error is over (the recordings: 410 as an ERROR event, then a clean end).
      if (line.type === 'ERROR') {
        watch.response.end();
        this.#watches.delete(watch);
      }
    }
    return sent;
  }

  #remember({ collection, type, object }: RecordedLine): void {
    const metadata = metadataOf(object);
    const { uid, resourceVersion } = metadata;
    if (typeof resourceVersion === 'string') this.#versions.set(collection, resourceVersion);
    if (typeof uid !== 'string') return;
    const objects = this.#objects.get(collection) ?? new Map<string, RecordedLine['object']>();
    this.#objects.set(collection, objects);
    if (type === 'DELETED') objects.delete(uid);
    else objects.set(uid, object);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const collection = url.pathname;
    const selectors: Selectors = {
      label: url.searchParams.get('labelSelector') ?? undefined,
      field: url.searchParams.get('fieldSelector') ?? undefined,
    };
    response.setHeader('content-type', 'application/json');
    const watching = url.searchParams.get('watch');
    if (watching === 'true' || watching === '1') {
      const watch: OpenWatch = { collection, selectors, response };
      response.flushHeaders();
      this.#watches.add(watch);
      response.on('close', () => this.#watches.delete(watch));
      this.#arrival?.();
      return;
    }
    const objects = [...(this.#objects.get(collection)?.values() ?? [])].filter((object) => selects(selectors, object));
    const resourceVersion = this.#versions.get(collection) ?? BEGINNING;
    response.end(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion }, items: objects }));
  }
}

const metadataOf = (object: RecordedLine['object']): Readonly<Record<string, unknown>> =>
  readObject(object['metadata']);

/** Equality selectors only: ecstate uses no others. */
function selects({ label, field }: Selectors, object: RecordedLine['object']): boolean {
  const labels = readObject(metadataOf(object)['labels']);
  return (
    terms(label).every(([key, value]) => labels[key] === value) &&
    terms(field).every(
      ([path, value]) => path.split('.').reduce<unknown>((inner, key) => readObject(inner)[key], object) === value,
    )
  );
}

const terms = (selector: string | undefined): readonly (readonly [string, string | undefined])[] =>
  (selector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .map((term) => [term.split('=')[0] ?? '', term.split('=')[1]]);

const readObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}; // checked

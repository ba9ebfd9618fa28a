/**
 * Owns the API server of a replay: it lists what the recording has told so far, and sends each recorded line on the watches of its
 * collection when it is told to. It speaks real HTTP, so that the client is the same as always.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RecordedLine } from './recording.js';

interface OpenWatch {
  readonly collection: string;
  readonly labelSelector: string | undefined;
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

  /** Resolves when there is an open watch on each of these collections and selectors. */
  async watched(
    wanted: readonly { readonly collection: string; readonly labelSelector: string | undefined }[],
  ): Promise<void> {
    const open = (): boolean =>
      wanted.every(({ collection, labelSelector }) =>
        [...this.#watches].some((watch) => watch.collection === collection && watch.labelSelector === labelSelector),
      );
    while (!open()) {
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
      if (watch.collection !== line.collection || !(unlabelled || selects(watch.labelSelector, line.object))) continue;
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
    const labelSelector = url.searchParams.get('labelSelector') ?? undefined;
    response.setHeader('content-type', 'application/json');
    const watching = url.searchParams.get('watch');
    if (watching === 'true' || watching === '1') {
      const watch: OpenWatch = { collection, labelSelector, response };
      response.flushHeaders();
      this.#watches.add(watch);
      response.on('close', () => this.#watches.delete(watch));
      this.#arrival?.();
      return;
    }
    const objects = [...(this.#objects.get(collection)?.values() ?? [])].filter((object) =>
      selects(labelSelector, object),
    );
    const resourceVersion = this.#versions.get(collection) ?? BEGINNING;
    response.end(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion }, items: objects }));
  }
}

const metadataOf = (object: RecordedLine['object']): Readonly<Record<string, unknown>> => {
  const metadata = object['metadata'];
  return typeof metadata === 'object' && metadata !== null ? (metadata as Readonly<Record<string, unknown>>) : {}; // checked
};

/** Equality selectors only: ecstate uses no others. */
function selects(selector: string | undefined, object: RecordedLine['object']): boolean {
  if (selector === undefined) return true;
  const labels = metadataOf(object)['labels'];
  const values = typeof labels === 'object' && labels !== null ? (labels as Readonly<Record<string, unknown>>) : {}; // checked
  return selector.split(',').every((term) => {
    const [key = '', value] = term.split('=');
    return values[key] === value;
  });
}

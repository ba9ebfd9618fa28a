/**
 * Owns a watch loop under test: a scripted server on one side, a recorded consumer on the other, and a clock that stands still.
 */
import type { WatchState } from '../../machines/watch/watch.types.js';
import { Connection } from '../../src/kubernetes/connection.js';
import { decodeLine, decodeObject } from '../../src/kubernetes/lines.js';
import { ListWatch, type ListWatchOptions } from '../../src/kubernetes/list-watch.js';
import type { WatchCounter, WatchedKind } from '../../src/kubernetes/watched-kind.js';
import { ManualClock } from '../../src/system/clock.js';
import { Queue } from './queue.js';
import { ScriptedServer, type Exchange } from './scripted-server.js';

/** The value of a ConfigMap here is its name. A ConfigMap called `bad` cannot be decoded. */
function nameOf(item: Readonly<Record<string, unknown>>): string {
  // Whatever else it is, the decoder has seen that it has metadata.
  const { name } = item['metadata'] as { readonly name: string };
  if (name === 'bad') throw new Error('this one is bad');
  return name;
}

export const CONFIG_MAPS: WatchedKind<string> = {
  name: 'configmaps',
  path: '/api/v1/configmaps',
  namespacedPath: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  labelSelector: 'x=1',
  decodeLine: (line) => decodeLine(line, nameOf),
  decodeItem: (item) => decodeObject(item, nameOf),
};

export const configMap = (name: string, resourceVersion: string): object => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion },
});

export const change = (type: string, name: string, resourceVersion: string): object => ({
  type,
  object: configMap(name, resourceVersion),
});

export const bookmark = (resourceVersion: string): object => ({
  type: 'BOOKMARK',
  object: { kind: 'ConfigMap', metadata: { resourceVersion, creationTimestamp: null } },
});

export const errorLine = (code: number, reason: string, message: string): object => ({
  type: 'ERROR',
  object: { kind: 'Status', status: 'Failure', code, reason, message },
});

/** What the consumer was called with, as one line of text each. */
export type Call = string;

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class WatchHarness {
  readonly server: ScriptedServer;
  readonly clock = new ManualClock(1_000_000);
  readonly connection: Connection;
  readonly calls = new Queue<Call>();
  /** Set to have the consumer wait, or throw. */
  onCall: (call: Call) => Promise<void> | void = () => {};
  /** Set to change what jitter is drawn. */
  random: () => number = () => 0;
  readonly logged: LogLine[] = [];
  readonly #awaited = new Map<string, () => void>();
  readonly counts: Partial<Record<WatchCounter, number>> = {};
  readonly states: WatchState[] = [];
  readonly loop: ListWatch<string>;

  private constructor(server: ScriptedServer, options: Partial<ListWatchOptions<string>>) {
    this.server = server;
    this.connection = new Connection({ server: server.url, clock: this.clock });
    const take = async (call: Call): Promise<void> => {
      this.calls.push(call);
      await this.onCall(call);
    };
    const log =
      (level: LogLine['level']) =>
      (fields: object, message: string): void => {
        // A logger is given plain fields.
        this.logged.push({ level, message, fields: fields as Readonly<Record<string, unknown>> });
        for (const [part, resolve] of this.#awaited) if (message.includes(part)) resolve();
      };
    this.loop = new ListWatch({
      connection: this.connection,
      kind: CONFIG_MAPS,
      sink: {
        listed: (objects, page) => {
          const names = objects.map(({ value, resourceVersion }) => `${value}@${resourceVersion}`).join(',');
          const marks = [page.first && 'first', page.last && 'last'].filter(Boolean).join('+');
          const undecoded = page.undecoded.length === 0 ? '' : ` undecoded ${page.undecoded.join(',')}`;
          return take(`listed [${names}] ${marks} at ${page.resourceVersion}${undecoded}`);
        },
        changed: (changes, resourceVersion) => {
          const told = changes.map(({ type, object }) => `${type} ${object.value}@${object.resourceVersion}`).join(',');
          return take(`changed [${told}] to ${resourceVersion}`);
        },
        bookmark: (resourceVersion) => take(`bookmark ${resourceVersion}`),
      },
      clock: this.clock,
      random: () => this.random(),
      logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      metrics: { count: (counter, _kind, amount) => (this.counts[counter] = (this.counts[counter] ?? 0) + amount) },
      ...options,
    });
    this.loop.onTransition(({ state }) => {
      if (this.states.at(-1) !== state) this.states.push(state);
    });
  }

  static async unstarted(options: Partial<ListWatchOptions<string>> = {}): Promise<WatchHarness> {
    return new WatchHarness(await ScriptedServer.start(), options);
  }

  static async start(options: Partial<ListWatchOptions<string>> = {}): Promise<WatchHarness> {
    const harness = await WatchHarness.unstarted(options);
    void harness.loop.start();
    return harness;
  }

  /** Resolves when the loop is in this state. */
  until(state: WatchState): Promise<void> {
    return new Promise((resolve) => {
      if (this.loop.status.state === state) return resolve();
      const done = this.loop.onTransition((status) => {
        if (status.state !== state) return;
        done();
        resolve();
      });
    });
  }

  /** Resolves when something that contains this has been logged. */
  untilLogged(part: string): Promise<void> {
    if (this.logged.some(({ message }) => message.includes(part))) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.set(part, resolve));
  }

  /** Resolves when the consumer has taken everything up to this version. */
  reached(resourceVersion: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.loop.status.context.resourceVersion === resourceVersion) return resolve();
      const done = this.loop.onTransition(({ context }) => {
        if (context.resourceVersion !== resourceVersion) return;
        done();
        resolve();
      });
    });
  }

  /** Answers the verification of a version, and opens the watch that follows. */
  async resume(present: string): Promise<Exchange> {
    (await this.server.next()).page(present);
    return await this.openWatch();
  }

  async openWatch(): Promise<Exchange> {
    const watch = (await this.server.next()).open();
    await this.until('watching.open');
    return watch;
  }

  /** Moves the clock to the end of the wait, once there is one. */
  async waitOut(): Promise<number> {
    await this.until('backingOff');
    const delay = (this.loop.status.context.retryAt ?? 0) - this.clock.now();
    this.clock.advance(delay);
    return delay;
  }

  /** What was logged for people: everything above debug. */
  get said(): string[] {
    return this.logged.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level} ${message}`);
  }

  async close(): Promise<void> {
    await this.loop.stop();
    this.connection.close();
    await this.server.close();
  }
}

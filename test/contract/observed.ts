/**
 * Owns the sidecar of the contract and the one who reads it: all that is asserted is what the ECS API answers, read again and again from
 * the beginning, also over restarts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../../src/kubernetes/connection.js';
import { createSidecar } from '../../src/sidecar.js';
import type { Readiness, Sidecar } from '../../src/sidecar.port.js';
import { systemClock, type Clock } from '../../src/system/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { ask, Reader, type Json, type Seen } from '../recovery/reader.js';
import { ACCOUNT, REGION } from './manifests.js';
import type { Moment } from './scenarios.js';

const HOUR = 3_600_000;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
}

/** The containers of an ECS task, or an attachment's details: objects whose fields are read as unknown. */
export const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

const isAt = ({ task }: Seen, moment: Moment): boolean => {
  if (task['lastStatus'] !== moment.lastStatus) return false;
  const { container } = moment;
  if (container === undefined) return true;
  const found = objects(task['containers']).find(({ name }) => name === container.name);
  if (found === undefined) return false;
  if (container.lastStatus !== undefined && found['lastStatus'] !== container.lastStatus) return false;
  return container.reason === undefined || container.reason.test(String(found['reason']));
};

/** A sidecar on a cluster, which can be stopped and started again on the same data. */
export class ObservedSidecar {
  readonly reader = new Reader(100);
  readonly log: LogLine[] = [];
  readonly #connection: Connection;
  readonly #namespaces: readonly string[];
  readonly #networkClock: Clock;
  #dataDirectory: string | undefined;
  #running: { readonly sidecar: Sidecar; readonly reading: Promise<void> } | undefined;

  /** @param namespaces empty: all of them. */
  constructor(connection: Connection, namespaces: readonly string[], networkClock: Clock = systemClock) {
    this.#connection = connection;
    this.#namespaces = namespaces;
    this.#networkClock = networkClock;
  }

  async start(): Promise<void> {
    this.#dataDirectory ??= await mkdtemp(join(tmpdir(), 'ecstate-contract-'));
    const sidecar = createSidecar(
      {
        listen: { host: '127.0.0.1', port: 0 },
        dataDirectory: this.#dataDirectory,
        semantics: 'kecs',
        namespaces: this.#namespaces,
        defaults: { region: REGION, accountId: ACCOUNT },
        retention: { tasks: HOUR, history: HOUR },
        clock: systemClock,
      },
      {
        connection: this.#connection,
        logger: createLogger({
          level: 'debug',
          // The logger writes JSON lines.
          destination: { write: (line) => void this.log.push(JSON.parse(line) as LogLine) },
        }),
        networkClock: this.#networkClock,
      },
    );
    await sidecar.start();
    this.#running = { sidecar, reading: this.reader.watch(sidecar.url) };
    await sidecar.synced();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    await running.sidecar.stop();
    await running.reading;
  }

  /** @throws when it logged an error: what is asked of it here is all in a day's work. */
  async remove(): Promise<void> {
    await this.stop();
    if (this.#dataDirectory !== undefined) await rm(this.#dataDirectory, { recursive: true, force: true });
    const errors = this.log.filter(({ level }) => level === 'error');
    if (errors.length > 0) throw new Error(`The sidecar logged errors: ${JSON.stringify(errors)}`);
  }

  get #sidecar(): Sidecar {
    if (this.#running === undefined) throw new Error('The sidecar does not run.');
    return this.#running.sidecar;
  }

  readiness(): Readiness {
    return this.#sidecar.readiness();
  }

  /** DescribeServices of one service; undefined when it is not known. */
  async service(cluster: string, name: string): Promise<Json | undefined> {
    const { clusterArns } = await ask(this.#sidecar.url, 'ListClusters', {});
    if (!JSON.stringify(clusterArns).includes(`/${cluster}"`)) return undefined;
    const answer = await ask(this.#sidecar.url, 'DescribeServices', { cluster, services: [name] });
    return objects(answer['services'])[0];
  }

  /** Waits until the API shows the service like this; each look on the way must be one that ECS could give (S1). */
  async untilService(cluster: string, name: string, isAt: (service: Json) => boolean): Promise<Json> {
    for (;;) {
      const service = await this.service(cluster, name);
      if (service !== undefined) {
        const roles = objects(service['deployments']).map(({ status }) => status);
        if (service['status'] === 'ACTIVE' && roles.lastIndexOf('PRIMARY') !== 0)
          throw new Error(`The deployments of an ACTIVE service are ${roles.join(', ')}.`);
        if (isAt(service)) return service;
      }
      await pause(100);
    }
  }

  /** The tasks of a service as the API shows them now, the oldest first. */
  tasksOf(service: string): readonly Seen[] {
    return [...this.reader.known.values()]
      .filter(({ task }) => task['group'] === `service:${service}`)
      .toSorted((a, b) => Number(a.task['createdAt']) - Number(b.task['createdAt']));
  }

  /** Waits until the API shows the task like this. Ends with the test, by its time limit. */
  async until(taskArn: string, moment: Moment): Promise<Seen> {
    for (;;) {
      const seen = this.reader.known.get(taskArn);
      if (seen !== undefined && isAt(seen, moment)) return seen;
      await pause(50);
    }
  }

  /** Waits until two more readings were made: what has been committed is then known to the reader. */
  async looked(): Promise<void> {
    const enough = this.reader.looks + 2;
    while (this.reader.looks < enough) await pause(50);
  }
}

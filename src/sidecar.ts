/**
 * Owns the composition: which parts make a sidecar, in which order they start and stop. The one place that knows all of them.
 *
 * Start: open the store, rehydrate the system, listen, start every watch from its persisted resourceVersion. Stop, in reverse: the watches,
 * the system (what was received is committed), the listener, the store.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createActor } from 'xstate';
import { READY_STATES, sidecarMachine } from '../machines/sidecar/sidecar.machine.js';
import type { SidecarMessage } from '../machines/sidecar/sidecar.types.js';
import { createHttpServer } from './http/server.js';
import type { Connection } from './kubernetes/connection.js';
import { watchOf } from './kubernetes/kinds/watches.js';
import { ListWatch } from './kubernetes/list-watch.js';
import type { ListWatchStatus } from './kubernetes/list-watch.js';
import { whenSynced } from './kubernetes/watch-synced.js';
import type { WatchMetrics } from './kubernetes/watched-kind.js';
import type { Readiness, Sidecar, SidecarOptions } from './sidecar.port.js';
import { openStore } from './store/open-store.js';
import { DATA_FILE } from './store/lmdb-store.js';
import type { LmdbStore } from './store/lmdb-store.js';
import { systemClock } from './system/clock.js';
import type { Clock } from './system/clock.js';
import { WATCHED_KINDS } from './system/messages.js';
import type { WatchScope } from './system/messages.js';
import { TABLES } from './system/store.port.js';
import { System } from './system/system.js';
import { systemObserver, watchObserver } from './sidecar-metrics.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics, sampleServices, sampleTasks } from './telemetry/metrics.js';
import { VERSION } from './version.js';

/** How long requests in flight may take to end when the sidecar stops, in milliseconds. */
export const STOP_GRACE = 5_000;

export interface SidecarParts {
  readonly connection: Connection;
  readonly logger: Logger;
  /** The clock of sockets and back-off, where it is not that of the observations (a replay's stands still). */
  readonly networkClock?: Clock;
  /** Told of everything that watches deliver, after it was handed over. */
  readonly onDelivered?: WatchMetrics;
  /** Between 0 inclusive and 1 exclusive; Math.random by default. */
  readonly random?: () => number;
}

interface Watch {
  readonly scope: WatchScope;
  readonly name: string;
  readonly loop: { readonly status: ListWatchStatus; start(): Promise<void>; stop(): Promise<void> };
}

/** A sidecar of these parts, not started. */
export function createSidecar(options: SidecarOptions, parts: SidecarParts): Sidecar & { committed(): Promise<void> } {
  const { clock } = options;
  const { logger } = parts;
  const metrics = createMetrics();
  const machine = createActor(sidecarMachine);
  machine.subscribe({ error: (error) => logger.error({ err: error }, 'the sidecar machine failed') });
  machine.start();
  const send = (message: SidecarMessage): void => machine.send(message);

  let running: Running | undefined;
  let stopping: Promise<void> | undefined;
  const current = (): Running => {
    if (running === undefined) throw new Error('the sidecar has not been started');
    return running;
  };
  const readiness = (): Readiness => readinessOf(machine.getSnapshot(), running?.watches ?? []);

  async function start(): Promise<void> {
    const store = await openStore({
      directory: options.dataDirectory,
      writer: VERSION,
      now: () => clock.now(),
      logger,
    });
    send({ type: 'STORE_OPENED' });
    try {
      const observer = systemObserver(metrics, {
        failing: (reason) => send({ type: 'TROUBLE', source: 'store', reason }),
        recovered: () => send({ type: 'RECOVERED', source: 'store' }),
      });
      const { semantics: profile, retention } = options;
      const system = new System({ store, clock, profile, retention, logger, observer });
      system.start();
      const http = createHttpServer({
        state: system,
        clock: parts.networkClock ?? systemClock,
        logger,
        metrics,
        listen: options.listen,
        ...options.defaults,
        readiness,
      });
      sampleTasks(metrics, system);
      sampleServices(metrics, system);
      sampleSystem(metrics, system, store);
      await http.start();
      const watches = createWatches(options, parts, system, metrics, send);
      running = { store, system, http, watches };
      send({ type: 'REHYDRATED', watches: watches.map(({ name }) => name) });
      for (const { loop, name } of watches) {
        loop.start().catch((error: unknown) => {
          logger.error({ err: error }, `the watch of ${name} ended`);
          send({ type: 'TROUBLE', source: name, reason: error instanceof Error ? error.message : String(error) });
        });
      }
    } catch (error) {
      await running?.system.stop();
      await store.close();
      throw error;
    }
  }

  async function stop(): Promise<void> {
    send({ type: 'STOP' });
    if (running !== undefined) {
      const { http, store, system, watches } = running;
      // Together: a watch that waits for room in the inbox, since nothing can be committed, has it once the system stops.
      await Promise.all([...watches.map(({ loop }) => loop.stop()), system.stop()]);
      await http.stop(STOP_GRACE);
      await store.close();
    }
    send({ type: 'DRAINED' });
    machine.stop();
  }

  return {
    start,
    stop: () => (stopping ??= stop()),
    readiness,
    synced: () =>
      new Promise((resolve) => {
        const check = (): boolean => READY_STATES.some((state) => machine.getSnapshot().matches(state));
        if (check()) return resolve();
        const subscription = machine.subscribe(() => {
          if (!check()) return;
          subscription.unsubscribe();
          resolve();
        });
      }),
    committed: () => current().system.committed(),
    get url() {
      return current().http.url;
    },
    get state() {
      return current().system;
    },
  };
}

interface Running {
  readonly store: LmdbStore;
  readonly system: System;
  readonly http: ReturnType<typeof createHttpServer>;
  readonly watches: readonly Watch[];
}

function createWatches(
  options: SidecarOptions,
  parts: SidecarParts,
  system: System,
  metrics: ReturnType<typeof createMetrics>,
  send: (message: SidecarMessage) => void,
): readonly Watch[] {
  const { connection, logger, random = Math.random } = parts;
  const { clock, defaults } = options;
  const common = { connection, logger, random, clock: parts.networkClock ?? clock };
  const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
  return namespaces.flatMap((namespace) =>
    WATCHED_KINDS.map((kind): Watch => {
      const inNamespace = namespace === undefined ? {} : { namespace };
      const scope: WatchScope = { kind, ...inNamespace };
      const name = namespace === undefined ? kind : `${kind} of ${namespace}`;
      const observer = watchObserver(metrics, kind, parts.onDelivered);
      const open = watchOf(scope, { known: system, defaults, intake: system, clock });
      const loop = open<ListWatchLike>(
        (watched, sink) =>
          new ListWatch({
            ...common,
            ...inNamespace,
            kind: watched,
            sink,
            resourceVersion: system.cursor(scope),
            metrics: observer.counts,
          }),
      );
      loop.onTransition((status, before, message) => {
        observer.moved(status, before, message);
        report(name, status, before, send);
      });
      loop.onTransition(
        // What it told can be read once it is committed, and not when it was handed over.
        whenSynced(common.clock, () => void system.committed().then(() => send({ type: 'WATCH_SYNCED', watch: name }))),
      );
      return { scope, name, loop };
    }),
  );
}

type ListWatchLike = Watch['loop'] & { onTransition: ListWatch<unknown>['onTransition'] };

/** What a watch's troubles mean to the sidecar. */
function report(
  name: string,
  status: ListWatchStatus,
  before: ListWatchStatus,
  send: (message: SidecarMessage) => void,
): void {
  const { lastError } = status.context;
  if (lastError !== null && lastError.message !== before.context.lastError?.message) {
    send({ type: 'TROUBLE', source: name, reason: lastError.message });
  } else if (lastError === null && before.context.lastError !== null) send({ type: 'RECOVERED', source: name });
}

function sampleSystem(metrics: ReturnType<typeof createMetrics>, system: System, store: LmdbStore): void {
  metrics.sample('inboxMessages', () => [{ labels: {}, value: system.load.inbox }]);
  metrics.sample('actors', () => [{ labels: {}, value: system.load.actors }]);
  metrics.sample('unclaimedEvents', () => [{ labels: {}, value: system.load.unclaimedEvents }]);
  metrics.sample('storeSize', () => [{ labels: {}, value: statSync(join(store.directory, DATA_FILE)).size }]);
  metrics.sample('storeRows', () => TABLES.map((table) => ({ labels: { table }, value: store.count(table) })));
}

function readinessOf(
  snapshot: ReturnType<ReturnType<typeof createActor<typeof sidecarMachine>>['getSnapshot']>,
  watches: readonly Watch[],
): Readiness {
  const { waitingFor, troubles } = snapshot.context;
  const ready = READY_STATES.some((state) => snapshot.matches(state));
  const reasons = [
    ...(snapshot.matches('starting') || snapshot.matches('rehydrating') ? ['the store is being read'] : []),
    ...(waitingFor.length > 0 ? [`not yet synced: ${waitingFor.join(', ')}`] : []),
    ...Object.entries(troubles).map(([source, reason]) => `${source}: ${reason}`),
    ...(snapshot.matches('draining') || snapshot.matches('stopped') ? ['stopping'] : []),
  ];
  return {
    ready,
    ...(reasons.length === 0 ? {} : { reason: reasons.join('; ') }),
    watches: watches.map(({ scope, loop }) => {
      const { lastError } = loop.status.context;
      return { ...scope, state: loop.status.state, ...(lastError === null ? {} : { error: lastError.message }) };
    }),
  };
}

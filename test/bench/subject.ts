/**
 * Owns the sidecar under measure: the whole product as `ecstate` runs it, but for the kubeconfig, against the feeder.
 */
import { Connection } from '../../src/kubernetes/connection.js';
import type { WatchMetrics } from '../../src/kubernetes/watched-kind.js';
import { createSidecar } from '../../src/sidecar.js';
import { systemClock } from '../../src/system/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';

/** As long as ECS keeps a stopped task; a history of a day. In milliseconds. */
const RETENTION = { tasks: 3_600_000, history: 86_400_000 };

export type Subject = ReturnType<typeof createSidecar> & {
  /** Resolves when so many changes have come in all, and are committed. */
  changed(total: number): Promise<void>;
};

export function createSubject(
  dataDirectory: string,
  feeder: string,
  connect: (options: ConstructorParameters<typeof Connection>[0]) => Connection = (options) => new Connection(options),
): Subject {
  const deliveries = new Changes();
  const sidecar = createSidecar(
    {
      listen: { host: '127.0.0.1', port: 0 },
      dataDirectory,
      semantics: 'kecs',
      namespaces: [],
      defaults: { region: 'us-east-1', accountId: '000000000000' },
      retention: RETENTION,
      clock: systemClock,
    },
    {
      connection: connect({ server: new URL(feeder), clock: systemClock }),
      logger: createLogger({ level: 'error' }),
      onDelivered: deliveries,
    },
  );
  return Object.assign(sidecar, {
    changed: async (total: number): Promise<void> => {
      await deliveries.reached(total);
      await sidecar.committed();
    },
  });
}

/** Counts the changes that watches have handed over; a line that could not be read fails the bench. */
class Changes implements WatchMetrics {
  #total = 0;
  #malformed = 0;
  #progress: (() => void) | undefined;

  count(counter: Parameters<WatchMetrics['count']>[0], _kind: string, amount: number): void {
    if (counter === 'changes') this.#total += amount;
    else if (counter === 'malformed') this.#malformed += amount;
    this.#progress?.();
  }

  async reached(total: number): Promise<void> {
    while (this.#total < total) {
      if (this.#malformed > 0) throw new Error(`${this.#malformed} lines could not be read`);
      await new Promise<void>((resolve) => {
        this.#progress = resolve;
      });
    }
    this.#progress = undefined;
  }
}

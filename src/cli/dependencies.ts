/**
 * Owns how the commands get at the rest of ecstate. Each part is loaded when a command first needs it, so that those that only ask a
 * running sidecar start at once.
 */
import { systemClock } from '../system/clock.js';
import { createLogger } from '../telemetry/logger.js';
import { VERSION } from '../version.js';
import type { CliDependencies } from './dependencies.port.js';

export const dependencies: CliDependencies = {
  version: VERSION,

  createLogger: (level) => createLogger({ level }),

  async connect({ kubeconfig, context, env, clock }) {
    const [{ connect }, { createSidecar }] = await Promise.all([
      import('../kubernetes/connection.js'),
      import('../sidecar.js'),
    ]);
    const connection = await connect({ kubeconfig, context, env, clock });
    return {
      source: connection.source,
      createSidecar: (options, logger) => createSidecar(options, { connection, logger }),
      close: async () => connection.close(),
    };
  },

  async startEmbeddedCluster({ seed, speed, region, accountId }) {
    const [{ Connection }, { createSidecar }, { createSimulator }, { startWorkload }] = await Promise.all([
      import('../kubernetes/connection.js'),
      import('../sidecar.js'),
      import('../simulator/simulator.js'),
      import('../simulator/workload.js'),
    ]);
    const simulator = createSimulator({ seed, paceScale: 1 / speed });
    await simulator.start();
    const workload = startWorkload(simulator, { seed, region, account: accountId });
    const source = 'the embedded one';
    const connection = new Connection({ server: new URL(simulator.url), clock: systemClock, source });
    return {
      source,
      kubeconfig: simulator.kubeconfig(),
      createSidecar: (options, logger) => createSidecar(options, { connection, logger }),
      async close() {
        workload.stop();
        connection.close();
        await simulator.stop();
      },
    };
  },

  async replay(directories, options) {
    const { replay } = await import('../replay/replay.js');
    return await replay(directories, options);
  },
};

/**
 * Owns what `serve` and `demo` have in common: a sidecar on a cluster, from its start to the signal that ends it.
 */
import type { SettingName, Settings } from '../../config/settings.js';
import type { Sidecar, SidecarOptions } from '../../sidecar.port.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Cluster } from '../dependencies.port.js';
import type { Interruption } from '../interruption.js';
import type { CliIo } from '../io.js';

/** The settings that a sidecar is made of. */
export const SIDECAR_SETTINGS = [
  'listen',
  'dataDir',
  'semantics',
  'namespaces',
  'region',
  'accountId',
  'retention',
  'historyRetention',
  'logLevel',
] as const satisfies readonly SettingName[];

export function sidecarOptions(
  settings: Pick<Settings, Exclude<(typeof SIDECAR_SETTINGS)[number], 'logLevel'>>,
  clock: CliIo['clock'],
): SidecarOptions {
  return {
    listen: settings.listen,
    dataDirectory: settings.dataDir,
    semantics: settings.semantics,
    namespaces: settings.namespaces ?? [],
    defaults: { region: settings.region, accountId: settings.accountId },
    retention: { tasks: settings.retention, history: settings.historyRetention },
    clock,
  };
}

/**
 * Runs a sidecar until it is asked to end, at whatever point of its start that comes; then stops it and closes the cluster.
 * `whenReady` is called once it is ready.
 */
export async function runSidecar(parts: {
  readonly cluster: Cluster;
  readonly options: SidecarOptions;
  readonly logger: Logger;
  readonly interruption: Interruption;
  readonly whenReady: (sidecar: Sidecar) => Promise<void> | void;
}): Promise<void> {
  const { cluster, options, logger, interruption, whenReady } = parts;
  const sidecar = cluster.createSidecar(options, logger);
  try {
    await sidecar.start();
    logger.info({ url: sidecar.url, cluster: cluster.source }, 'listening');
    await Promise.race([sidecar.synced(), interruption.signalled]);
    if (!interruption.signal.aborted) await whenReady(sidecar);
    await interruption.signalled;
    logger.info({}, 'stopping');
  } finally {
    await sidecar.stop();
    await cluster.close();
  }
}

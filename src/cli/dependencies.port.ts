/**
 * Owns what the commands need of the rest of ecstate, so that they can be tested without it: clusters to run a sidecar on, and replays.
 */
import type { EcsObject } from '../project/json.js';
import type { Environment } from '../config/settings.js';
import type { ProfileName } from '../../machines/semantics.js';
import type { ArnDefaults } from '../observe/arn.js';
import type { Sidecar, SidecarOptions } from '../sidecar.port.js';
import type { Clock } from '../system/clock.js';
import type { LogLevel, Logger } from '../telemetry/logger.js';

/** A Kubernetes cluster that a sidecar can be put on. */
export interface Cluster {
  /** Which one it is, in words: `the context "kind" of /home/me/.kube/config`. */
  readonly source: string;
  createSidecar(options: SidecarOptions, logger: Logger): Sidecar;
  /** Breaks the connection to it. After the sidecar has stopped. */
  close(): Promise<void>;
}

/** A cluster inside this process, which `close` ends. */
interface EmbeddedCluster extends Cluster {
  /** A kubeconfig for it, as text. */
  readonly kubeconfig: string;
}

interface ReplayResult {
  /** ECS JSON, each with `history`: `from` (null at first), `to`, `at` (epoch seconds), `cause`. */
  readonly tasks: readonly EcsObject[];
  readonly services: readonly EcsObject[];
}

export interface CliDependencies {
  readonly version: string;
  createLogger(level: LogLevel): Logger;
  /** @throws ConfigurationError KUBECONFIG_MISSING, KUBECONFIG_INVALID */
  connect(options: {
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
    readonly env: Environment;
    readonly clock: Clock;
  }): Promise<Cluster>;
  /** A cluster that runs, with a sample workload that keeps moving. `speed`: how many times faster than life. */
  startEmbeddedCluster(
    options: ArnDefaults & { readonly seed: number; readonly speed: number },
  ): Promise<EmbeddedCluster>;
  /** @throws ConfigurationError RECORDING_INVALID */
  replay(
    directories: readonly string[],
    options: { readonly semantics: ProfileName; readonly defaults: ArnDefaults; readonly logger: Logger },
  ): Promise<ReplayResult>;
}

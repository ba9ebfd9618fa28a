/**
 * Owns what the composition root takes and gives: the CLI starts a sidecar by these, and knows nothing of its parts.
 */
import type { ProfileName } from '../machines/semantics.js';
import type { ArnDefaults } from './observe/arn.js';
import type { Clock } from './system/clock.js';
import type { CommittedState } from './system/state.port.js';

/** Everything that can be chosen about a sidecar. Durations are in milliseconds. */
export interface SidecarOptions {
  /** Where the ECS API is served. Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The directory of the LMDB store; made when it does not exist. */
  readonly dataDirectory: string;
  readonly semantics: ProfileName;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** For ARNs where the cluster names no region or account. */
  readonly defaults: ArnDefaults;
  readonly retention: { readonly tasks: number; readonly history: number };
  /** The time at which things are seen. */
  readonly clock: Clock;
}

/** Whether the sidecar may be asked: the store is read, every watch has listed once, and commits succeed. */
export interface Readiness {
  readonly ready: boolean;
  /** For people: what it waits for. */
  readonly reason?: string;
  readonly watches: readonly {
    readonly kind: string;
    readonly namespace?: string;
    readonly state: string;
    readonly error?: string;
  }[];
}

/** A sidecar. Nothing runs before `start`. */
export interface Sidecar {
  /** Opens the store, listens, and starts the watches. Resolves when it listens; see {@link Sidecar.synced} for readiness. */
  start(): Promise<void>;
  /** Resolves when it is ready for the first time. */
  synced(): Promise<void>;
  /** Where it listens: `http://127.0.0.1:5380`. Only after `start`. */
  readonly url: string;
  readonly state: CommittedState;
  readiness(): Readiness;
  /** Stops the watches, commits what was received, ends the requests in flight, closes the store. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Owns the errors that ecstate itself raises: classes by what the caller should do, and the one list of their codes.
 * Errors of the ECS API (ClusterNotFoundException and its kin) are protocol, and live in http/.
 */

/** Every code, with what it means and what to do. Codes are stable: they may be matched in scripts and alerts. */
export const ERROR_CODES = {
  CONFIG_INVALID: 'An option, a variable or the configuration file has a value that cannot be used.',
  KUBECONFIG_MISSING: 'No cluster was named and none could be found.',
  KUBECONFIG_INVALID: 'The kubeconfig cannot be read or lacks what its context needs.',
  KUBERNETES_FORBIDDEN: 'The cluster knows who asks, and does not allow it (403).',
  KUBERNETES_UNAUTHORIZED: 'The cluster does not accept the credentials (401).',
  KUBERNETES_NOT_FOUND: 'The cluster does not serve this kind (404).',
  KUBERNETES_EXPIRED: 'The cluster has forgotten this resourceVersion or continue token (410).',
  KUBERNETES_UNAVAILABLE:
    'The cluster cannot be reached, or answered with a passing failure (429, 5xx, a broken or silent connection).',
  KUBERNETES_REFUSED: 'The cluster does not accept this request (400, 409, 422).',
  KUBERNETES_PROTOCOL: 'The cluster answered with something that is not the Kubernetes API.',
  STORE_LOCKED: 'Another process uses this data directory.',
  STORE_FOREIGN: 'The data directory holds something that is not an ecstate store.',
  STORE_NEWER: 'The store was written by a newer ecstate.',
  STORE_CORRUPT: 'The store is damaged.',
  STORE_FAILED: 'The store could not be read or written (a full disk, a read-only directory).',
  RECORDING_INVALID: 'A recording is not of the form that replay takes.',
  SIDECAR_UNREACHABLE: 'No running sidecar answers at this address.',
  SIDECAR_REFUSED: 'The sidecar answered a command with an error.',
  NOT_FOUND: 'The sidecar knows no task, cluster or service of this name.',
  WAIT_TIMEOUT: 'What was waited for did not happen in time.',
  WAIT_HOPELESS: 'What was waited for can no longer happen.',
  USAGE_INVALID: 'The command line cannot be understood.',
  LISTEN_FAILED: 'The address to listen on is in use or not allowed.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The base of every error raised here. `code` is stable; `message` is for people and says what to do. */
export abstract class EcstateError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller may try again: the cause is expected to pass. */
export class RetryableError extends EcstateError {
  /** How long the other side asked to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly retryAfter?: number | undefined }) {
    super(code, message, options);
    this.retryAfter = options?.retryAfter;
  }
}

/** Trying again will not help: what was asked for cannot be done. */
export class FatalError extends EcstateError {}

/** A person has to change an option, a file or a right; the message says which. */
export class ConfigurationError extends EcstateError {}

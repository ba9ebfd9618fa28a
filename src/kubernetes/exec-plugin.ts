/**
 * Owns credentials that a program hands out (`aws eks get-token`, `gke-gcloud-auth-plugin`, …), by Kubernetes' exec protocol
 * (client.authentication.k8s.io): when to run it, for how long, and what its output means.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { execFile } from 'node:child_process';
import { RetryableError } from '../errors.js';
import type { Clock } from '../system/clock.js';
import { errorCode } from './network-error.js';

/** How long a plugin may take, in milliseconds: it may ask a cloud, but nobody is there to type a password. */
export const EXEC_PLUGIN_TIMEOUT = 60_000;

/** How long before its expiry a credential is not used any more, in milliseconds, so that it does not expire on the way. */
export const EXEC_EXPIRY_MARGIN = 10_000;

/** The most that is read of a plugin's output, in bytes. */
const MAX_OUTPUT = 1024 * 1024;

/** How much of what a plugin prints as its error is quoted, in characters. */
const QUOTED_ERROR = 300;

const DEFAULT_API_VERSION = 'client.authentication.k8s.io/v1';

/** The `exec` of a kubeconfig's user. */
export interface ExecConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion?: string | undefined;
  readonly installHint?: string | undefined;
  /** What the plugin is told of the cluster, when it asks for it (`provideClusterInfo`). */
  readonly cluster?: object | undefined;
}

/** What a plugin gave. */
export interface ExecCredential {
  readonly token?: string;
  /** PEM. */
  readonly certificate?: string;
  readonly key?: string;
}

interface Held {
  readonly credential: ExecCredential;
  /** Epoch milliseconds; Infinity when the plugin named none: until it is refused. */
  readonly expiresAt: number;
}

/** One plugin, and the credential that it last gave. */
export class ExecPlugin {
  readonly #config: ExecConfig;
  readonly #clock: Clock;
  #held: Held | undefined;
  #running: Promise<Held> | undefined;

  constructor(config: ExecConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Whether the other one is configured alike, so that what it holds is as good. */
  sameAs(other: ExecPlugin): boolean {
    return JSON.stringify(this.#config) === JSON.stringify(other.#config);
  }

  /**
   * The credential, from a run of the plugin when none is held or it expires; runs that are asked for together are one.
   *
   * @throws RetryableError KUBERNETES_UNAUTHORIZED when the plugin fails, takes too long, or prints no credential.
   */
  async credential(): Promise<ExecCredential> {
    const held = this.#held;
    if (held !== undefined && this.#clock.now() < held.expiresAt - EXEC_EXPIRY_MARGIN) return held.credential;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#held = await this.#running;
    return this.#held.credential;
  }

  /** Drops the credential when it is the one that was refused, by its Authorization header or its certificate. */
  invalidate(authorization: string | undefined, certificate: string | Buffer | undefined): void {
    const held = this.#held?.credential;
    if (held === undefined) return;
    const sameToken = held.token !== undefined && authorization === `Bearer ${held.token}`;
    if (sameToken || (held.certificate !== undefined && held.certificate === certificate)) this.#held = undefined;
  }

  async #run(): Promise<Held> {
    const { command, args, env, cluster } = this.#config;
    const apiVersion = this.#config.apiVersion ?? DEFAULT_API_VERSION;
    const info = {
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(cluster !== undefined && { cluster }) },
    };
    const environment: NodeJS.ProcessEnv = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
    for (const { name, value } of env) environment[name] = value;
    const limit = new AbortController();
    const timer = this.#clock.setTimeout(() => limit.abort(), EXEC_PLUGIN_TIMEOUT, { unref: true });
    const output = await new Promise<string>((resolve, reject) => {
      const options = {
        env: environment,
        maxBuffer: MAX_OUTPUT,
        windowsHide: true,
        killSignal: 'SIGKILL',
        signal: limit.signal,
      } as const;
      const child = execFile(command, [...args], options, (error, stdout, stderr) => {
        this.#clock.clearTimeout(timer);
        if (error === null) resolve(stdout);
        else reject(this.#failure(error, stderr, limit.signal.aborted));
      });
      // A plugin that would ask a person is to fail at once.
      child.stdin?.end();
    });
    return this.#read(output);
  }

  #failure(
    error: Error & { readonly code?: number | string | null },
    stderr: string,
    tookTooLong: boolean,
  ): RetryableError {
    const { command, installHint } = this.#config;
    const why =
      errorCode(error) === 'ENOENT'
        ? `there is no such program${installHint === undefined ? '' : `: ${installHint.trim()}`}`
        : tookTooLong
          ? `it had not ended after ${EXEC_PLUGIN_TIMEOUT / 1000} s`
          : `it ended with ${String(error.code)}: ${stderr.trim().slice(-QUOTED_ERROR)}`;
    return this.#error(
      `The credential plugin "${command}" of the kubeconfig failed (${why}). Run it by hand to see what it needs.`,
      error,
    );
  }

  #read(output: string): Held {
    let status: { readonly [key in string]?: unknown } | null | undefined;
    try {
      // A cast to a shape in which nothing is promised: each field is checked below.
      status = (JSON.parse(output) as { readonly status?: { readonly [key in string]?: unknown } } | null)?.status;
    } catch (cause) {
      throw this.#error(
        `The credential plugin "${this.#config.command}" of the kubeconfig printed something that is not JSON.`,
        cause,
      );
    }
    const text = (field: string): string | undefined => {
      const value = status?.[field];
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    const token = text('token')?.trim();
    const certificate = text('clientCertificateData');
    const key = text('clientKeyData');
    if (token === undefined && (certificate === undefined || key === undefined)) {
      const message = `The credential plugin "${this.#config.command}" of the kubeconfig printed no credential (no status.token, and no status.clientCertificateData with its clientKeyData).`;
      throw this.#error(message);
    }
    const expiresAt = Date.parse(text('expirationTimestamp') ?? '');
    return {
      credential: {
        ...(token !== undefined && { token }),
        ...(certificate !== undefined && { certificate }),
        ...(key !== undefined && { key }),
      },
      expiresAt: Number.isNaN(expiresAt) ? Infinity : expiresAt,
    };
  }

  #error(message: string, cause?: unknown): RetryableError {
    return new RetryableError('KUBERNETES_UNAUTHORIZED', message, { cause });
  }
}

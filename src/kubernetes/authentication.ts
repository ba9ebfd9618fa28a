/**
 * Owns who ecstate is to the cluster: for each request the headers and the TLS material, read anew, so that whatever rotates (token
 * files, certificates, the kubeconfig itself) is followed, and what to do when the cluster does not accept them.
 *
 * client-node's KubeConfig says what a user entry of a kubeconfig means (certificates, tokens, basic, OIDC, the old cloud providers).
 * Three things of it are not used. Its ExecAuth runs a plugin for each request when the plugin names no expiry, and cannot be told
 * that a credential was refused: exec-plugin.ts does both. Its FileAuth keeps a token for a minute, with its newline: the file is read
 * here. Its applyToHTTPSOptions makes an agent for each call: the sockets are http-client.ts's, except that the way through a proxy is
 * its agent's.
 */
import { readFile } from 'node:fs/promises';
import type http from 'node:http';
import type https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { RetryableError } from '../errors.js';
import type { ExecPlugin } from './exec-plugin.js';
import { sameTls, type TlsMaterial } from './http-client.js';

/** What one request is sent with. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Makes the agent that goes through the cluster's proxy; absent without one. */
  readonly proxyAgent?: () => http.Agent;
}

/** Where credentials come from. */
export interface Authentication {
  /** In words, for an error message: `the client certificate of the user "admin" in /home/me/.kube/config`. */
  readonly description: string;
  /** What to send now. @throws RetryableError KUBERNETES_UNAUTHORIZED when a file, a plugin or a provider does not give it. */
  credentials(): Promise<Credentials>;
  /** Told that the cluster did not accept `rejected` (401). True when others are to be had: the request is worth a second try. */
  refresh(rejected: Credentials): Promise<boolean>;
}

/** For an API that asks nobody who they are: the embedded cluster, `kubectl proxy`. */
export const anonymous: Authentication = {
  description: 'requests without credentials',
  credentials: () => Promise.resolve({ headers: {}, tls: {} }),
  refresh: () => Promise.resolve(false),
};

/** What a user entry comes to, once its files and plugins are known. */
export interface UserAuthentication {
  /** With the one context in use, and without token file and plugin. */
  readonly kubeConfig: KubeConfig;
  readonly tokenFile?: string;
  readonly plugin?: ExecPlugin;
  readonly proxied: boolean;
  readonly description: string;
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return JSON.stringify(a.headers) === JSON.stringify(b.headers) && sameTls(a.tls, b.tls);
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const message = `The token file ${file} cannot be read (${String(cause)}). Check that it is mounted and readable.`;
    throw new RetryableError('KUBERNETES_UNAUTHORIZED', message, { cause });
  }
}

/** The credentials of one user of a kubeconfig. */
export class KubeconfigAuthentication implements Authentication {
  #user: UserAuthentication;
  readonly #reload: () => Promise<UserAuthentication | undefined>;

  /** `reload` reads the same context again; undefined when it is not to be had, or is another cluster now. */
  constructor(user: UserAuthentication, reload: () => Promise<UserAuthentication | undefined>) {
    this.#user = user;
    this.#reload = reload;
  }

  get description(): string {
    return this.#user.description;
  }

  async credentials(): Promise<Credentials> {
    const { kubeConfig, tokenFile, plugin, proxied } = this.#user;
    const options: https.RequestOptions = { headers: {} };
    try {
      await kubeConfig.applyToHTTPSOptions(options);
    } catch (cause) {
      const message = `What belongs to ${this.description} cannot be had (${String(cause)}). It is read again with each try.`;
      throw new RetryableError('KUBERNETES_UNAUTHORIZED', message, { cause });
    }
    const fromPlugin = await plugin?.credential();
    const token = tokenFile === undefined ? fromPlugin?.token : await readToken(tokenFile);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value).trim();
    if (typeof options.auth === 'string')
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const { ca, rejectUnauthorized, servername } = options;
    const cert = fromPlugin?.certificate ?? options.cert;
    const key = fromPlugin?.key ?? options.key;
    return {
      headers,
      tls: {
        // KubeConfig sets these to a Buffer or not at all; RequestOptions would allow more.
        ...(ca !== undefined && { ca: ca as Buffer }),
        ...(cert !== undefined && { cert: cert as string | Buffer }),
        ...(key !== undefined && { key: key as string | Buffer }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
        ...(servername !== undefined && { servername }),
      },
      // The agent that KubeConfig makes knows the proxy; any other of its agents is left unused.
      ...(proxied && options.agent instanceof Object && { proxyAgent: () => options.agent as http.Agent }),
    };
  }

  async refresh(rejected: Credentials): Promise<boolean> {
    const reloaded = await this.#reload();
    if (reloaded !== undefined) {
      const plugin =
        this.#user.plugin !== undefined && reloaded.plugin?.sameAs(this.#user.plugin) === true
          ? this.#user.plugin
          : reloaded.plugin;
      this.#user = { ...reloaded, ...(plugin !== undefined && { plugin }) };
    }
    this.#user.plugin?.invalidate(rejected.headers['authorization'], rejected.tls.cert);
    return !sameCredentials(rejected, await this.credentials());
  }
}

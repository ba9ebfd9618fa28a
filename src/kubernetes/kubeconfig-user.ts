/**
 * Owns what the cluster and user entries of one context come to: their files found and checked, the plugin made, and the rest handed
 * to client-node's KubeConfig, which knows what each field means.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../system/clock.js';
import type { UserAuthentication } from './authentication.js';
import { ExecPlugin } from './exec-plugin.js';
import { invalid, isRaw, reason, type ContextEntries, type Entry, type Raw } from './kubeconfig-files.js';

function text(fields: Raw, field: string): string | undefined {
  const value = fields[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Paths in a kubeconfig are relative to the file that they are in. */
function beside(entry: Entry, file: string): string {
  return path.resolve(path.dirname(entry.file), file);
}

function withAbsolutePaths(entry: Entry, fields: readonly string[]): Record<string, unknown> {
  const absolute: Record<string, unknown> = { ...entry.fields };
  for (const field of fields) {
    const file = text(entry.fields, field);
    if (file !== undefined) absolute[field] = beside(entry, file);
  }
  return absolute;
}

/**
 * How the user of a context is authenticated.
 *
 * @throws ConfigurationError KUBECONFIG_INVALID when a file of it cannot be read, or holds what cannot be used.
 */
export async function userAuthentication(
  chosen: ContextEntries,
  server: URL,
  clock: Clock,
): Promise<UserAuthentication> {
  const cluster = withAbsolutePaths(chosen.cluster, ['certificate-authority']);
  const {
    exec,
    tokenFile,
    'auth-provider': authProvider,
    ...user
  } = withAbsolutePaths(chosen.user, ['client-certificate', 'client-key', 'tokenFile']);
  if (server.protocol === 'https:') checkTls(chosen, cluster, user);
  // KubeConfig takes http only with this set, where it has no other effect.
  else cluster['insecure-skip-tls-verify'] = true;
  // A token file is followed, and goes before a token that was written down.
  if (tokenFile !== undefined) delete user['token'];
  const plugin = exec === undefined || exec === null ? undefined : execPlugin(chosen, exec, cluster, clock);

  const { KubeConfig } = await import('@kubernetes/client-node');
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(
    JSON.stringify({
      clusters: [{ name: 'cluster', cluster }],
      users: [{ name: 'user', user: { ...user, 'auth-provider': authProvider } }],
      contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user' } }],
      'current-context': 'context',
    }),
  );
  return {
    kubeConfig,
    ...(typeof tokenFile === 'string' && { tokenFile }),
    ...(plugin !== undefined && { plugin }),
    proxied: text(cluster, 'proxy-url') !== undefined,
    description: describe(chosen),
  };
}

function describe({ user, userName }: ContextEntries): string {
  const { fields, file } = user;
  const exec = fields['exec'];
  const tokenFile = text(fields, 'tokenFile');
  const whose = `of the user "${userName}" in ${file}`;
  if (tokenFile !== undefined) return `the token of ${beside(user, tokenFile)}`;
  if (isRaw(exec)) return `the credential of the plugin "${String(exec['command'])}" ${whose}`;
  if (text(fields, 'token') !== undefined) return `the token ${whose}`;
  if (text(fields, 'username') !== undefined) return `the user name and password ${whose}`;
  if (isRaw(fields['auth-provider'])) return `the token of the auth-provider ${whose}`;
  if (text(fields, 'client-certificate') !== undefined || text(fields, 'client-certificate-data') !== undefined) {
    return `the client certificate ${whose}`;
  }
  return `the user "${userName}" in ${file}, who has no credentials,`;
}

function execPlugin(chosen: ContextEntries, exec: unknown, cluster: Raw, clock: Clock): ExecPlugin {
  const field = `users "${chosen.userName}": user.exec`;
  const command = isRaw(exec) ? text(exec, 'command') : undefined;
  if (!isRaw(exec) || command === undefined) throw invalid(chosen.where, `${field}.command is missing.`);
  const args: unknown = exec['args'] ?? [];
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string'))
    throw invalid(chosen.where, `${field}.args is not a list of strings.`);
  const env: unknown = exec['env'] ?? [];
  if (!Array.isArray(env)) throw invalid(chosen.where, `${field}.env is not a list.`);
  const variables = env.map((entry: unknown, index) => {
    const name = isRaw(entry) ? text(entry, 'name') : undefined;
    if (!isRaw(entry) || name === undefined) throw invalid(chosen.where, `${field}.env[${index}].name is missing.`);
    return { name, value: text(entry, 'value') ?? '' };
  });
  return new ExecPlugin(
    {
      // A bare name is looked for on PATH; anything with a slash is relative to the file, as all paths are.
      command: command.includes('/') || command.includes(path.sep) ? beside(chosen.user, command) : command,
      args,
      env: variables,
      apiVersion: text(exec, 'apiVersion'),
      installHint: text(exec, 'installHint'),
      cluster: exec['provideClusterInfo'] === true ? cluster : undefined,
    },
    clock,
  );
}

/** Reads the certificates and keys once, so that what is wrong with them is said now, and by name. */
function checkTls(chosen: ContextEntries, cluster: Raw, user: Raw): void {
  const authority = material(
    chosen,
    `clusters "${chosen.clusterName}": cluster.certificate-authority`,
    cluster,
    'certificate-authority',
  );
  if (authority !== undefined) certificate(chosen, authority);
  const cert = material(chosen, `users "${chosen.userName}": user.client-certificate`, user, 'client-certificate');
  const key = material(chosen, `users "${chosen.userName}": user.client-key`, user, 'client-key');
  if (cert === undefined && key === undefined) return;
  if (cert === undefined || key === undefined) {
    throw invalid(
      chosen.where,
      `users "${chosen.userName}" has only one of user.client-certificate and user.client-key: both are needed.`,
    );
  }
  const parsed = certificate(chosen, cert);
  let privateKey;
  try {
    privateKey = createPrivateKey(key.pem);
  } catch (cause) {
    throw invalid(chosen.where, `${key.field} is not a private key in PEM (${reason(cause)}).`, cause);
  }
  if (!parsed.checkPrivateKey(privateKey)) throw invalid(chosen.where, `${key.field} is not the key of ${cert.field}.`);
}

interface Material {
  readonly field: string;
  readonly pem: Buffer;
}

/** What a field holds as a file or, with `-data`, in itself; the file goes first, as it does in KubeConfig. */
function material(chosen: ContextEntries, field: string, fields: Raw, name: string): Material | undefined {
  const file = text(fields, name);
  if (file !== undefined) {
    try {
      return { field: `${field} (${file})`, pem: readFileSync(file) };
    } catch (cause) {
      throw invalid(chosen.where, `${field} cannot be read (${reason(cause)}).`, cause);
    }
  }
  const data = text(fields, `${name}-data`);
  return data === undefined ? undefined : { field: `${field}-data`, pem: Buffer.from(data, 'base64') };
}

function certificate(chosen: ContextEntries, { field, pem }: Material): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalid(chosen.where, `${field} is not a certificate in PEM (${reason(cause)}).`, cause);
  }
}

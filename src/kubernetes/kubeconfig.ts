/**
 * Owns where the cluster is found, and who to be there.
 *
 * The order, which is kubectl's: `--kubeconfig`; the files of KUBECONFIG that exist; `~/.kube/config`; the service account of the pod
 * that this runs in. A default file without a context counts as none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { ConfigurationError } from '../errors.js';
import type { Clock } from '../system/clock.js';
import { KubeconfigAuthentication, type Authentication, type UserAuthentication } from './authentication.js';
import { chooseContext, readFiles, serverOf, type Entries, type Entry, type Raw } from './kubeconfig-files.js';
import { userAuthentication } from './kubeconfig-user.js';

/** Where a pod finds its service account. */
const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface KubeconfigOptions {
  /** The file of `--kubeconfig`; it must exist. */
  readonly kubeconfig?: string | undefined;
  /** The context of `--context`; absent: the current-context of the files. */
  readonly context?: string | undefined;
  readonly clock: Clock;
  /** For KUBECONFIG, HOME and KUBERNETES_SERVICE_*; the process's own by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where the pod's service account would be; Kubernetes' own place by default. */
  readonly serviceAccountDirectory?: string;
}

/** A cluster, and who to be there. */
export interface ClusterAccess {
  /** Where this was found, in words: `the context "kind" of /home/me/.kube/config`. */
  readonly source: string;
  readonly server: URL;
  /** The namespace of the context or of the pod. */
  readonly namespace?: string;
  readonly authentication: Authentication;
}

/**
 * Finds the cluster.
 *
 * @throws ConfigurationError KUBECONFIG_MISSING when nothing names one; KUBECONFIG_INVALID, naming file, context and field, when what
 *   does cannot be used.
 */
export async function findCluster(options: KubeconfigOptions): Promise<ClusterAccess> {
  const env = options.env ?? process.env;
  const named = options.kubeconfig !== undefined || options.context !== undefined;
  const files = candidateFiles(options.kubeconfig, env);
  if (files.length > 0) {
    const entries = await readFiles(files);
    if (entries.contexts.size > 0 || named) {
      return await access(
        entries,
        options.context,
        options.clock,
        (name) => `the context "${name}" of ${files.join(', ')}`,
      );
    }
  }
  const pod = named ? undefined : serviceAccount(env, options.serviceAccountDirectory ?? SERVICE_ACCOUNT_DIRECTORY);
  if (pod !== undefined) return await access(pod, undefined, options.clock, () => 'the service account of this pod');
  throw new ConfigurationError(
    'KUBECONFIG_MISSING',
    `No Kubernetes cluster was named, and none was found: ${whereItLooked(env)}, and there is no service account of a pod here. ` +
      'Name one with --kubeconfig or KUBECONFIG, or try ecstate without any: ecstate demo.',
  );
}

function defaultFile(env: NodeJS.ProcessEnv): string {
  return path.join(env['HOME'] ?? homedir(), '.kube', 'config');
}

function candidateFiles(kubeconfig: string | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  if (kubeconfig !== undefined) return [path.resolve(kubeconfig)];
  const named = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  return (named.length > 0 ? named : [defaultFile(env)])
    .map((file) => path.resolve(file))
    .filter((file) => existsSync(file));
}

function whereItLooked(env: NodeJS.ProcessEnv): string {
  const named = env['KUBECONFIG'] ?? '';
  if (named !== '') return `KUBECONFIG (${named}) names no file that has a context`;
  return `KUBECONFIG is not set, ${defaultFile(env)} does not exist or has no context`;
}

/** What a pod is given, in the terms of a kubeconfig; undefined outside of a pod. */
function serviceAccount(env: NodeJS.ProcessEnv, directory: string): Entries | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const tokenFile = path.join(directory, 'token');
  if (host === '' || !existsSync(tokenFile)) return undefined;
  const namespaceFile = path.join(directory, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`;
  const only = (fields: Raw): ReadonlyMap<string, Entry> => new Map([['in-cluster', { file: directory, fields }]]);
  return {
    files: [],
    currentContext: 'in-cluster',
    contexts: only({ cluster: 'in-cluster', user: 'in-cluster', namespace }),
    clusters: only({ server, 'certificate-authority': path.join(directory, 'ca.crt') }),
    users: only({ tokenFile }),
  };
}

async function access(
  entries: Entries,
  context: string | undefined,
  clock: Clock,
  source: (context: string) => string,
): Promise<ClusterAccess> {
  const chosen = chooseContext(entries, context);
  const server = serverOf(chosen);
  const reload = async (): Promise<UserAuthentication | undefined> => {
    try {
      const now =
        entries.files.length === 0 ? entries : await readFiles(entries.files.filter((file) => existsSync(file)));
      // The same context, whichever is the current one by now; and never the credentials of one cluster for another.
      const again = chooseContext(now, chosen.name);
      return serverOf(again).href === server.href ? await userAuthentication(again, server, clock) : undefined;
    } catch {
      // Half-written, or broken: what was read before may still do.
      return undefined;
    }
  };
  return {
    source: source(chosen.name),
    server,
    ...(chosen.namespace !== undefined && { namespace: chosen.namespace }),
    authentication: new KubeconfigAuthentication(await userAuthentication(chosen, server, clock), reload),
  };
}

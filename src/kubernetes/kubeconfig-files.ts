/**
 * Owns the reading of kubeconfig files: YAML to named entries, several files to one set, and the three entries (context, cluster, user)
 * that a context comes to. What is wrong is said with file, context and field.
 *
 * Of several files the first that names a context, cluster or user has it, and the first current-context counts. Only the entries of
 * the context in use are looked at closely: what else is wrong in a file hurts nobody.
 */
import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';

/** An object of a kubeconfig, in which nothing is promised. */
export type Raw = Readonly<Record<string, unknown>>;

export interface Entry {
  readonly file: string;
  readonly fields: Raw;
}

/** The named entries of one or several files, each with the file that it is from. */
export interface Entries {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** The error for a kubeconfig that cannot be used; `where` begins with its path. */
export function invalid(where: string, what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('KUBECONFIG_INVALID', `The kubeconfig ${where} cannot be used: ${what}`, { cause });
}

/** Whether a value read from YAML is an object. */
export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an exception says, in its first line: YAML errors go on with a drawing. */
export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/** Reads and merges the files. @throws ConfigurationError KUBECONFIG_INVALID when one of them cannot be read, or is no kubeconfig. */
export async function readFiles(files: readonly string[]): Promise<Entries> {
  const contexts = new Map<string, Entry>();
  const clusters = new Map<string, Entry>();
  const users = new Map<string, Entry>();
  let currentContext: string | undefined;
  for (const file of files) {
    const parsed = await readFile(file);
    const current = parsed['current-context'];
    if (currentContext === undefined && typeof current === 'string' && current !== '') currentContext = current;
    collect(file, parsed, 'contexts', 'context', contexts);
    collect(file, parsed, 'clusters', 'cluster', clusters);
    collect(file, parsed, 'users', 'user', users);
  }
  return { files, currentContext, contexts, clusters, users };
}

async function readFile(file: string): Promise<Raw> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(file, `it cannot be read (${reason(cause)}). Check the path and its permissions.`, cause);
  }
  if (text.trim() === '') return {};
  const { loadYaml } = await import('@kubernetes/client-node');
  let parsed: unknown;
  try {
    parsed = loadYaml(text);
  } catch (cause) {
    throw invalid(file, `it is not YAML (${reason(cause)}).`, cause);
  }
  if (!isRaw(parsed)) throw invalid(file, 'it does not hold an object with clusters, users and contexts.');
  return parsed;
}

function collect(file: string, parsed: Raw, list: string, field: string, into: Map<string, Entry>): void {
  const entries: unknown = parsed[list] ?? [];
  if (!Array.isArray(entries)) throw invalid(file, `${list} is not a list.`);
  for (const [index, entry] of entries.entries()) {
    const name: unknown = isRaw(entry) ? entry['name'] : undefined;
    if (!isRaw(entry) || typeof name !== 'string') throw invalid(file, `${list}[${index}].name is missing.`);
    const fields: unknown = entry[field] ?? {};
    if (!isRaw(fields)) throw invalid(file, `${list}[${index}].${field} is not an object.`);
    if (!into.has(name)) into.set(name, { file, fields });
  }
}

/** The three entries that a context comes to. */
export interface ContextEntries {
  readonly where: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly clusterName: string;
  readonly cluster: Entry;
  readonly userName: string;
  readonly user: Entry;
}

/** The context of this name, or the current one. @throws ConfigurationError KUBECONFIG_INVALID when it or what it names is missing. */
export function chooseContext(entries: Entries, wanted: string | undefined): ContextEntries {
  const files = entries.files.join(', ');
  const known = entries.contexts.size === 0 ? 'it has none' : `it has ${[...entries.contexts.keys()].join(', ')}`;
  const name = wanted ?? entries.currentContext;
  if (name === undefined)
    throw invalid(files, `it sets no current-context. Choose a context with --context (${known}).`);
  const context = entries.contexts.get(name);
  if (context === undefined)
    throw invalid(files, `there is no context "${name}" (${known}). Choose one with --context.`);
  const where = `${context.file} (context "${name}")`;
  const clusterName = context.fields['cluster'];
  if (typeof clusterName !== 'string' || clusterName === '') throw invalid(where, 'the context names no cluster.');
  const cluster = entries.clusters.get(clusterName);
  if (cluster === undefined) throw invalid(where, `the context's cluster "${clusterName}" is not in clusters.`);
  const userName = context.fields['user'];
  // A context may go without a user: whoever asks nobody who they are.
  const user =
    typeof userName === 'string' && userName !== '' ? entries.users.get(userName) : { file: context.file, fields: {} };
  if (user === undefined) throw invalid(where, `the context's user "${String(userName)}" is not in users.`);
  const namespace = context.fields['namespace'];
  return {
    where,
    name,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    clusterName,
    cluster,
    userName: typeof userName === 'string' ? userName : '',
    user,
  };
}

/** The address of a context's cluster. @throws ConfigurationError KUBECONFIG_INVALID when it has none that can be used. */
export function serverOf({ where, clusterName, cluster }: ContextEntries): URL {
  const server = cluster.fields['server'];
  const field = `clusters "${clusterName}": cluster.server`;
  if (typeof server !== 'string' || server === '') throw invalid(where, `${field} is missing.`);
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw invalid(where, `${field} "${server}" is not an http or https address.`);
  return url;
}

/**
 * Owns every setting of ecstate, as data: one row each, from which the flags, the variables, the configuration file's keys, their
 * validation and the reference are made. A setting `dataDir` is the flag `--data-dir`, the variable `ECSTATE_DATA_DIR` and the key
 * `dataDir` of the file.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { PROFILE_NAMES } from '../../machines/semantics.js';
import { LOG_LEVELS } from '../telemetry/logger.js';
import {
  accountNumber,
  duration,
  listenAddress,
  namespaceNames,
  nonEmpty,
  oneOf,
  regionName,
  seedNumber,
  serverUrl,
  speedFactor,
  type ValueForm,
} from './values.js';

/** The environment: the process's own, or what a test brings. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting. `Absent` is the type of what it is when nobody says anything and it has no default. */
export interface Setting<Value, Absent = never> {
  /** What stands for the value in the help: `host:port`. */
  readonly argument: string;
  /** One line for the help. */
  readonly help: string;
  readonly form: ValueForm<Value>;
  /** What it is when nobody says anything: text of its form, or undefined where that is a value of its own. */
  readonly byDefault: (env: Environment) => string | Absent;
  /** The default in words, where it is computed or absent. */
  readonly defaultWords?: string;
  /** The file gives it as a list of texts. */
  readonly list?: true;
  /** The client commands' own: the configuration file, which is the sidecar's, cannot set it. */
  readonly notInFile?: true;
}

/** Any row, where only its texts matter. */
export type AnySetting = Setting<unknown, undefined>;

const setting = <Value>(row: Setting<Value>): Setting<Value> => row;
const optional = <Value>(row: Omit<Setting<Value, undefined>, 'byDefault'>): Setting<Value, undefined> => ({
  ...row,
  byDefault: () => undefined,
});

/** Where the store is when nobody says: the XDG base directory for state. */
function stateDirectory(env: Environment): string {
  const base = env['XDG_STATE_HOME'];
  // The XDG specification says that a relative path is to be ignored.
  const directory =
    base !== undefined && path.isAbsolute(base) ? base : path.join(env['HOME'] ?? homedir(), '.local', 'state');
  return path.join(directory, 'ecstate');
}

export const SETTINGS = {
  listen: setting({
    argument: 'host:port',
    help: 'where the ECS API is served; an IPv6 address in brackets',
    form: listenAddress,
    byDefault: () => '127.0.0.1:5380',
  }),
  dataDir: setting({
    argument: 'directory',
    help: 'where what is known is kept over restarts',
    form: nonEmpty("a directory's path"),
    byDefault: stateDirectory,
    defaultWords: '$XDG_STATE_HOME/ecstate or ~/.local/state/ecstate',
  }),
  semantics: setting({
    argument: 'profile',
    help: 'how pods are read as ECS tasks: kecs follows the sync document, aws follows Amazon ECS',
    form: oneOf(PROFILE_NAMES),
    byDefault: () => 'kecs',
  }),
  namespaces: optional({
    argument: 'names',
    help: 'the namespaces to watch',
    form: namespaceNames,
    defaultWords: 'all',
    list: true,
  }),
  region: setting({
    argument: 'name',
    help: 'the region in ARNs, where the cluster names none',
    form: regionName,
    byDefault: () => 'us-east-1',
  }),
  accountId: setting({
    argument: 'digits',
    help: 'the account in ARNs, where the cluster names none',
    form: accountNumber,
    byDefault: () => '000000000000',
  }),
  retention: setting({
    argument: 'duration',
    help: 'how long a stopped task can be described',
    form: duration,
    byDefault: () => '1h',
  }),
  historyRetention: setting({
    argument: 'duration',
    help: 'how long the transitions of a task are kept after it has stopped',
    form: duration,
    byDefault: () => '7d',
  }),
  kubeconfig: optional({
    argument: 'file',
    help: 'the kubeconfig that names the cluster',
    form: nonEmpty("a file's path"),
    defaultWords: "KUBECONFIG, ~/.kube/config, or the pod's service account",
  }),
  context: optional({
    argument: 'name',
    help: 'the context of the kubeconfig',
    form: nonEmpty("a context's name"),
    defaultWords: 'its current-context',
  }),
  seed: setting({
    argument: 'number',
    help: 'what the chances of the sample workload are drawn from: the same seed, the same story',
    form: seedNumber,
    byDefault: () => '1',
  }),
  speed: setting({
    argument: 'factor',
    help: 'how many times faster than life the sample workload goes',
    form: speedFactor,
    byDefault: () => '1',
  }),
  logLevel: setting({
    argument: 'level',
    help: `which log lines are written to standard error: ${LOG_LEVELS.join(', ')}`,
    form: oneOf(LOG_LEVELS),
    byDefault: () => 'info',
  }),
  url: setting({
    argument: 'address',
    help: 'where the sidecar to ask listens',
    form: serverUrl,
    byDefault: () => 'http://127.0.0.1:5380',
    notInFile: true,
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The values of all settings, by name. Durations in milliseconds. */
export type Settings = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer Value, infer Absent>
    ? Value | Absent
    : never;
};

// The keys of the table above and nothing else.
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** `data-dir`, without the dashes in front. */
export const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * `ECSTATE_DATA_DIR`. Where a Kubernetes Service is called `ecstate`, its pods are given `ECSTATE_PORT`, `ECSTATE_SERVICE_HOST`,
 * `ECSTATE_SERVICE_PORT` and `ECSTATE_PORT_*`: no setting may have such a name, and unknown variables are nobody's mistake.
 */
export const variableOf = (name: string): string => `ECSTATE_${flagOf(name).replaceAll('-', '_').toUpperCase()}`;

/** What the setting is when nobody says anything, in words. */
export const defaultOf = (name: SettingName): string => {
  const row: AnySetting = SETTINGS[name];
  return row.defaultWords ?? row.byDefault({}) ?? 'none';
};

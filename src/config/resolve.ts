/**
 * Owns the precedence: a flag over a variable over the configuration file over the default. Every value is checked where it is chosen,
 * and a bad one is an error that says where it came from.
 */
import { ConfigurationError } from '../errors.js';
import type { ConfigurationFile } from './file.js';
import {
  SETTINGS,
  SETTING_NAMES,
  flagOf,
  variableOf,
  type Environment,
  type AnySetting,
  type SettingName,
  type Settings,
} from './settings.js';

/** Where values may come from. Flags are by the setting's name. */
export interface Sources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly file?: ConfigurationFile | undefined;
  /** Defaults of this command, instead of the settings' own. */
  readonly defaults?: Readonly<Partial<Record<SettingName, string>>>;
}

/**
 * The values of the named settings.
 *
 * @throws ConfigurationError CONFIG_INVALID for a value that is not of its setting's form, wherever it came from; all that the file
 *   holds is checked, also what this command does not ask for.
 */
export function resolveSettings<Name extends SettingName>(
  names: readonly Name[],
  sources: Sources,
): Pick<Settings, Name> {
  const { file } = sources;
  if (file !== undefined) {
    for (const name of SETTING_NAMES) {
      const text = file.texts[name];
      if (text !== undefined) parse(name, text, `"${name}": ${JSON.stringify(text)} in ${file.path}`);
    }
  }
  const values = Object.fromEntries(names.map((name) => [name, resolve(name, sources)]));
  // Each name was resolved by its own setting's form, which is what the type says; fromEntries forgets it.
  return values as Pick<Settings, Name>;
}

function resolve(name: SettingName, { flags, env, file, defaults }: Sources): unknown {
  const row: AnySetting = SETTINGS[name];
  const flag = flags[name];
  if (typeof flag === 'string') return parse(name, flag, `--${flagOf(name)} ${quoted(flag)}`);
  const variable = env[variableOf(name)];
  // An empty variable is how shells and manifests say that there is none.
  if (variable !== undefined && variable !== '')
    return parse(name, variable, `${variableOf(name)}=${quoted(variable)}`);
  const fromFile = file?.texts[name];
  if (file !== undefined && fromFile !== undefined) return parse(name, fromFile, `"${name}" in ${file.path}`);
  const byDefault = defaults?.[name] ?? row.byDefault(env);
  return byDefault === undefined
    ? undefined
    : parse(name, byDefault, `The default of --${flagOf(name)}, ${byDefault},`);
}

const quoted = (text: string): string => (/^[\w.,:/@+-]+$/.test(text) ? text : JSON.stringify(text));

function parse(name: SettingName, text: string, origin: string): unknown {
  const { form }: AnySetting = SETTINGS[name];
  const value = form.parse(text);
  if (value === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `${origin} cannot be used: give ${form.takes}.`);
  return value;
}

/**
 * Owns how commands declare their options: settings from the table of src/config, the output format, and the examples in their help.
 */
import { Option, type Command } from 'commander';
import { readConfigurationFile } from '../config/file.js';
import { resolveSettings } from '../config/resolve.js';
import {
  SETTINGS,
  defaultOf,
  flagOf,
  variableOf,
  type AnySetting,
  type SettingName,
  type Settings,
} from '../config/settings.js';
import type { CliIo } from './io.js';

/** Names the configuration file itself, which is therefore no setting. */
const CONFIG_VARIABLE = 'ECSTATE_CONFIG';

/** What a command takes of the settings, and where it differs from them. */
export interface SettingsUse<Name extends SettingName> {
  readonly names: readonly Name[];
  /** This command's own defaults: the text of the value. */
  readonly defaults?: Readonly<Partial<Record<SettingName, string>>>;
  /** Settings that this command takes from its flags alone, each with its default in words. */
  readonly flagOnly?: Readonly<Partial<Record<SettingName, string>>>;
  /** It reads the configuration file. */
  readonly file: boolean;
}

export function addSettings<Name extends SettingName>(command: Command, use: SettingsUse<Name>): void {
  for (const name of use.names) {
    const { argument, help }: AnySetting = SETTINGS[name];
    const alone = use.flagOnly?.[name];
    const notes =
      alone === undefined
        ? `default: ${use.defaults?.[name] ?? defaultOf(name)}; env: ${variableOf(name)}`
        : `default: ${alone}`;
    command.addOption(new Option(`--${flagOf(name)} <${argument}>`, `${help} (${notes})`));
  }
  if (!use.file) return;
  const words = `a JSON file of settings: flags and variables come before it (default: none; env: ${CONFIG_VARIABLE})`;
  command.addOption(new Option('--config <file>', words));
}

/**
 * The values of the settings that the command takes. `flags` are commander's options.
 *
 * @throws ConfigurationError CONFIG_INVALID
 */
export function settingsOf<Name extends SettingName>(
  use: SettingsUse<Name>,
  flags: Readonly<Record<string, unknown>>,
  env: CliIo['env'],
): Pick<Settings, Name> {
  const named = flags['config'];
  const path = typeof named === 'string' ? named : env[CONFIG_VARIABLE];
  const file = use.file && path !== undefined && path !== '' ? readConfigurationFile(path) : undefined;
  const flagOnly = use.names.filter((name) => use.flagOnly?.[name] !== undefined);
  const rest = use.names.filter((name) => use.flagOnly?.[name] === undefined);
  return {
    ...resolveSettings(rest, { flags, env, file, ...(use.defaults === undefined ? {} : { defaults: use.defaults }) }),
    ...resolveSettings(flagOnly, { flags, env: {} }),
  };
}

/** `-o`, with the formats that the command can write. The first is the default, unless `defaultWords` says what decides. */
export function addOutput(command: Command, formats: readonly string[], defaultWords?: string): void {
  const words = `the form of the output${defaultWords === undefined ? '' : ` (default: ${defaultWords})`}`;
  const option = new Option('-o, --output <format>', words).choices(formats);
  command.addOption(defaultWords === undefined ? option.default(formats[0]) : option);
}

/** Examples for the help, each a command line and what it does. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  ecstate ${line.padEnd(width)}  # ${does}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

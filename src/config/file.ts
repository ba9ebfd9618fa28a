/**
 * Owns the configuration file: a JSON object whose keys are the names of settings. It is read whole and refused whole: a key that
 * nobody reads is a wish that nobody fulfils.
 */
import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import { SETTINGS, SETTING_NAMES, type AnySetting, type SettingName } from './settings.js';
import { suggest } from './suggestion.js';

/** What a file says: the text of each setting that it has. */
export interface ConfigurationFile {
  readonly path: string;
  readonly texts: Readonly<Partial<Record<SettingName, string>>>;
}

const invalid = (message: string, cause?: unknown): ConfigurationError =>
  new ConfigurationError('CONFIG_INVALID', message, { cause });

const FILE_SETTINGS = SETTING_NAMES.filter((name) => {
  const row: AnySetting = SETTINGS[name];
  return row.notInFile !== true;
});

/**
 * Reads the file.
 *
 * @throws ConfigurationError CONFIG_INVALID when it cannot be read, is not a JSON object, or has an unknown key or a value that is
 *   neither text nor, for a list, a list of texts. What the texts say is not looked at here.
 */
export function readConfigurationFile(path: string): ConfigurationFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(
      `The configuration file ${path} cannot be read: ${words(cause)}. Check the path and its permissions.`,
      cause,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid(`The configuration file ${path} is not JSON: ${words(cause)}.`, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalid(`The configuration file ${path} does not hold an object, such as {"listen": "127.0.0.1:5380"}.`);
  }
  const texts: Partial<Record<SettingName, string>> = {};
  for (const [key, value] of Object.entries(parsed)) {
    const name = settingOf(key, path);
    texts[name] = textOf(name, value, path);
  }
  return { path, texts };
}

function settingOf(key: string, path: string): SettingName {
  const known = FILE_SETTINGS.find((name) => name === key);
  if (known !== undefined) return known;
  const near = suggest(key, FILE_SETTINGS);
  const help = near === undefined ? `The keys are ${FILE_SETTINGS.join(', ')}.` : `Did you mean "${near}"?`;
  throw invalid(`The configuration file ${path} has the unknown key "${key}". ${help}`);
}

function textOf(name: SettingName, value: unknown, path: string): string {
  const row: AnySetting = SETTINGS[name];
  if (typeof value === 'string') return value;
  if (row.list === true && Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.join(',');
  const form = row.list === true ? 'a list of texts' : 'a text';
  throw invalid(
    `"${name}" in ${path} must be ${form} in double quotes, not ${JSON.stringify(value)}: give ${row.form.takes}.`,
  );
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

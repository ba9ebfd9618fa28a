/** Where a setting's value comes from, and what is said of one that cannot be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfigurationFile } from '../../src/config/file.js';
import { resolveSettings } from '../../src/config/resolve.js';
import { SETTING_NAMES, defaultOf, flagOf, variableOf, type SettingName } from '../../src/config/settings.js';
import { ConfigurationError } from '../../src/errors.js';

const directory = mkdtempSync(path.join(tmpdir(), 'ecstate-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Writes a configuration file, and gives its path. */
function file(content: unknown): string {
  const name = path.join(directory, 'ecstate.json');
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

/** The ConfigurationError that is thrown. */
function refusal(act: () => unknown): { readonly code: string; readonly message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('precedence', () => {
  const sources = {
    flag: { flags: { retention: '1s' } },
    env: { env: { ECSTATE_RETENTION: '2s' } },
    file: { file: { path: 'ecstate.json', texts: { retention: '3s' } } },
    defaults: { defaults: { retention: '4s' } },
  };

  test.each([
    ['flag', ['flag', 'env', 'file', 'defaults'], 1_000],
    ['flag alone', ['flag'], 1_000],
    ['variable', ['env', 'file', 'defaults'], 2_000],
    ['file', ['file', 'defaults'], 3_000],
    ["the command's default", ['defaults'], 4_000],
    ["the setting's default", [], 3_600_000],
  ] as const)('%s', (_, given, retention) => {
    const merged = Object.assign({ flags: {}, env: {} }, ...given.map((name) => sources[name]));
    expect(resolveSettings(['retention'], merged)).toEqual({ retention });
  });

  test('an empty variable says nothing', () => {
    expect(resolveSettings(['region'], { flags: {}, env: { ECSTATE_REGION: '' } })).toEqual({ region: 'us-east-1' });
  });

  test('gives what was asked for and nothing else', () => {
    expect(resolveSettings(['namespaces', 'listen'], { flags: { region: 'x', namespaces: 'a,b' }, env: {} })).toEqual({
      namespaces: ['a', 'b'],
      listen: { host: '127.0.0.1', port: 5380 },
    });
  });
});

describe('defaults', () => {
  test('of every setting', () => {
    expect(resolveSettings(SETTING_NAMES, { flags: {}, env: { HOME: '/home/me' } })).toEqual({
      listen: { host: '127.0.0.1', port: 5380 },
      dataDir: '/home/me/.local/state/ecstate',
      semantics: 'kecs',
      namespaces: undefined,
      region: 'us-east-1',
      accountId: '000000000000',
      retention: 3_600_000,
      historyRetention: 604_800_000,
      kubeconfig: undefined,
      context: undefined,
      seed: 1,
      speed: 1,
      logLevel: 'info',
      url: 'http://127.0.0.1:5380',
    });
  });

  test.each([
    ['/var/state', '/var/state/ecstate'],
    ['relative', '/home/me/.local/state/ecstate'],
    ['', '/home/me/.local/state/ecstate'],
  ])('the data directory follows XDG_STATE_HOME=%j', (base, dataDir) => {
    const env = { HOME: '/home/me', XDG_STATE_HOME: base };
    expect(resolveSettings(['dataDir'], { flags: {}, env })).toEqual({ dataDir });
  });

  test('are told in words', () => {
    const words = (name: SettingName): string => defaultOf(name);
    expect([words('retention'), words('namespaces'), words('dataDir')]).toEqual([
      '1h',
      'all',
      '$XDG_STATE_HOME/ecstate or ~/.local/state/ecstate',
    ]);
  });
});

describe('names', () => {
  test('of flags and variables come from the setting', () => {
    expect([flagOf('historyRetention'), variableOf('historyRetention')]).toEqual([
      'history-retention',
      'ECSTATE_HISTORY_RETENTION',
    ]);
  });

  test('none is a variable that Kubernetes sets in pods beside a Service called ecstate', () => {
    const clashes = SETTING_NAMES.map(variableOf).filter((name) => /^ECSTATE_(PORT|SERVICE)(_|$)/.test(name));
    expect(clashes).toEqual([]);
  });
});

describe('a bad value', () => {
  const takes =
    'give a duration of whole seconds, minutes, hours or days, such as 90s, 15m, 1h or 7d, from 1s to 3650d.';

  test.each([
    ['a flag', { flags: { retention: 'soon' }, env: {} }, `--retention soon cannot be used: ${takes}`],
    ['a flag with spaces', { flags: { retention: '1 h' }, env: {} }, `--retention "1 h" cannot be used: ${takes}`],
    ['a variable', { flags: {}, env: { ECSTATE_RETENTION: '0s' } }, `ECSTATE_RETENTION=0s cannot be used: ${takes}`],
    [
      'the file',
      { flags: {}, env: {}, file: { path: '/etc/ecstate.json', texts: { retention: '1w' } } },
      `"retention": "1w" in /etc/ecstate.json cannot be used: ${takes}`,
    ],
    [
      'the file, under a flag',
      { flags: { retention: '1h' }, env: {}, file: { path: '/etc/ecstate.json', texts: { retention: '1w' } } },
      `"retention": "1w" in /etc/ecstate.json cannot be used: ${takes}`,
    ],
  ])('of %s is refused with where it came from, what it is and what is allowed', (_, sources, message) => {
    expect(refusal(() => resolveSettings(['retention'], sources))).toEqual({ code: 'CONFIG_INVALID', message });
  });

  test('is refused in the file also for a setting that the command does not take', () => {
    const sources = { flags: {}, env: {}, file: { path: 'e.json', texts: { semantics: 'ecs' } } };
    expect(refusal(() => resolveSettings(['retention'], sources)).message).toBe(
      '"semantics": "ecs" in e.json cannot be used: give one of kecs, aws.',
    );
  });

  test('is not looked at in a variable that the command does not take', () => {
    const env = { ECSTATE_SEMANTICS: 'ecs' };
    expect(resolveSettings(['region'], { flags: {}, env })).toEqual({ region: 'us-east-1' });
  });
});

describe('the file', () => {
  test('gives texts, and lists of texts', () => {
    const name = file({ listen: '[::1]:1', namespaces: ['a', 'b'], region: 'eu-west-1' });
    const settings = resolveSettings(['listen', 'namespaces', 'region'], {
      flags: {},
      env: {},
      file: readConfigurationFile(name),
    });
    expect(settings).toEqual({ listen: { host: '::1', port: 1 }, namespaces: ['a', 'b'], region: 'eu-west-1' });
  });

  test.each([
    [{ retentions: '1h' }, 'has the unknown key "retentions". Did you mean "retention"?'],
    [{ 'data-dir': '/x' }, 'has the unknown key "data-dir". Did you mean "dataDir"?'],
    [{ DataDir: '/x' }, 'has the unknown key "DataDir". Did you mean "dataDir"?'],
    [
      { colour: 'red' },
      'has the unknown key "colour". The keys are listen, dataDir, semantics, namespaces, region, accountId, retention, ' +
        'historyRetention, kubeconfig, context, seed, speed, logLevel.',
    ],
    [{ url: 'http://a' }, 'has the unknown key "url". The keys are '],
    ['[]', 'does not hold an object, such as {"listen": "127.0.0.1:5380"}.'],
    ['{', 'is not JSON: '],
  ])('%j is refused', (content, words) => {
    const name = file(content);
    const { code, message } = refusal(() => readConfigurationFile(name));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain(`The configuration file ${name} ${words}`);
  });

  test.each([
    [
      { accountId: 1 },
      `"accountId" in FILE must be a text in double quotes, not 1: give an account's 12 digits, such as 000000000000.`,
    ],
    [
      { namespaces: [1] },
      '"namespaces" in FILE must be a list of texts in double quotes, not [1]: give names of namespaces, separated by commas: ' +
        'lower-case letters, digits and hyphens, at most 63 of them each.',
    ],
  ])('%j: a value of the wrong type is refused', (content, message) => {
    const name = file(content);
    expect(refusal(() => readConfigurationFile(name)).message).toBe(message.replace('FILE', name));
  });

  test('may give a list as one text, as a flag does', () => {
    expect(readConfigurationFile(file({ namespaces: 'a,b' })).texts).toEqual({ namespaces: 'a,b' });
  });

  test('that is not there is refused', () => {
    const name = path.join(directory, 'none.json');
    expect(refusal(() => readConfigurationFile(name)).message).toContain(
      `The configuration file ${name} cannot be read: ENOENT`,
    );
  });
});

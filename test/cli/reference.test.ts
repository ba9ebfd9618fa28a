/** The reference of the command line is what the code says. */
import { expect, test } from 'vitest';
import { SETTING_NAMES, flagOf } from '../../src/config/settings.js';
import { reference } from './reference.js';

test('src/cli/README.md is up to date (vitest -u writes it anew)', async () => {
  await expect(reference()).toMatchFileSnapshot('../../src/cli/README.md');
});

test('every setting is taken by a command', () => {
  const [, commands = ''] = reference().split('## Commands');
  for (const name of SETTING_NAMES) expect(commands).toContain(`  --${flagOf(name)} <`);
});

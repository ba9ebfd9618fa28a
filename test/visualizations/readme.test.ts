/**
 * machines/README.md says what the machines are: its table and its charts are made from them. `npx vitest run test/visualizations -u` writes
 * them anew.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SERVICE_ROWS, TASK_ROWS } from '../../machines/semantics.js';
import { profilesTable } from '../../visualizations/profiles-table.js';
import { withGeneratedBlocks } from '../../visualizations/readme.js';

const README = fileURLToPath(new URL('../../machines/README.md', import.meta.url));
const text = readFileSync(README, 'utf8');

describe('machines/README.md', () => {
  it('shows the machines as they are', async () => {
    await expect(withGeneratedBlocks(text)).toMatchFileSnapshot(README);
  });

  it('resolves every number that code and tests cite', () => {
    for (const { row } of [...TASK_ROWS, ...SERVICE_ROWS]) expect(text).toMatch(new RegExp(`^\\| ${row} \\| `, 'm'));
    const last = { T: 8, S: 6, R: 4, W: 8, P: 3 };
    for (const [letter, count] of Object.entries(last))
      for (let number = 1; number <= count; number += 1) expect(text).toContain(`- **${letter}${number}** `);
  });
});

describe('the blocks', () => {
  it('are made anew, and nothing else is touched', () => {
    const stale = text.replace(profilesTable(), 'an old table');
    expect(stale).not.toBe(text);
    expect(withGeneratedBlocks(stale)).toBe(text);
  });

  it('must have their place', () => {
    expect(() => withGeneratedBlocks(text.replace('<!-- /profiles -->', ''))).toThrow(
      'machines/README.md has no place for profiles: write <!-- profiles --> and <!-- /profiles -->.',
    );
  });
});

describe('the table of profiles', () => {
  it('has a row for each row of the semantics, with both readings and the reason', () => {
    const lines = profilesTable().split('\n');
    expect(lines).toHaveLength(2 + TASK_ROWS.length + SERVICE_ROWS.length);
    expect(lines[0]).toBe('| # | what | `kecs` (default) | `aws` | why they differ |');
    expect(lines[9]).toBe(
      '| 8 | STOPPED | the pod is gone, or phase Succeeded or Failed without a deletion | the same | No difference. |',
    );
    const numbers = lines.slice(2).map((line) => Number(line.split(' | ')[0]?.slice(2)));
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('says of a reading that no statechart has yet that it is not there', () => {
    const notYet = profilesTable()
      .split('\n')
      .filter((line) => line.includes('| not yet: reads as `kecs`. In ECS: '))
      .map((line) => Number(line.split(' | ')[0]?.slice(2)));
    expect(notYet).toEqual(SERVICE_ROWS.map(({ row }) => row).toSorted((a, b) => a - b));
    expect(notYet).toEqual([12, 13, 14, 15, 16, 17, 19]);
  });
});

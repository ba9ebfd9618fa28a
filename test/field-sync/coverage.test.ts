/**
 * Each row in which the profiles differ has a test of its own in each profile, by its number.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES, TASK_ROWS } from '../../machines/semantics.js';
import type { ProfileName } from '../../machines/semantics.js';

/** The numbers of the rows that the titles of this profile's tests begin with. */
function testedRows(profile: ProfileName): ReadonlySet<number> {
  const source = readFileSync(new URL(`profile-${profile}.test.ts`, import.meta.url), 'utf8');
  return new Set([...source.matchAll(/^\s*(?:it\(|\]\)\()?\s*['"]row (\d+)\b/gm)].map(([, row]) => Number(row)));
}

describe.each(PROFILE_NAMES)('profile %s', (profile) => {
  it.each(TASK_ROWS)('has a test of row $row, $subject', ({ row }) => {
    expect(testedRows(profile)).toContain(row);
  });
});

describe('profile kecs', () => {
  it.each([17, 19])('has a test of row %d, in which the task machine of both profiles is the same', (row) => {
    expect(testedRows('kecs')).toContain(row);
  });
});

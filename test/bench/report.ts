/**
 * Owns the form of what the bench says: rows, as a table for people and as JSON.
 */

/** One figure, and what it is compared with. */
export interface Row {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What cannot be beaten, or is the measure: in the same unit, from the same run. */
  readonly floor?: { readonly what: string; readonly value: number };
  /** What the project aims at, in words. */
  readonly aim?: string;
}

/** What one measurement found. */
export interface Section {
  readonly name: string;
  /** What was done, in one sentence. */
  readonly what: string;
  readonly rows: readonly Row[];
  /** What a reader may not conclude from it. */
  readonly leavesOut: readonly string[];
}

/** Three digits that say something, and no more. */
export function shown(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

export const ratioOf = ({ value, floor }: Row): number | undefined =>
  floor === undefined ? undefined : value / floor.value;

/** The section as a table. */
export function renderSection({ name, what, rows, leavesOut }: Section): string {
  const cells = rows.map((row) => {
    const ratio = ratioOf(row);
    return [
      row.figure,
      `${shown(row.value)} ${row.unit}`,
      ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
      row.floor === undefined ? '' : `${row.floor.what}: ${shown(row.floor.value)}`,
      row.aim ?? '',
    ];
  });
  const table = [['figure', 'value', 'ratio', 'of the floor', 'aim'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const lines = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    `${name}: ${what}`,
    ...lines.map((line) => `  ${line}`),
    ...leavesOut.map((text) => `  leaves out: ${text}`),
  ].join('\n');
}

/** The section as JSON has it: every row with its ratio. */
export const sectionJson = (section: Section): object => ({
  ...section,
  rows: section.rows.map((row) => {
    const ratio = ratioOf(row);
    return ratio === undefined ? row : { ...row, ratio };
  }),
});

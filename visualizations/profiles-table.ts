/**
 * Owns the table of the two profiles as users read it in machines/README.md: Markdown, from the rows that the statecharts ask.
 */
import { TASK_ROWS } from '../machines/semantics.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The table, a row each, without a newline at its end. */
export function profilesTable(): string {
  const rows = TASK_ROWS.map(({ row, subject, kecs, aws, reason }) =>
    line([String(row), subject, kecs.says, aws.says, reason]),
  );
  return [line(['#', 'what', '`kecs` (default)', '`aws`', 'why they differ']), '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

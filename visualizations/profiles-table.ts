/**
 * Owns the table of the two profiles as users read it in machines/README.md: Markdown, from the rows of the semantics.
 */
import { SERVICE_ROWS, TASK_ROWS } from '../machines/semantics.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The table, a row each in the order of their numbers, without a newline at its end. */
export function profilesTable(): string {
  const rows = [...TASK_ROWS, ...SERVICE_ROWS]
    .toSorted((a, b) => a.row - b.row)
    .map(({ row, subject, kecs, aws, reason }) => {
      const awsSays = aws.implemented ? aws.says : `not yet: reads as \`kecs\`. In ECS: ${aws.says}`;
      return line([String(row), subject, kecs.says, awsSays, reason]);
    });
  return [line(['#', 'what', '`kecs` (default)', '`aws`', 'why they differ']), '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/**
 * Owns tables: aligned columns, as wide as what is in them, narrowed where the terminal is too narrow.
 */
import { printable, truncate, wrap } from './format.js';
import { plain, type Colour, type Painter } from './style.js';

export interface Column {
  readonly title: string;
  /** It may be narrowed, to no less than this; other columns keep their width. */
  readonly narrowest?: number;
  readonly align?: 'right';
  /** What does not fit goes on in a next line, instead of being cut off. */
  readonly wraps?: true;
}

export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

export interface TableOptions {
  /** In characters; undefined: as wide as it takes. */
  readonly width: number | undefined;
  readonly paint?: Painter;
}

const GAP = 2;

/** The lines of the table, each with its newline; titles first, unless none is given. A column without anything in it is left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  options: TableOptions,
): string {
  const { paint = plain } = options;
  const cells = rows.map((row) =>
    columns.map((_, index): Cell => {
      const cell = row[index] ?? '';
      return typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };
    }),
  );
  const shown = columns.map((_, index) => index).filter((index) => cells.some((row) => row[index]?.text !== ''));
  const widths = fit(
    shown.map((index) => ({
      natural: Math.max(columns[index]?.title.length ?? 0, ...cells.map((row) => row[index]?.text.length ?? 0)),
      narrowest: columns[index]?.narrowest,
    })),
    options.width,
  );
  const line = (row: readonly Cell[]): string => {
    const contents = shown.map((index, place) => {
      const { text, colour } = row[index] ?? { text: '' };
      const width = Math.max(1, widths[place] ?? 0);
      const { align, wraps } = columns[index] ?? { title: '' };
      return { colour, width, align, lines: wraps === true ? wrap(text, width) : [truncate(text, width)] };
    });
    const height = Math.max(...contents.map(({ lines }) => lines.length));
    return Array.from({ length: height }, (_, level) => {
      const parts = contents.map(({ lines, colour, width, align }) => {
        const text = lines[level] ?? '';
        const padding = ' '.repeat(width - text.length);
        return align === 'right' ? padding + paint(colour, text) : paint(colour, text) + padding;
      });
      return `${parts.join(' '.repeat(GAP)).trimEnd()}\n`;
    }).join('');
  };
  if (shown.length === 0) return '';
  const titles = columns.map(({ title }): Cell => ({ text: title, colour: 'bold' }));
  const titled = titles.some(({ text }) => text !== '');
  return (titled ? [titles, ...cells] : cells).map(line).join('');
}

/** The widest column that may be narrowed gives first, so that what is short stays whole. */
function fit(
  columns: readonly { readonly natural: number; readonly narrowest: number | undefined }[],
  width: number | undefined,
): readonly number[] {
  const widths = columns.map(({ natural }) => natural);
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1)) - width;
  while (excess > 0) {
    let widest: number | undefined;
    for (const [index, { narrowest }] of columns.entries()) {
      const own = widths[index] ?? 0;
      if (narrowest !== undefined && own > narrowest && (widest === undefined || own > (widths[widest] ?? 0)))
        widest = index;
    }
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

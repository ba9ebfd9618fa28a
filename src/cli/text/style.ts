/**
 * Owns colour: only on a terminal, and not where NO_COLOR or TERM=dumb asks for none.
 */
import type { CliIo, Output } from '../io.js';

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34 } as const;
export type Colour = keyof typeof COLOURS;

/** Puts a colour on text, or leaves it as it is. */
export type Painter = (colour: Colour | undefined, text: string) => string;

export const plain: Painter = (_, text) => text;

const coloured: Painter = (colour, text) =>
  colour === undefined || text === '' ? text : `\u001B[${COLOURS[colour]}m${text}\u001B[0m`;

export function painterFor(output: Output, env: CliIo['env']): Painter {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return output.isTTY && !refused ? coloured : plain;
}

/** The colour of a lastStatus: what runs, what is on its way, what is over. */
export function statusColour(lastStatus: string): Colour {
  if (lastStatus === 'RUNNING') return 'green';
  return lastStatus === 'STOPPED' ? 'dim' : 'yellow';
}

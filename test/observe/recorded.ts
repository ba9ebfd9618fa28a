/**
 * Owns the reading of the recordings: what the watches of a real cluster delivered, object by object.
 */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Raw } from './raw-pods.js';

const RECORDINGS = fileURLToPath(new URL('../recordings/', import.meta.url));

/** One line of a recording. */
export interface Recorded {
  /** When it was received, epoch milliseconds. */
  readonly t: number;
  readonly event: { readonly type: string; readonly object: Raw };
}

/** The names of all recordings. */
export const recordings = (): readonly string[] =>
  readdirSync(RECORDINGS).filter((name) => existsSync(`${RECORDINGS}${name}/meta.json`));

/** The lines of one watch of one recording, bookmarks left out. */
export const recorded = (recording: string, watch: 'pods' | 'events'): readonly Recorded[] =>
  readFileSync(`${RECORDINGS}${recording}/${watch}.jsonl`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded) // the format that test/recordings/README.md describes
    .filter(({ event }) => event.type !== 'BOOKMARK');

/** The objects of one watch of all recordings. */
export const allRecorded = (watch: 'pods' | 'events'): readonly Raw[] =>
  recordings().flatMap((recording) => recorded(recording, watch).map(({ event }) => event.object));

/** Reads recordings of a real cluster, so that expectations of the simulator can be held against them too. */
import { readFileSync } from 'node:fs';
import type { KubeObject } from '../../../src/simulator/objects.js';
import type { Seen } from './timeline.js';

const FOLDER = new URL('../../recordings/', import.meta.url);

/** The watch events of one kind in a recording, bookmarks left out. */
export function recorded<T extends KubeObject>(
  scenario: string,
  kind: 'pods' | 'deployments' | 'replicasets' | 'events',
): Seen<T>[] {
  const text = readFileSync(new URL(`${scenario}/${kind}.jsonl`, FOLDER), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { event: Seen<T> }).event) // the form is that of test/recordings/README.md
    .filter(({ type }) => type !== 'BOOKMARK');
}

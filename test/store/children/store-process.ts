/**
 * Owns a process that opens a store and does what its parent asks: the tests' second process, to be killed at will.
 */
import { openStore } from '../../../src/store/open-store.js';
import type { LmdbStore } from '../../../src/store/lmdb-store.js';
import type { Write } from '../../../src/system/store.port.js';

/** What the parent may ask for; each request has one {@link Reply}, `commitForever` has one for every commit. */
export type Request =
  | { readonly ask: 'open'; readonly directory: string }
  | { readonly ask: 'commit'; readonly writes: readonly Write[] }
  | { readonly ask: 'commitForever'; readonly from: number }
  | { readonly ask: 'count' }
  | { readonly ask: 'close' };

export type Reply =
  { readonly done: number } | { readonly failed: string; readonly code: string; readonly message: string };

/** How many rows the numbered batch has beside its cursor: small ones, and some that take LMDB a while. */
const batchRows = (number: number): number => (number % 5 === 0 ? 400 : (number % 7) + 1);

/** A batch that can be recognised as whole: all of its rows, and the cursor that names it. */
export function batch(number: number): Write[] {
  const rows = Array.from({ length: batchRows(number) }, (_, index): Write => {
    return { table: 'history', key: [number, index], value: `${number} `.repeat(200) };
  });
  return [...rows.slice(1), { table: 'cursors', key: 'pods', value: String(number) }, ...rows.slice(0, 1)];
}

let store: LmdbStore | undefined;

async function answer(request: Request, reply: (reply: Reply) => void): Promise<void> {
  if (request.ask === 'open') store = await openStore({ directory: request.directory, writer: 'child', now: () => 0 });
  else if (request.ask === 'commit') await store?.commit(request.writes);
  else if (request.ask === 'close') await store?.close();
  else if (request.ask === 'commitForever') {
    for (let number = request.from; ; number += 1) {
      await store?.commit(batch(number));
      reply({ done: number });
    }
  }
  reply({ done: request.ask === 'count' ? (store?.count('history') ?? 0) : 0 });
}

if (process.send !== undefined) {
  const reply = (message: Reply): void => void process.send?.(message);
  process.on('message', (request) => {
    // Only ChildProcess of processes.ts sends here.
    answer(request as Request, reply).catch((error: unknown) => {
      const { name, code, message } = error as Error & { readonly code: string };
      reply({ failed: name, code, message });
    });
  });
}

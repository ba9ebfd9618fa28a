/**
 * Owns a process that damages copies of a store in many ways and opens each. LMDB would end the process with a signal where the check misses something.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../../src/store/open-store.js';
import type { LmdbStore } from '../../../src/store/lmdb-store.js';
import { TABLES, type Write } from '../../../src/system/store.port.js';

/** What came of all the damage, by error code; `opened` when the store could be read and written all the same. */
export interface Verdicts {
  readonly counts: Readonly<Record<string, number>>;
  /** Damage after which something happened that must not, in words. */
  readonly wrong: readonly string[];
}

const PAGE = 4096;
const [directory = '', seedText = '1', roundsText = '0'] = process.argv.slice(2);

let seed = Number(seedText);
function below(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
}

const DAMAGES: readonly ((bytes: Buffer) => { readonly what: string; readonly bytes: Buffer })[] = [
  (bytes) => {
    const end = below(bytes.length);
    return { what: `cut at ${end}`, bytes: bytes.subarray(0, end) };
  },
  (bytes) => {
    const page = below(bytes.length / PAGE);
    return { what: `zeroed page ${page}`, bytes: bytes.fill(0, page * PAGE, (page + 1) * PAGE) };
  },
  (bytes) => {
    const from = below(bytes.length / PAGE);
    const to = below(bytes.length / PAGE);
    bytes.copy(bytes, to * PAGE, from * PAGE, (from + 1) * PAGE);
    return { what: `page ${from} written over page ${to}`, bytes };
  },
  (bytes) => flip(bytes, below(bytes.length)),
  (bytes) => flip(bytes, below(2) * PAGE + below(168)),
  (bytes) => flip(bytes, below(bytes.length / PAGE) * PAGE + below(40)),
  (bytes) => {
    const page = below(bytes.length / PAGE);
    for (let count = 0; count < 8; count += 1) bytes[page * PAGE + below(PAGE)] = below(256);
    return { what: `noise in page ${page}`, bytes };
  },
];

function flip(bytes: Buffer, at: number): { readonly what: string; readonly bytes: Buffer } {
  const bits = below(255) + 1;
  bytes[at] = (bytes[at] ?? 0) ^ bits;
  return { what: `byte ${at} flipped by ${bits}`, bytes };
}

/** Writes that change every kind of page: rows that come, grow, shrink and go, values with pages of their own. */
function churn(): Write[] {
  return Array.from({ length: 120 }, (_, index): Write => {
    const key = `arn:${below(600)}`;
    if (index % 2 === 1) return { table: 'history', key: [key, below(40)], value: 'h'.repeat(200) };
    if (below(3) === 0) return { table: 'snapshots', key };
    return { table: 'snapshots', key, value: 'x'.repeat(below(20) === 0 ? 9_000 : below(1_500)) };
  });
}

const openAt = (path: string): Promise<LmdbStore> => openStore({ directory: path, writer: 'attacker', now: () => 0 });
const codeOf = (error: unknown): string => String((error as { readonly code?: unknown }).code);

/** Reads every row, and writes on. */
async function use(store: LmdbStore): Promise<void> {
  try {
    for (const table of TABLES) for (const { value } of store.range(table)) Buffer.byteLength(value);
    for (let count = 0; count < 2; count += 1) await store.commit(churn());
  } finally {
    await store.close();
  }
}

async function attack(): Promise<Verdicts> {
  const sound = join(directory, 'sound');
  const store = await openAt(sound);
  for (let count = 0; count < 40; count += 1) await store.commit(churn());
  await store.close();

  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  const damaged = join(directory, 'damaged');
  const file = join(damaged, 'data.mdb');
  for (let round = 0; round < Number(roundsText); round += 1) {
    rmSync(damaged, { recursive: true, force: true });
    mkdirSync(damaged);
    copyFileSync(join(sound, 'data.mdb'), file);
    const { what, bytes } = (DAMAGES[round % DAMAGES.length] ?? ((same: Buffer) => ({ what: 'nothing', bytes: same })))(
      readFileSync(file),
    );
    writeFileSync(file, bytes);
    // Before it is tried, for whoever reads the output of a process that died.
    process.stdout.write(`${round}: ${what}\n`);
    let verdict: string;
    try {
      const opened = await openAt(damaged);
      verdict = await use(opened).then(
        () => 'opened',
        (error: unknown) => `opened, then ${codeOf(error)}`,
      );
    } catch (error) {
      verdict = codeOf(error);
      if (!readFileSync(file).equals(bytes)) wrong.push(`${what}: refused, and changed`);
    }
    if (!verdict.includes('STORE_') && verdict !== 'opened') wrong.push(`${what}: ${verdict}`);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return { counts, wrong };
}

process.send?.(await attack());
process.disconnect();

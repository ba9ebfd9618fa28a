/**
 * Owns the exclusive right to a data directory: at most one process holds it, and it ends with that process, however that ends.
 *
 * Node offers no file lock, and a file with a pid in it proves nothing: it survives a kill, pids are reused, and two containers on
 * one volume have different pids for the same process. So the proof of life is a listening Unix socket in the directory:
 * the kernel accepts a connection to it only while its process lives, whatever namespaces the two sides are in.
 *
 * A socket's file outlives its process, and must be removed without ever removing the one of a living process. Therefore:
 * - L1 Every process has a socket of its own, under a name that is never used again; a socket that refuses is dead for ever, and anyone may remove it.
 * - L2 A socket listens before it gets its name (it is made under another and renamed), so that a refusal is never an early one.
 * - L3 A process becomes the holder only when, after its own socket had its name, it looked and saw no other that lives. Of any two, the
 *   later one to be named sees the other.
 * - L4 Of two that see each other while neither holds, the one with the smaller name stays, and waits until the other has gone or turns out to hold.
 *
 * Limit: a socket is known to one kernel. Two machines that share a directory over a network do not see each other (nor can LMDB be used so).
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConfigurationError } from '../errors.js';
import { LockSocket, probe, type LockAnswer } from './lock-socket.js';

/** How long to wait for another process that is opening the same directory at this moment, in milliseconds; it usually takes a few. */
const CONTENTION_LIMIT = 5_000;
const CONTENTION_PAUSE = 10;

const NAMED = /^holder-[0-9a-z]+\.sock$/;
const UNNAMED = /^holder-[0-9a-z]+\.new$/;

export interface DirectoryLock {
  /** Gives the directory up. Idempotent. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a directory that exists, or fails at once; where another process holds it, nothing in the directory is touched.
 *
 * @param id unique among all processes, ever: lower-case letters and digits, few, since the path of a socket is short.
 * @throws ConfigurationError STORE_LOCKED naming the holder; STORE_FAILED where the directory cannot hold a socket.
 */
export async function lockDirectory(directory: string, id: string): Promise<DirectoryLock> {
  const [holder] = (await survey(directory)).filter(({ answer }) => answer.state !== 'candidate');
  if (holder !== undefined) throw locked(directory, holder.answer);

  const name = `holder-${id}.sock`;
  const unnamed = `holder-${id}.new`;
  let socket: LockSocket | undefined;
  const release = async (): Promise<void> => {
    await socket?.close();
    await removeAll(directory, [name, unnamed]);
  };
  try {
    socket = await LockSocket.listen(directory, unnamed, { pid: process.pid, host: hostname() });
    await rename(join(directory, unnamed), join(directory, name));
    await prevail(directory, name);
  } catch (error) {
    await release();
    // Sockets that have no name yet are removed by whoever has just become the holder.
    throw isMissing(error) ? locked(directory, {}) : error;
  }
  socket.hold();
  // Left by processes that died before they named their sockets; one that is about to finds that it is locked out.
  await removeAll(
    directory,
    (await readdir(directory)).filter((file) => UNNAMED.test(file)),
  );
  return { release };
}

/**
 * Returns once no other living process has a socket here; throws when one holds, or comes before this one (L4). One that does not answer
 * may be a holder or a slow candidate: it is asked again, until the limit.
 */
async function prevail(directory: string, name: string): Promise<void> {
  // Not the clock of the store: this waits for other processes, and has to end when a clock stands still.
  const deadline = performance.now() + CONTENTION_LIMIT;
  for (;;) {
    const others = await survey(directory, name);
    if (others.length === 0) return;
    const isLate = performance.now() > deadline;
    const stronger = others.find((other) => other.answer.state === 'holder' || other.name < name || isLate);
    if (stronger !== undefined) throw locked(directory, stronger.answer);
    await setTimeout(CONTENTION_PAUSE);
  }
}

/** The sockets here whose processes live, but for `own`; the files of dead ones are removed (L1). */
async function survey(
  directory: string,
  own?: string,
): Promise<{ readonly name: string; readonly answer: LockAnswer }[]> {
  const names = (await readdir(directory)).filter((name) => NAMED.test(name) && name !== own);
  const answers = await Promise.all(names.map(async (name) => ({ name, answer: await probe(directory, name) })));
  const dead = answers.filter(({ answer }) => answer === undefined);
  await removeAll(
    directory,
    dead.map(({ name }) => name),
  );
  return answers.flatMap(({ name, answer }) => (answer === undefined ? [] : [{ name, answer }]));
}

async function removeAll(directory: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

function locked(directory: string, { pid, host }: Partial<LockAnswer>): ConfigurationError {
  const holder = pid === undefined ? 'a process that does not say who it is' : `process ${pid} on host ${host}`;
  return new ConfigurationError(
    'STORE_LOCKED',
    `The data directory ${directory} is in use by ${holder}. Stop that one, or give this one a directory of its own.`,
  );
}

/**
 * Owns what failures of the file system and of LMDB mean to the caller.
 */
import { statfs } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { ConfigurationError, FatalError, RetryableError, type EcstateError } from '../errors.js';

/** The name of an error of the system: Node gives the name itself as the code, LMDB the number. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const { code } = error;
  if (typeof code === 'number' && Number.isInteger(code) && code > 0) return getSystemErrorName(-code);
  return typeof code === 'string' ? code : undefined;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What to do about a directory that could not be made or used. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'make it writable for the user that ecstate runs as',
  EPERM: 'make it writable for the user that ecstate runs as',
  EROFS: 'it is on a read-only file system; mount it writable, or choose another',
  ENOTDIR: 'a part of this path is a file; choose another path',
  EEXIST: 'something of this name is there already; choose another path',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'a part of this path leads nowhere; choose another path',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota is used up; make room',
  EFBIG: 'a limit on the size of files (ulimit -f) is in the way; raise it',
  EIO: 'the disk is full or fails; look at it',
  EISDIR: 'a directory is where a file of the store should be; choose another path',
};

/** Why a data directory cannot be used; errors that already say so pass through. */
export function directoryFailure(directory: string, error: unknown): EcstateError {
  if (error instanceof ConfigurationError || error instanceof FatalError || error instanceof RetryableError)
    return error;
  const advice = ADVICE[codeOf(error) ?? ''] ?? 'look at its disk';
  return new ConfigurationError(
    'STORE_FAILED',
    `The data directory ${directory} cannot be used (${messageOf(error)}): ${advice}.`,
    { cause: error },
  );
}

/** Less than this many bytes left on a file system counts as full: one transaction may need as much. */
const ROOM = 16 * 2 ** 20;

/** Why a commit failed that left the store as it was and usable. LMDB reports a short write, the usual sign of a full disk, as an input/output error. */
export async function commitFailure(directory: string, error: unknown): Promise<RetryableError> {
  const free = await statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
  const room = free === undefined ? '' : `, ${Math.floor(free / 2 ** 20)} MiB are free on its disk`;
  const advice =
    free !== undefined && free < ROOM ? 'make room' : 'look at the disk, at quotas and at the limit of file sizes';
  return new RetryableError(
    'STORE_FAILED',
    `The store in ${directory} could not be written (${messageOf(error)}${room}): ${advice}. Nothing of the commit was applied.`,
    {
      cause: error,
    },
  );
}

/** What every commit gets after LMDB gave up on its file: it then takes no transaction any more until it is opened anew. */
export const writingEnded = (directory: string, error: unknown): FatalError =>
  new FatalError(
    'STORE_FAILED',
    `The store in ${directory} cannot be used any more since its disk failed (${messageOf(error)}): look at the disk, and restart ecstate.`,
    {
      cause: error,
    },
  );

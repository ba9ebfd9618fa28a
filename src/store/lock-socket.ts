/**
 * Owns the socket that proves that a process lives: how it listens in a directory, what it says, and how another process asks it.
 */
import { open } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { ConfigurationError } from '../errors.js';

/** How long a living process has to say who it is, in milliseconds: one whose event loop is busy or stopped is alive all the same. */
const ANSWER_LIMIT = 1_000;
/** The longest path of a socket, in bytes, without the closing zero; Linux takes 107, macOS 103. */
const PATH_LIMIT = 103;

export interface Identity {
  /** As its own namespace numbers it. */
  readonly pid: number;
  readonly host: string;
}

/** What a living process said of itself: `silent` when it did not in time. */
export interface LockAnswer extends Partial<Identity> {
  readonly state: 'candidate' | 'holder' | 'silent';
}

/**
 * Calls `use` with a path to `directory/name` that is short enough for a socket: through the open directory where the real one is too long.
 *
 * @throws ConfigurationError (CONFIG_INVALID) where it is too long and there is no /proc.
 */
async function withSocketPath<T>(directory: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(directory, name);
  const excess = Buffer.byteLength(path) - PATH_LIMIT;
  if (excess <= 0) return use(path);
  if (process.platform !== 'linux') {
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `The path of the data directory ${directory} is ${excess} bytes too long for a socket in it; choose a shorter one.`,
    );
  }
  const handle = await open(directory);
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`);
  } finally {
    await handle.close();
  }
}

/** A listening socket that tells everyone who connects who its process is, and whether it holds the directory. It does not keep the process alive. */
export class LockSocket {
  readonly #server: Server;
  #state: LockAnswer['state'] = 'candidate';

  private constructor(identity: Identity) {
    this.#server = createServer((connection) => {
      connection.on('error', () => undefined);
      connection.end(JSON.stringify({ state: this.#state, ...identity } satisfies LockAnswer));
    });
    // Without this, one connection that cannot be accepted would end the process.
    this.#server.on('error', () => undefined);
    this.#server.unref();
  }

  /**
   * @throws ConfigurationError (STORE_FAILED) when the directory cannot be written to, or its file system has no sockets; ENOENT when somebody
   *   removed the socket at once.
   */
  static async listen(directory: string, name: string, identity: Identity): Promise<LockSocket> {
    const socket = new LockSocket(identity);
    try {
      await withSocketPath(directory, name, (path) => {
        return new Promise<void>((resolve, reject) => {
          socket.#server.once('error', reject);
          // Open to every user: a process under another user must be able to learn that this one lives.
          socket.#server.listen({ path, readableAll: true, writableAll: true }, resolve);
        });
      });
    } catch (error) {
      throw cannotListen(directory, error);
    }
    return socket;
  }

  /** From now on this process is the holder. */
  hold(): void {
    this.#state = 'holder';
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function cannotListen(directory: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code === 'ENOENT') return error;
  const advice =
    error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS'
      ? 'make it writable for the user that ecstate runs as'
      : 'choose one on a local disk; the store needs a file system with Unix sockets';
  const what = `The data directory ${directory} cannot be locked (${error.message}): ${advice}.`;
  return error instanceof ConfigurationError ? error : new ConfigurationError('STORE_FAILED', what, { cause: error });
}

/** Asks a socket who its process is; undefined when that process is dead, or the socket gone. */
export async function probe(directory: string, name: string): Promise<LockAnswer | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask(directory, name);
    // A process that accepts and says nothing is ending, as a rule: the next attempt finds it dead.
    if (answer !== 'broken') return answer;
    if (attempt === ATTEMPTS) return { state: 'silent' };
  }
}

const ATTEMPTS = 5;

function ask(directory: string, name: string): Promise<LockAnswer | 'broken' | undefined> {
  return withSocketPath(directory, name, (path) => {
    return new Promise((resolve) => {
      const socket = connect(path);
      const chunks: Buffer[] = [];
      const settle = (answer: LockAnswer | 'broken' | undefined): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.setTimeout(ANSWER_LIMIT, () => settle({ state: 'silent' }));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('end', () => settle(parseAnswer(Buffer.concat(chunks))));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => {
        // Only these two mean that nobody listens: a full queue, or a right that is missing, must not pass for a death.
        if (code === 'ECONNREFUSED' || code === 'ENOENT') settle(undefined);
        else settle(code === 'ECONNRESET' || code === 'EPIPE' ? 'broken' : { state: 'silent' });
      });
    });
  });
}

function parseAnswer(bytes: Buffer): LockAnswer | 'broken' {
  try {
    // Written by LockSocket, of this or another version; all of them say at least the state.
    const answer = JSON.parse(bytes.toString()) as LockAnswer;
    return answer.state === 'candidate' || answer.state === 'holder' ? answer : { state: 'silent' };
  } catch {
    return 'broken';
  }
}

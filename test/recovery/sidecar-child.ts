/**
 * Owns the process that the crash tests kill: a whole sidecar on a given cluster and data directory, which can be told to die, or to have its
 * commits fail, at a given commit. It speaks JSON lines on standard output; its log goes to standard error.
 */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '../../src/kubernetes/connection.js';
import { createSidecar } from '../../src/sidecar.js';
import { EcstateError, RetryableError } from '../../src/errors.js';
import { LmdbStore } from '../../src/store/lmdb-store.js';
import { systemClock, type Clock } from '../../src/system/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';

/** When the process is to kill itself, as kill -9 does. */
export interface Crash {
  /** The number of the commit, from 1. */
  readonly commit: number;
  /** Before anything of it is written; while it is; after it is durable and before anybody was told. */
  readonly phase: 'before' | 'during' | 'after';
  /** With `during`: milliseconds since the commit began; it takes about 2. */
  readonly delay?: number;
}

export interface ChildOptions {
  readonly server: string;
  readonly dataDirectory: string;
  /** Milliseconds that a stopped task stays; for ever by default. */
  readonly retention?: { readonly tasks: number; readonly history: number };
  readonly crash?: Crash;
  /** Milliseconds that each commit takes more: a slow disk. */
  readonly commitDelay?: number;
  /** While there is a file of this name, commits fail before anything is written. */
  readonly failWhile?: string;
}

/** What the process says of itself. */
export type ChildMessage =
  | { readonly is: 'listening'; readonly url: string }
  | { readonly is: 'synced' }
  | { readonly is: 'refused'; readonly code: string; readonly message: string };

const FOREVER = Number.MAX_SAFE_INTEGER / 4;

/** How much faster time passes for back-off and for the watchdog of silent connections, so that the tests need not wait for them. */
const HURRY = 10;
const hurried: Clock = {
  now: () => Date.now() * HURRY,
  setTimeout: (callback, delay, options) => systemClock.setTimeout(callback, delay / HURRY, options),
  clearTimeout: (timer) => systemClock.clearTimeout(timer),
};

const say = (message: ChildMessage): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing may happen before it is here.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function interfere({ crash, failWhile, commitDelay }: ChildOptions): void {
  const commit = LmdbStore.prototype.commit;
  let commits = 0;
  LmdbStore.prototype.commit = async function (writes) {
    commits += 1;
    if (commitDelay !== undefined) await pause(commitDelay);
    if (failWhile !== undefined && existsSync(failWhile)) {
      throw new RetryableError('STORE_FAILED', 'The store could not be written (a test says so): make room.');
    }
    if (crash?.commit !== commits) return commit.call(this, writes);
    if (crash.phase === 'before') die();
    const done = commit.call(this, writes);
    if (crash.phase === 'during') setTimeout(die, crash.delay ?? 0);
    await done;
    die();
  };
}

async function main(options: ChildOptions): Promise<void> {
  interfere(options);
  const sidecar = createSidecar(
    {
      listen: { host: '127.0.0.1', port: 0 },
      dataDirectory: options.dataDirectory,
      semantics: 'kecs',
      namespaces: [],
      defaults: { region: 'us-east-1', accountId: '000000000000' },
      retention: options.retention ?? { tasks: FOREVER, history: FOREVER },
      clock: systemClock,
    },
    {
      connection: new Connection({ server: new URL(options.server), clock: hurried }),
      logger: createLogger({ level: 'debug' }),
      networkClock: hurried,
    },
  );
  process.on('SIGTERM', () => void sidecar.stop().then(() => process.exit(0)));
  await sidecar.start();
  say({ is: 'listening', url: sidecar.url });
  await sidecar.synced();
  say({ is: 'synced' });
}

try {
  // The test that starts this process writes its options.
  await main(JSON.parse(process.argv[2] ?? '') as ChildOptions);
} catch (error) {
  const code = error instanceof EcstateError ? error.code : 'UNEXPECTED';
  say({ is: 'refused', code, message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}

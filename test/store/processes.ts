/**
 * Owns the processes that tests start: they run the compiled sources, since they must be able to die.
 */
import { execFile, fork, type ChildProcess, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Reply, Request } from './children/store-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let built = '';
const running = new Set<ChildProcess>();

/** To be called once in a test file that starts processes: compiles their sources before its tests. */
export function useProcesses(): void {
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'ecstate-children-'));
    // For children under another user.
    await chmod(built, 0o755);
    await writeFile(join(built, 'package.json'), '{ "type": "module" }');
    await symlink(join(root, 'node_modules'), join(built, 'node_modules'));
    const sources = ['store-process', 'attacker'].map((name) => join(root, 'test', 'store', 'children', `${name}.ts`));
    const options = [
      '--ignoreConfig',
      '--noCheck',
      '--rootDir',
      root,
      '--outDir',
      built,
      '--module',
      'nodenext',
      '--target',
      'es2023',
    ];
    await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, ...sources]);
  });
  afterEach(async () => {
    await Promise.all([...running].map((child) => kill(child)));
  });
  afterAll(() => rm(built, { recursive: true, force: true }));
}

/** Starts one of the children; it is killed after the test. */
export function start(name: 'store-process' | 'attacker', args: readonly string[] = [], user?: number): ChildProcess {
  const path = join(built, 'test', 'store', 'children', `${name}.js`);
  const child = fork(path, args, {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(user !== undefined && { uid: user, gid: user }),
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** As the kernel does it when memory is short: no handler runs, nothing is flushed. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** A second process with a store. */
export class StoreProcess {
  readonly child: ChildProcess;

  /** @param user the number of the user to run as, which only root may choose. */
  constructor(user?: number) {
    this.child = start('store-process', [], user);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Asks for one thing, and waits for the answer; throws when the process dies instead. */
  async ask(request: Request): Promise<Reply> {
    const replies = this.replies(request);
    const { value } = await replies.next();
    await replies.return(undefined);
    if (value === undefined)
      throw new Error(`The process ended (${this.child.exitCode ?? this.child.signalCode}) on ${request.ask}`);
    return value;
  }

  /** Asks for one thing, and gives every answer until the process dies. */
  async *replies(request: Request): AsyncGenerator<Reply, undefined> {
    const received: Reply[] = [];
    let wake = (): void => undefined;
    // It sends nothing but replies.
    const onMessage = (reply: Serializable): void => void (received.push(reply as Reply), wake());
    const onExit = (): void => wake();
    this.child.on('message', onMessage).on('exit', onExit);
    try {
      this.child.send(request);
      for (;;) {
        const next = received.shift();
        if (next !== undefined) yield next;
        else if (this.child.exitCode !== null || this.child.signalCode !== null) return undefined;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.child.off('message', onMessage).off('exit', onExit);
    }
  }

  kill(): Promise<void> {
    return kill(this.child);
  }
}

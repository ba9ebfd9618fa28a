/**
 * Owns the processes of the crash tests: builds the sidecar once, starts it as a process of its own, kills it, and reads what it says.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { ChildMessage, ChildOptions } from './sidecar-child.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** A built sidecar; {@link Build.remove} takes it away again. */
export interface Build {
  readonly entry: string;
  remove(): Promise<void>;
}

/**
 * Compiles the entry of the child and what it imports, into a directory of its own: every supported Node runs the result, and a build of the
 * repository that is older than its source is never tested. Types are not checked here (`npm run types` does).
 */
export async function buildChild(): Promise<Build> {
  const directory = await mkdtemp(join(tmpdir(), 'ecstate-recovery-'));
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(REPOSITORY, 'tsconfig.json'),
      compilerOptions: {
        noCheck: true,
        declaration: false,
        rootDir: REPOSITORY,
        outDir: directory,
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
      },
      include: [],
      files: [join(REPOSITORY, 'test/recovery/sidecar-child.ts')],
    }),
  );
  for (const name of ['node_modules', 'package.json']) await symlink(join(REPOSITORY, name), join(directory, name));
  await promisify(execFile)(process.execPath, [
    join(REPOSITORY, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(directory, 'tsconfig.json'),
  ]);
  return {
    entry: join(directory, 'test/recovery/sidecar-child.js'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly err?: { readonly message: string; readonly code?: string };
}

/** How a process ended: by itself, with a code, or by a signal. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the sidecar. */
export class SidecarProcess {
  readonly #process: ChildProcess;
  readonly #messages: ChildMessage[] = [];
  readonly #arrivals = new Set<() => void>();
  readonly log: LogLine[] = [];
  readonly ended: Promise<End>;
  #end: End | undefined;

  constructor(build: Build, options: ChildOptions) {
    this.#process = spawn(process.execPath, [build.entry, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error('The process has no pipes.');
    // sidecar-child.ts writes these lines.
    createInterface({ input: stdout }).on('line', (line) => this.#heard(JSON.parse(line) as ChildMessage));
    createInterface({ input: stderr }).on('line', (line) => this.log.push(logLine(line)));
    this.ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        this.#end = { code, signal };
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  /** Resolves with the URL once it listens. */
  async url(): Promise<string> {
    const message = await this.#message((candidate) => candidate.is === 'listening');
    return message.is === 'listening' ? message.url : '';
  }

  /** Resolves once it is ready for the first time. */
  async synced(): Promise<void> {
    await this.#message((candidate) => candidate.is === 'synced');
  }

  /** Resolves with the error by which it refused to start. */
  async refusal(): Promise<{ readonly code: string; readonly message: string }> {
    const message = await this.#message((candidate) => candidate.is === 'refused');
    return message.is === 'refused' ? message : { code: '', message: '' };
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<End> {
    this.#process.kill(signal);
    return this.ended;
  }

  #heard(message: ChildMessage): void {
    this.#messages.push(message);
    this.#wake();
  }

  #wake(): void {
    for (const arrival of this.#arrivals) arrival();
    this.#arrivals.clear();
  }

  async #message(wanted: (message: ChildMessage) => boolean): Promise<ChildMessage> {
    for (;;) {
      const found = this.#messages.find(wanted);
      if (found !== undefined) return found;
      if (this.#end !== undefined) throw new ProcessEnded(this.#end, this.#messages, this.log);
      await new Promise<void>((resolve) => this.#arrivals.add(resolve));
    }
  }
}

/** The process ended before it said what was waited for. */
export class ProcessEnded extends Error {
  constructor({ code, signal }: End, messages: readonly ChildMessage[], log: readonly LogLine[]) {
    const last = log.slice(-5).map(({ level, msg, err }) => `${level} ${msg} ${err?.message ?? ''}`);
    super(`The sidecar ended (${signal ?? code}).\n${JSON.stringify(messages)}\n${last.join('\n')}`);
  }
}

function logLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine; // the logger of src/telemetry writes these
  } catch {
    return { level: 'raw', msg: line };
  }
}

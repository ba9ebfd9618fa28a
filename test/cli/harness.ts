/**
 * Owns what the tests of commands share: an io that records, with a clock that stands still, and dependencies that refuse to be used.
 */
import type { CliDependencies } from '../../src/cli/dependencies.port.js';
import type { CliIo, Output, Signal } from '../../src/cli/io.js';
import { run } from '../../src/cli/program.js';
import { ManualClock } from '../../src/system/clock.js';

/** 2026-01-01T00:10:00.000Z */
export const NOW = 1_767_226_200_000;

class RecordedOutput implements Output {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  text = '';
  #waiting: (() => void)[] = [];

  constructor(columns: number | undefined) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
    for (const look of this.#waiting) look();
  }

  /** Resolves when `text` has been written. */
  async shows(text: string): Promise<void> {
    if (this.text.includes(text)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(() => {
        if (this.text.includes(text)) resolve();
      });
    });
  }
}

export interface FakeIo extends CliIo {
  readonly stdout: RecordedOutput;
  readonly stderr: RecordedOutput;
  readonly clock: ManualClock;
  /** Sends a signal; false when nobody listens, and the process would end. */
  signal(name: Signal): boolean;
  /** Closes the reading end of standard output. */
  closeOutput(): void;
  /** With which codes the process was ended at once. */
  readonly exits: readonly number[];
}

/** `columns`: the width of the terminal; without it there is none. */
export function fakeIo(options: { readonly columns?: number; readonly env?: CliIo['env'] } = {}): FakeIo {
  const listeners = new Set<(signal: Signal) => void>();
  const outputClosed = new AbortController();
  const exits: number[] = [];
  return {
    stdout: new RecordedOutput(options.columns),
    stderr: new RecordedOutput(options.columns),
    env: { HOME: '/home/me', NO_COLOR: '1', ...options.env },
    clock: new ManualClock(NOW),
    program: 'ecstate',
    outputClosed: outputClosed.signal,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exit: (code) => void exits.push(code),
    signal: (name) => {
      for (const listener of listeners) listener(name);
      return listeners.size > 0;
    },
    closeOutput: () => outputClosed.abort(),
    exits,
  };
}

const unused = (name: string) => (): never => {
  throw new Error(`this command has no business with ${name}`);
};

/** Dependencies of which only the given ones may be used. */
export const fakeDependencies = (given: Partial<CliDependencies> = {}): CliDependencies => ({
  version: '1.2.3',
  createLogger: unused('a logger'),
  connect: unused('a cluster'),
  startEmbeddedCluster: unused('the embedded cluster'),
  replay: unused('replays'),
  ...given,
});

/** Runs a command line to its end, and gives all that came of it. */
export async function ecstate(
  line: string | readonly string[],
  io: FakeIo = fakeIo(),
  dependencies: CliDependencies = fakeDependencies(),
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const exitCode = await run(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, io, dependencies);
  return { exitCode, stdout: io.stdout.text, stderr: io.stderr.text };
}

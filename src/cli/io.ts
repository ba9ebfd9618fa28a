/**
 * Owns what a command touches of the process that it runs in: its outputs, its environment, its signals, its end. Commands are given one
 * and know nothing of `process`, so that a test can bring its own.
 */
import type { Environment } from '../config/settings.js';
import { systemClock, type Clock } from '../system/clock.js';

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** The width of the terminal in characters; undefined where there is none. */
  readonly columns: number | undefined;
}

export type Signal = 'SIGINT' | 'SIGTERM';

export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly clock: Clock;
  /** What one types to call this program: `ecstate`. */
  readonly program: string;
  /** Aborted when nobody reads standard output any more (`ecstate watch | head`). */
  readonly outputClosed: AbortSignal;
  /** Calls `listener` on each signal, which then no longer ends the process. Returns how to stop listening. */
  onSignal(listener: (signal: Signal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** The io of this process. A pipe that was closed at its other end is no error: it ends what only writes to it. */
export function processIo(program: string): CliIo {
  const closed = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) closed.abort();
    });
  }
  return {
    stdout: outputOf(process.stdout, closed.signal),
    stderr: outputOf(process.stderr),
    env: process.env,
    clock: systemClock,
    program,
    outputClosed: closed.signal,
    onSignal: (listener) => {
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}

function outputOf(stream: NodeJS.WriteStream, closed?: AbortSignal): Output {
  return {
    write: (text) => {
      if (closed?.aborted !== true) stream.write(text);
    },
    isTTY: stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
  };
}

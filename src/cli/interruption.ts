/**
 * Owns how a command that runs until it is stopped is stopped: the first signal asks it to end, the second ends the process.
 */
import { EXIT_CODES } from './exit-codes.js';
import type { CliIo } from './io.js';

export interface Interruption {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly signalled: Promise<void>;
  /** Leaves signals to Node.js again. */
  dispose(): void;
}

export function interruption(io: CliIo): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const signalled = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const dispose = io.onSignal(() => {
    if (signal.aborted) io.exit(EXIT_CODES.interrupted.code);
    else controller.abort();
  });
  return { signal, signalled, dispose };
}

/**
 * Owns how a failed command says so: one line on standard error, or a JSON object where JSON was asked for; never a stack trace, unless
 * the log level is `debug`.
 */
import { EcstateError } from '../errors.js';
import { exitCodeOf, type ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { painterFor } from './text/style.js';

/** The code of an error that ecstate did not foresee. */
const UNEXPECTED = 'UNEXPECTED';

/** Tells of the error, and gives the exit code that goes with it. */
export function reportError(error: unknown, argv: readonly string[], io: CliIo): ExitCode {
  const exitCode = exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof EcstateError ? error.code : UNEXPECTED;
  if (wantsJson(argv)) {
    io.stderr.write(`${JSON.stringify({ error: { code, message, exitCode } })}\n`);
  } else {
    const paint = painterFor(io.stderr, io.env);
    const hint = code === UNEXPECTED ? '. This is a fault of ecstate; --log-level debug shows where it happened.' : '';
    io.stderr.write(`${paint('red', 'error:')} ${message}${hint} (${code})\n`);
  }
  if (wantsStack(argv, io.env) && error instanceof Error) io.stderr.write(`${stackOf(error)}\n`);
  return exitCode;
}

// An error may come before the options are known, so these look at the words themselves.

const valueOf = (argv: readonly string[], names: readonly string[]): string | undefined => {
  for (const [index, word] of argv.entries()) {
    for (const name of names) {
      if (word === name) return argv[index + 1];
      if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
      if (!name.startsWith('--') && word.startsWith(name)) return word.slice(name.length);
    }
  }
  return undefined;
};

const wantsJson = (argv: readonly string[]): boolean => valueOf(argv, ['--output', '-o']) === 'json';

const wantsStack = (argv: readonly string[], env: CliIo['env']): boolean =>
  (valueOf(argv, ['--log-level']) ?? env['ECSTATE_LOG_LEVEL']) === 'debug';

function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by: ${stackOf(error.cause)}` : stack;
}

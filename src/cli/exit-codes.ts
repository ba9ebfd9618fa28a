/**
 * Owns what the exit code of `ecstate` says, and which error ends with which.
 */
import { ConfigurationError, EcstateError } from '../errors.js';

/** Every exit code, with its meaning. Codes are stable: scripts may rely on them. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'It was done.' },
  failed: {
    code: 1,
    meaning:
      'It could not be done: the sidecar or the cluster cannot be reached, or failed; or what was waited for can no longer happen.',
  },
  usage: { code: 2, meaning: 'The command line, the configuration, the kubeconfig or a recording cannot be used.' },
  notFound: { code: 3, meaning: 'No such task, cluster or service is known.' },
  timeout: { code: 4, meaning: 'What was waited for did not happen in time.' },
  interrupted: { code: 130, meaning: 'It was interrupted (Ctrl-C) before its end.' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]['code'];

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof EcstateError)) return EXIT_CODES.failed.code;
  if (error.code === 'NOT_FOUND') return EXIT_CODES.notFound.code;
  if (error.code === 'WAIT_TIMEOUT') return EXIT_CODES.timeout.code;
  return error instanceof ConfigurationError ? EXIT_CODES.usage.code : EXIT_CODES.failed.code;
}

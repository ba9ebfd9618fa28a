/**
 * Owns the log: JSON lines through pino, and the narrow interface by which everything else writes to it.
 * Lines go to standard error; standard output is left to what a command prints.
 */
import { destination as fileDestination, pino, stdSerializers, stdTimeFunctions } from 'pino';

/** From the most talkative to none at all. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The facts of a line, by name. An error belongs under `err`. */
type LogFields = Readonly<Record<string, unknown>>;

/** Where anything is logged: facts first, then one sentence for people. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Takes finished lines, each with its newline. */
export interface LogDestination {
  write(line: string): void;
}

/** What stands in a line in place of a secret. */
export const REDACTED = '[redacted]';

/** Names under which credentials are kept: HTTP headers, kubeconfig fields, environment variables. */
const SECRET_NAME =
  /authorization|token|secret|password|passwd|cookie|credential|api[-_]?key|private[-_]?key|client[-_]?key/i;

/** How deep fields are searched for secrets; what lies deeper is not logged at all, so that a cycle ends. */
const MAX_LOGGED_DEPTH = 8;

/** File descriptor of standard error. */
const STDERR = 2;

function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_LOGGED_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  // A date, a buffer or a URL knows better how it is written.
  if (!(value instanceof Error) && 'toJSON' in value) return value;
  // pino's own form of an error: type, message, stack, causes, and whatever fields were added to it.
  const entries = Object.entries(value instanceof Error ? stdSerializers.err(value) : value);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, SECRET_NAME.test(name) ? REDACTED : withoutSecrets(item, depth + 1)]),
  );
}

/**
 * A logger that writes one JSON object a line: `level` as a word, `time` in ISO 8601, the fields, `msg`.
 * Whatever is named like a credential, at any depth, is replaced by {@link REDACTED}.
 *
 * Lines are written synchronously, so that those before a crash are not lost.
 */
export function createLogger(options: { readonly level: LogLevel; readonly destination?: LogDestination }): Logger {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      // Errors were written out when secrets were taken from them.
      serializers: { err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        // The value of an object is an object again.
        log: (fields) => withoutSecrets(fields, 0) as Record<string, unknown>,
      },
    },
    options.destination ?? fileDestination({ dest: STDERR, sync: true }),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

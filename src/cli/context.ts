/**
 * Owns what every command is given, and the ways to write that they share.
 */
import type { CliDependencies } from './dependencies.port.js';
import type { ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { painterFor } from './text/style.js';
import type { TableOptions } from './text/table.js';

export interface CommandContext {
  readonly io: CliIo;
  readonly dependencies: CliDependencies;
  /** Makes commander's action of a command that ends with an exit code. */
  readonly action: <Args extends readonly unknown[]>(
    command: (...args: Args) => Promise<ExitCode>,
  ) => (...args: Args) => Promise<void>;
}

/** A command's options as commander has them: texts by name. */
export type Flags = Readonly<Record<string, unknown>>;

export const flagText = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
};

/** How tables are laid out on standard output. */
export const tableOptions = (io: CliIo): TableOptions => ({
  width: io.stdout.columns,
  paint: painterFor(io.stdout, io.env),
});

export const writeJson = (io: CliIo, value: unknown): void => io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

#!/usr/bin/env node
/**
 * Owns the process of `ecstate`: runs the command line, and ends with its exit code.
 */
import path from 'node:path';
import { dependencies } from './dependencies.js';
import { processIo } from './io.js';
import { run } from './program.js';

/** How long what is still open may hold the process after its command has ended, in milliseconds. */
const EXIT_GRACE = 2_000;

/** What one types to get here again: the command, as it is or through npx, or, where it is not installed, Node.js and the file. */
function programName(script: string): string {
  if (path.basename(script).startsWith('ecstate'))
    return process.env['npm_command'] === 'exec' ? 'npx ecstate' : 'ecstate';
  return `node ${path.relative(process.cwd(), script)}`;
}

const exitCode = await run(process.argv.slice(2), processIo(programName(process.argv[1] ?? 'ecstate')), dependencies);
process.exitCode = exitCode;
setTimeout(() => process.exit(exitCode), EXIT_GRACE).unref();

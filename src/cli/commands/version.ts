/**
 * Owns `ecstate version`: what runs, for reports of faults.
 */
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import { addExamples } from '../options.js';

export function addVersion(program: Command, { io, dependencies, action }: CommandContext): void {
  const command = program
    .command('version')
    .description('print the version, and what it runs on')
    .action(
      action(async () => {
        const { version, platform, arch } = process;
        io.stdout.write(`ecstate ${dependencies.version} (Node.js ${version}, ${platform} ${arch})\n`);
        return EXIT_CODES.ok.code;
      }),
    );
  addExamples(command, [
    ['version', 'with Node.js and the platform'],
    ['--version', 'without'],
  ]);
}

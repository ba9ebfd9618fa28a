/**
 * Owns the making of src/cli/README.md, the reference of the command line, from the code: the commands, the settings, the codes.
 */
import type { Command } from 'commander';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { createProgram } from '../../src/cli/program.js';
import { SETTINGS, SETTING_NAMES, defaultOf, flagOf, variableOf, type AnySetting } from '../../src/config/settings.js';
import { ERROR_CODES } from '../../src/errors.js';
import { fakeDependencies, fakeIo } from './harness.js';

/** In characters, of the help that is quoted. */
const HELP_WIDTH = 120;

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => HELP_WIDTH });
  command.outputHelp();
  return text.trim();
}

/** The whole file. */
export function reference(): string {
  const program = createProgram({ io: fakeIo(), dependencies: fakeDependencies(), action: () => async () => {} });
  const commands = program.commands.map(
    (command) => `### ecstate ${command.name()}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``,
  );
  const settings = SETTING_NAMES.map((name) => {
    const { form, help, notInFile }: AnySetting = SETTINGS[name];
    const key = notInFile === true ? '' : code(name);
    return [code(`--${flagOf(name)}`), code(variableOf(name)), key, defaultOf(name), help, form.takes];
  });
  return `# The command line

Made from the code by \`test/cli/reference.test.ts\`, which fails when the two differ; \`npx vitest run test/cli/reference -u\` makes it anew.

## Settings

A flag comes before a variable, a variable before the configuration file, the file before the default. An empty variable says nothing.
A command takes the settings that its help lists; of the file, every key is checked, whichever command reads it. An unknown key is an error,
an unknown variable is not.

${table(['flag', 'variable', 'key in the file', 'default', 'meaning', 'takes'], settings)}

\`demo\` and \`replay\` log at \`warn\` by default, and \`demo\` takes its data directory from the flag alone: what it makes up has no place in the
store of a real cluster. The file is named by \`--config\` or \`ECSTATE_CONFIG\`, and is a JSON object:

\`\`\`json
{ "listen": "0.0.0.0:5380", "dataDir": "/var/lib/ecstate", "namespaces": ["default-us-east-1"], "retention": "2h" }
\`\`\`

## Output

Tables fit the terminal, and are as wide as what is in them where there is none; then ids are whole, too. Wherever a task is named, its id, the
beginning of its id that no other task shares, or its ARN will do; a service goes by its name or its ARN. Times are UTC. \`-o json\` gives the ECS
API's JSON, with its times in epoch seconds. Colour is used on a terminal only, and not with \`NO_COLOR\` or \`TERM=dumb\`. What is not a result
(notes, lost connections, logs, errors) goes to standard error.

## Exit codes

${table(
  ['code', 'meaning'],
  Object.values(EXIT_CODES).map(({ code: number, meaning }) => [String(number), meaning]),
)}

## Errors

An error is one line, \`error: <what happened, and what to do> (<CODE>)\`; with \`-o json\` it is \`{"error": {"code", "message", "exitCode"}}\`.
\`--log-level debug\` adds where it happened. The codes are stable:

${table(
  ['code', 'meaning'],
  Object.entries(ERROR_CODES).map(([name, meaning]) => [code(name), meaning]),
)}

## Commands

${commands.join('\n\n')}
`;
}

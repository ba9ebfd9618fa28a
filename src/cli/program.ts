/**
 * Owns the tree of commands, and the running of one command line to its exit code.
 */
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../errors.js';
import { addDemo } from './commands/demo.js';
import { addDiagram } from './commands/diagram.js';
import { addReplay } from './commands/replay.js';
import { addServe } from './commands/serve.js';
import { addService } from './commands/service.js';
import { addServices } from './commands/services.js';
import { addTask } from './commands/task.js';
import { addTasks } from './commands/tasks.js';
import { addVersion } from './commands/version.js';
import { addWait } from './commands/wait.js';
import { addWatch } from './commands/watch.js';
import { addWhy } from './commands/why.js';
import type { CommandContext } from './context.js';
import type { CliDependencies } from './dependencies.port.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { addExamples } from './options.js';
import { reportError } from './report.js';

/** The width of help where there is no terminal. */
const HELP_WIDTH = 100;

const DESCRIPTION =
  'The state sidecar for KECS: every Amazon ECS task and service on Kubernetes as a state machine, served as the ECS API.';

/** The order of the commands is that of the help: what runs a sidecar, what asks one, the rest. */
const GROUPS = [
  { heading: 'Run a sidecar:', add: [addDemo, addServe] },
  { heading: 'Ask a running one:', add: [addTasks, addTask, addServices, addService, addWatch, addWait, addWhy] },
  { heading: 'Without one:', add: [addReplay, addDiagram, addVersion] },
] as const;

/** All commands. Only their actions touch anything outside of `context`. */
export function createProgram(context: CommandContext): Command {
  const { io, dependencies } = context;
  const program = new Command('ecstate')
    .description(DESCRIPTION)
    .version(`ecstate ${dependencies.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // What goes wrong is told by report.ts alone.
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  for (const { heading, add } of GROUPS) {
    program.commandsGroup(heading);
    for (const one of add) one(program, context);
  }
  program.helpCommand('help [command]', 'print the help of a command');
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`);
  program.addHelpText('after', `\nExit codes:\n${codes.join('\n')}`);
  addExamples(program, [
    ['demo', 'see it work, without a cluster'],
    ['why 3f2a91', 'why is this task not RUNNING?'],
    ['why web', 'what does the rollout of this service wait for?'],
    ['help serve', 'every option of a command'],
  ]);
  return program;
}

/**
 * Runs one command line, the words after the program's name, and resolves with the exit code. It never rejects.
 */
export async function run(argv: readonly string[], io: CliIo, dependencies: CliDependencies): Promise<ExitCode> {
  let ended: ExitCode = EXIT_CODES.ok.code;
  const program = createProgram({
    io,
    dependencies,
    action:
      (command) =>
      async (...args) => {
        ended = await command(...args);
      },
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
    return ended;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, argv, io);
    // The help or the version was asked for, and printed.
    if (error.exitCode === 0) return EXIT_CODES.ok.code;
    return reportError(usageError(error), argv, io);
  }
}

/** Commander's own words, without its prefix and in one line: `unknown command 'taks'. (Did you mean tasks?)`. */
function usageError(error: CommanderError): ConfigurationError {
  const message = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  return new ConfigurationError('USAGE_INVALID', message, { cause: error });
}

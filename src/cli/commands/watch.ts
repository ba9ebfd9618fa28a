/**
 * Owns `ecstate watch`: transitions of tasks, a line each, as they happen.
 */
import { Option, type Command } from 'commander';
import { taskNames } from '../client/ecs-json.js';
import { resolveTask } from '../client/tasks.js';
import { followTransitions, type Transition } from '../client/transitions.js';
import { flagText, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { formatDuration, formatTimeOfDay, printable, shortId, truncate } from '../text/format.js';
import { painterFor, statusColour, type Painter } from '../text/style.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

export function addWatch(program: Command, context: CommandContext): void {
  const command = program
    .command('watch')
    .summary('follow transitions as they happen')
    .description('follow transitions of tasks as they happen, until Ctrl-C')
    .action(context.action((flags: Flags) => watch(flags, context)));
  addCluster(command);
  command.addOption(new Option('--task <id>', 'only this task: its id, the beginning of it, or its ARN'));
  addOutput(command, ['text', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['watch', 'everything that happens'],
    ['watch --cluster default', 'in one cluster'],
    ['watch --task 3f2a91', 'to one task'],
    ['watch -o json | jq -c "select(.to == \\"STOPPED\\")"', 'a JSON object a line'],
  ]);
}

async function watch(flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const cluster = flagText(flags, 'cluster');
  const written = flagText(flags, 'task');
  const ended = new AbortController();
  let interrupted = false;
  const ignoreSignals = io.onSignal(() => {
    interrupted = true;
    ended.abort();
  });
  const stop = (): void => ended.abort();
  io.outputClosed.addEventListener('abort', stop);
  try {
    const task = written === undefined ? undefined : await resolveTask(client, written, cluster);
    const show = flagText(flags, 'output') === 'json' ? jsonLine : textLine;
    const paint = painterFor(io.stdout, io.env);
    const { signal } = ended;
    for await (const step of followTransitions({ client, clock: io.clock, cluster, task, signal })) {
      switch (step.type) {
        case 'connected':
          io.stderr.write(step.again ? 'connected again\n' : `following ${client.url}; Ctrl-C ends\n`);
          break;
        case 'transition':
          io.stdout.write(show(step.transition, { width: io.stdout.columns, paint }));
          break;
        case 'gap':
          io.stderr.write('transitions may have been missed; "ecstate why TASK" has those of a task\n');
          break;
        case 'lost':
          io.stderr.write(`connection lost: ${step.reason}; trying again in ${formatDuration(step.retryIn)}\n`);
      }
    }
  } finally {
    ignoreSignals();
    io.outputClosed.removeEventListener('abort', stop);
  }
  return interrupted ? EXIT_CODES.interrupted.code : EXIT_CODES.ok.code;
}

interface LineOptions {
  readonly width: number | undefined;
  readonly paint: Painter;
}

const jsonLine = ({ json }: Transition): string => `${json}\n`;

/** The longest lastStatus, and an arrow between two of them. */
const STATUS_WIDTH = 'DEPROVISIONING'.length;

function textLine({ taskArn, from, to, at, cause }: Transition, { width, paint }: LineOptions): string {
  const { cluster, id } = taskNames(taskArn);
  const before = `${formatTimeOfDay(at)}  ${cluster}/${shortId(id)}  ${(from ?? 'new').padStart(STATUS_WIDTH)} → `;
  const after = ' '.repeat(Math.max(0, STATUS_WIDTH - to.length));
  const room = width === undefined ? Infinity : Math.max(0, width - before.length - STATUS_WIDTH - 2);
  return `${`${before}${paint(statusColour(to), to)}${after}  ${truncate(printable(cause), room)}`.trimEnd()}\n`;
}

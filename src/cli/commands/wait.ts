/**
 * Owns `ecstate wait`: ends when a task or a service is what it is waited for to be, and says by its exit code whether it is.
 */
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { duration } from '../../config/values.js';
import { ConfigurationError, FatalError, RetryableError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames, textOf } from '../client/ecs-json.js';
import { describeService, resolveService } from '../client/services.js';
import type { SidecarClient } from '../client/sidecar-client.js';
import { describeTask, resolveTask } from '../client/tasks.js';
import {
  SERVICE_GOALS,
  TASK_GOALS,
  sightingOfService,
  sightingOfTask,
  waitUntil,
  type ServiceGoal,
  type Sighting,
  type TaskGoal,
} from '../client/wait.js';
import { flagText, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { interruption } from '../interruption.js';
import type { Output } from '../io.js';
import { addExamples, addSettings } from '../options.js';
import { formatAge, truncate } from '../text/format.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

const DEFAULT_TIMEOUT = '10m';

export function addWait(program: Command, context: CommandContext): void {
  const command = program
    .command('wait')
    .summary('wait until a task or a service is what it is to be')
    .description(
      'wait until a task is RUNNING or STOPPED, or a service is stable (one deployment, and as many tasks running as are wanted, ' +
        'as aws ecs wait services-stable has it) or INACTIVE',
    )
    .addArgument(new Argument('<what>', 'what is waited for').choices(['task', 'service']))
    .argument('<id>', 'the id of the task or the beginning of it, the name of the service, or the ARN of either')
    .action(context.action((what: string, id: string, flags: Flags) => wait({ what, id, flags, context })));
  command.addOption(
    new Option(
      '--for <status>',
      `what it is to be: ${[...TASK_GOALS, ...SERVICE_GOALS].join(', ')}`,
    ).makeOptionMandatory(),
  );
  command.addOption(
    new Option('--timeout <duration>', 'how long to wait').default(DEFAULT_TIMEOUT).argParser(durationText),
  );
  addCluster(command, 'tasks and services');
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['wait service web --for stable', 'the rollout is through'],
    ['wait task 3f2a91 --for STOPPED --timeout 1h', 'the task is over'],
  ]);
  command.addHelpText(
    'after',
    [
      '\nExit codes:',
      '    0  It is what was waited for.',
      '    1  It can never be: a task that is past RUNNING, a service that is deleted. Or the sidecar cannot be reached.',
      '    3  No such task or service is known.',
      '    4  The time was up.',
    ].join('\n'),
  );
}

function durationText(written: string): string {
  if (duration.parse(written) === undefined) throw new InvalidArgumentError(`It takes ${duration.takes}.`);
  return written;
}

/** What is waited for: under which name it is spoken of, and how it is looked at. */
interface Awaited {
  readonly name: string;
  readonly goal: string;
  /** Whose transitions say when to look. */
  readonly cluster: string;
  readonly task: string | undefined;
  /** How `ecstate why` takes it. */
  readonly id: string;
  readonly look: () => Promise<Sighting>;
}

async function wait(call: {
  readonly what: string;
  readonly id: string;
  readonly flags: Flags;
  readonly context: CommandContext;
}): Promise<ExitCode> {
  const { what, id, flags, context } = call;
  const { io } = context;
  const written = flagText(flags, 'for') ?? '';
  const cluster = flagText(flags, 'cluster');
  const timeout = duration.parse(flagText(flags, 'timeout') ?? DEFAULT_TIMEOUT) ?? 0;
  const find =
    what === 'task' ? findTask(goalOf(what, written, TASK_GOALS)) : findService(goalOf(what, written, SERVICE_GOALS));
  const client = await openClient(flags, io);
  const awaited = await find(client, id, cluster);
  const { name, goal } = awaited;
  const progress = new Progress(io.stderr);
  const stopping = interruption(io);
  try {
    const { end, words } = await waitUntil({
      ...awaited,
      client,
      clock: io.clock,
      timeout,
      signal: stopping.signal,
      onLook: (seen, elapsed) => {
        progress.show(`${name}: ${seen.words}; waiting for ${goal} (${formatAge(elapsed)})`);
      },
    });
    progress.clear();
    if (end === 'interrupted') return EXIT_CODES.interrupted.code;
    if (end === 'never') throw new FatalError('WAIT_HOPELESS', `${name} can no longer be ${goal}: it is ${words}.`);
    if (end === 'timeout') {
      const after = formatAge(timeout);
      throw new RetryableError(
        'WAIT_TIMEOUT',
        `${name} is not ${goal} after ${after}: ${words}. "ecstate why ${awaited.id}" says why.`,
      );
    }
    io.stdout.write(`${name} is ${goal}\n`);
    return EXIT_CODES.ok.code;
  } finally {
    progress.clear();
    stopping.dispose();
  }
}

/** @throws ConfigurationError USAGE_INVALID */
function goalOf<const Goal extends string>(what: string, written: string, goals: readonly Goal[]): Goal {
  const goal = goals.find((one) => one.toLowerCase() === written.toLowerCase());
  if (goal !== undefined) return goal;
  throw new ConfigurationError(
    'USAGE_INVALID',
    `A ${what} can be waited for with --for ${goals.join(' or --for ')}, not with "${written}".`,
  );
}

/** Finds what is written. @throws FatalError NOT_FOUND; ConfigurationError USAGE_INVALID when it could be several */
type Find = (client: SidecarClient, written: string, cluster: string | undefined) => Promise<Awaited>;

const findTask =
  (goal: TaskGoal): Find =>
  async (client, written, cluster) => {
    const taskArn = await resolveTask(client, written, cluster);
    const { id, cluster: clusterOfTask } = taskNames(taskArn);
    const name = `Task ${id}`;
    const look = async (): Promise<Sighting> =>
      sightingOfTask(required(await describeTask(client, taskArn), name), goal);
    return { name, goal, cluster: clusterOfTask, task: taskArn, id, look };
  };

const findService =
  (goal: ServiceGoal): Find =>
  async (client, written, cluster) => {
    const service = await resolveService(client, written, cluster);
    const id = textOf(service, 'serviceName') ?? written;
    const serviceArn = textOf(service, 'serviceArn') ?? '';
    const name = `Service ${id}`;
    const look = async (): Promise<Sighting> =>
      sightingOfService(required(await describeService(client, serviceArn), name), goal);
    return { name, goal, cluster: clusterName(textOf(service, 'clusterArn') ?? ''), task: undefined, id, look };
  };

function required(found: EcsObject | undefined, name: string): EcsObject {
  if (found === undefined) throw new FatalError('NOT_FOUND', `${name} is not described: it is not known, or no more.`);
  return found;
}

/** One line that is written over and over, on a terminal only. */
class Progress {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    if (!this.#output.isTTY) return;
    // One column is left free: a full line would wrap.
    this.#output.write(`${ERASE}${truncate(text, (this.#output.columns ?? Infinity) - 1)}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#output.write(ERASE);
    this.#shown = false;
  }
}

/** To the beginning of the line, and away with it. */
const ERASE = '\r\u001B[2K';

/**
 * Owns `ecstate tasks`: the tasks of a running sidecar, as a table or as the ECS API describes them.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DESIRED_STATUSES, type DesiredStatus } from '../client/sidecar-client.js';
import { findTasks } from '../client/tasks.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { tasksTable } from '../text/tasks.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

export function addTasks(program: Command, context: CommandContext): void {
  const command = program
    .command('tasks')
    .summary('list tasks')
    .description('list tasks: oldest first, cluster by cluster')
    .action(context.action((flags: Flags) => tasks(flags, context)));
  addCluster(command);
  command.addOption(new Option('--service <name>', 'only tasks of this service'));
  command.addOption(new Option('--family <name>', 'only tasks of this family of task definitions'));
  command.addOption(
    new Option('--status <desired>', 'by desiredStatus, as in ListTasks: RUNNING, STOPPED or all')
      .default('RUNNING')
      .argParser(statusOf),
  );
  addOutput(command, ['table', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['tasks', 'every task that is wanted, in every cluster'],
    ['tasks --cluster default --service web', 'those of one service'],
    ['tasks --status STOPPED', 'those that have stopped lately, and why'],
    ['tasks --status all -o json | jq ".tasks[].lastStatus"', 'as DescribeTasks has them'],
  ]);
}

function statusOf(written: string): string {
  const known = [...DESIRED_STATUSES, 'all'].find((one) => one.toLowerCase() === written.toLowerCase());
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${DESIRED_STATUSES.join(', ')}, all.`);
  return known;
}

async function tasks(flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const status = flagText(flags, 'status');
  const desiredStatuses = DESIRED_STATUSES.filter((one: DesiredStatus) => status === 'all' || status === one);
  const found = await findTasks(client, {
    cluster: flagText(flags, 'cluster'),
    desiredStatuses,
    serviceName: flagText(flags, 'service'),
    family: flagText(flags, 'family'),
  });
  if (flagText(flags, 'output') === 'json') {
    writeJson(io, found);
  } else if (found.tasks.length === 0) {
    io.stderr.write(
      `No such tasks.${status === 'RUNNING' ? ' With --status all, stopped ones are listed too.' : ''}\n`,
    );
  } else {
    const options = { ...tableOptions(io), wholeIds: !io.stdout.isTTY, now: io.clock.now() };
    io.stdout.write(tasksTable(found.tasks, options));
  }
  return EXIT_CODES.ok.code;
}

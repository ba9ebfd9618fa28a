/**
 * Owns `ecstate task`: one task, in words or as the ECS API describes it.
 */
import type { Command } from 'commander';
import { FatalError } from '../../errors.js';
import { describeTask, resolveTask } from '../client/tasks.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { containersTable, taskDetails } from '../text/tasks.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

export function addTask(program: Command, context: CommandContext): void {
  const command = program
    .command('task')
    .summary('show one task')
    .description('show one task: every field that ECS has of it')
    .argument('<id>', 'the id of the task, the beginning of it, or its ARN')
    .action(context.action((id: string, flags: Flags) => task(id, flags, context)));
  addCluster(command);
  addOutput(command, ['table', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['task 3f2a91', 'the task whose id begins like this'],
    ['task 3f2a91 -o json', 'the Task of DescribeTasks'],
  ]);
}

async function task(id: string, flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const taskArn = await resolveTask(client, id, flagText(flags, 'cluster'));
  const found = await describeTask(client, taskArn);
  if (found === undefined) {
    throw new FatalError(
      'NOT_FOUND',
      `No task ${taskArn} is described any more. "ecstate why" may still know its history.`,
    );
  }
  if (flagText(flags, 'output') === 'json') writeJson(io, found);
  else io.stdout.write(`${taskDetails(found, tableOptions(io))}\n${containersTable(found, tableOptions(io))}`);
  return EXIT_CODES.ok.code;
}

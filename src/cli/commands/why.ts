/**
 * Owns `ecstate why`: what a task is, why it is not further or why it stopped, and how it got there.
 */
import type { Command } from 'commander';
import { EcstateError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames, textOf } from '../client/ecs-json.js';
import type { SidecarClient, TaskHistory } from '../client/sidecar-client.js';
import { describeTask, isWhole, resolveTask } from '../client/tasks.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { explain } from '../text/explain.js';
import { containersTable, timeline } from '../text/tasks.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

export function addWhy(program: Command, context: CommandContext): void {
  const command = program
    .command('why')
    .summary('explain what a task is, and how it got there')
    .description('explain a task: what it is now, why it is not further or why it stopped, and how it got there')
    .argument('<task>', 'the id of the task, the beginning of it, or its ARN')
    .action(context.action((task: string, flags: Flags) => why(task, flags, context)));
  addCluster(command);
  addOutput(command, ['text', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['why 3f2a91', 'why is it not RUNNING? why did it stop?'],
    ['why 3f2a91 -o json', 'the explanation, the Task and its history'],
  ]);
}

const GONE = 'ECS does not describe this task any more: it stopped too long ago. What is left is its history.';

async function why(written: string, flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const { task, history } = await look(client, written, flagText(flags, 'cluster'));
  const sentences = task === undefined ? [GONE] : explain(task, history.rows, io.clock.now());
  if (flagText(flags, 'output') === 'json') {
    const rows = history.rows.map((row) => ({ ...row, at: row.at / 1000 }));
    writeJson(io, { taskArn: history.taskArn, explanation: sentences, task: task ?? null, history: rows });
    return EXIT_CODES.ok.code;
  }
  const options = tableOptions(io);
  const { id, cluster } = taskNames(history.taskArn);
  const group = task === undefined ? '' : `, ${textOf(task, 'group') ?? ''}`;
  const sections = [
    `Task ${id} (cluster ${cluster === '' && task !== undefined ? clusterName(textOf(task, 'clusterArn') ?? '') : cluster}${group})\n`,
    sentences.map((sentence) => `${sentence}\n`).join(''),
    task === undefined ? '' : containersTable(task, options),
    timeline(history.rows, options),
  ];
  io.stdout.write(sections.filter((section) => section !== '').join('\n'));
  return EXIT_CODES.ok.code;
}

/** The task and its history. The history of a task that is no longer described is found by its whole id or ARN. */
async function look(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<{ readonly task: EcsObject | undefined; readonly history: TaskHistory }> {
  try {
    const taskArn = await resolveTask(client, written, cluster);
    const history = await client.history(taskArn);
    return { task: await describeTask(client, history.taskArn), history };
  } catch (error) {
    if (!(error instanceof EcstateError) || error.code !== 'NOT_FOUND' || !isWhole(written)) throw error;
    return { task: undefined, history: await client.history(written) };
  }
}

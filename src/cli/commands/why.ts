/**
 * Owns `ecstate why`: what a task is, why it is not further or why it stopped, and how it got there; of a service, see why-service.ts.
 */
import type { Command } from 'commander';
import { EcstateError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames, textOf } from '../client/ecs-json.js';
import { isTask, resolveNamed } from '../client/named.js';
import { isServiceName } from '../client/services.js';
import type { ServiceHistory, SidecarClient, TaskHistory } from '../client/sidecar-client.js';
import { describeTask } from '../client/tasks.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { explain } from '../text/explain.js';
import { containersTable, timeline } from '../text/tasks.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';
import { whyForgotten, whyService } from './why-service.js';

export function addWhy(program: Command, context: CommandContext): void {
  const command = program
    .command('why')
    .summary('explain what a task or a service is, and how it got there')
    .description(
      'explain a task: what it is now, why it is not further or why it stopped, and how it got there; ' +
        'or a service: whether it is stable, and what its rollout waits for',
    )
    .argument('<task or service>', "a task's id or the beginning of it, the name of a service, or the ARN of either")
    .action(context.action((written: string, flags: Flags) => why(written, flags, context)));
  addCluster(command, 'tasks and services');
  addOutput(command, ['text', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['why 3f2a91', 'why is it not RUNNING? why did it stop?'],
    ['why web', 'why is this service not stable?'],
    ['why 3f2a91 -o json', 'the explanation, the Task and its history'],
  ]);
}

const GONE = 'ECS does not describe this task any more: it stopped too long ago. What is left is its history.';

async function why(written: string, flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const found = await look(client, written, flagText(flags, 'cluster'));
  if (found.kind === 'task') writeTask(found, flags, io);
  else if (found.service === undefined) whyForgotten(found.history, flags, io);
  else await whyService(client, found.service, flags, io);
  return EXIT_CODES.ok.code;
}

function writeTask({ task, history }: TaskLook, flags: Flags, io: CliIo): void {
  const sentences = task === undefined ? [GONE] : explain(task, history.rows, io.clock.now());
  if (flagText(flags, 'output') === 'json') {
    const rows = history.rows.map((row) => ({ ...row, at: row.at / 1000 }));
    writeJson(io, { taskArn: history.taskArn, explanation: sentences, task: task ?? null, history: rows });
    return;
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
}

interface TaskLook {
  readonly kind: 'task';
  /** Undefined when ECS does not describe it any more. */
  readonly task: EcsObject | undefined;
  readonly history: TaskHistory;
}

type Look =
  | TaskLook
  | { readonly kind: 'service'; readonly service: EcsObject }
  | { readonly kind: 'service'; readonly service: undefined; readonly history: ServiceHistory };

/** What is meant, and what is known of it. What is no longer described is found by its whole id, its name or its ARN. */
async function look(client: SidecarClient, written: string, cluster: string | undefined): Promise<Look> {
  try {
    const named = await resolveNamed(client, written, cluster);
    if (named.kind === 'service') return named;
    const history = await client.history(named.taskArn);
    return { kind: 'task', task: await describeTask(client, history.taskArn), history };
  } catch (error) {
    if (!(error instanceof EcstateError) || error.code !== 'NOT_FOUND') throw error;
    if (isTask(written)) return { kind: 'task', task: undefined, history: await client.history(written) };
    return { kind: 'service', service: undefined, history: await forgotten(client, written, cluster, error) };
  }
}

/** The history of a service that ECS does not describe any more; `error` where there is none either. */
async function forgotten(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
  error: EcstateError,
): Promise<ServiceHistory> {
  if (!written.startsWith('arn:') && !isServiceName(written)) throw error;
  try {
    const history = await client.serviceHistory(written);
    const isElsewhere = cluster !== undefined && taskNames(history.serviceArn).cluster !== clusterName(cluster);
    if (!isElsewhere) return history;
  } catch (second) {
    if (!(second instanceof EcstateError) || second.code !== 'NOT_FOUND') throw second;
  }
  throw error;
}

/**
 * Owns `ecstate replay`: what ECS would have shown of what was recorded from a cluster.
 */
import type { Command } from 'commander';
import { clusterName, instantOf, objectsOf, taskNames, textOf } from '../client/ecs-json.js';
import type { HistoryRow } from '../client/sidecar-client.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings, settingsOf, type SettingsUse } from '../options.js';
import type { EcsObject } from '../../project/json.js';
import { printable } from '../text/format.js';
import { serviceTimeline } from '../text/services.js';
import { timeline } from '../text/tasks.js';

const SETTINGS_USE = {
  names: ['semantics', 'region', 'accountId', 'logLevel'],
  defaults: { logLevel: 'warn' },
  file: true,
} as const satisfies SettingsUse<'semantics' | 'region' | 'accountId' | 'logLevel'>;

export function addReplay(program: Command, context: CommandContext): void {
  const command = program
    .command('replay')
    .summary('print what ECS would have shown of a recording')
    .description('play recorded watch streams to the state machines, and print what ECS would have shown')
    .argument(
      '<directory...>',
      'recordings: directories that hold pods.jsonl, events.jsonl, … ({"t": epoch ms, "event": …} a line)',
    )
    .action(context.action((directories: readonly string[], flags: Flags) => replay(directories, flags, context)));
  addOutput(command, ['table', 'json'], 'table on a terminal, else json');
  addSettings(command, SETTINGS_USE);
  addExamples(command, [
    ['replay test/recordings/crash-never', 'a timeline of each task'],
    ['replay test/recordings/* -o json', 'tasks and services as the ECS API has them, each with its history'],
    ['replay --semantics aws test/recordings/oom-always', 'as Amazon ECS itself would have it'],
  ]);
}

async function replay(
  directories: readonly string[],
  flags: Flags,
  { io, dependencies }: CommandContext,
): Promise<ExitCode> {
  const { semantics, region, accountId, logLevel } = settingsOf(SETTINGS_USE, flags, io.env);
  const logger = dependencies.createLogger(logLevel);
  const result = await dependencies.replay(directories, { semantics, defaults: { region, accountId }, logger });
  const format = flagText(flags, 'output') ?? (io.stdout.isTTY ? 'table' : 'json');
  if (format === 'json') {
    writeJson(io, result);
    return EXIT_CODES.ok.code;
  }
  const options = tableOptions(io);
  const sections = [
    ...result.tasks.map((task) => `${headline(task)}\n${timeline(historyOf(task), options)}`),
    ...result.services.map(
      (service) => `${headline(service)}\n${serviceTimeline(objectsOf(service, 'history'), options)}`,
    ),
  ];
  if (sections.length === 0) io.stderr.write('The recordings show no task and no service.\n');
  io.stdout.write(sections.join('\n'));
  return EXIT_CODES.ok.code;
}

function headline(one: EcsObject): string {
  const taskArn = textOf(one, 'taskArn');
  const what = taskArn === undefined ? `Service ${textOf(one, 'serviceName') ?? ''}` : `Task ${taskNames(taskArn).id}`;
  const group = textOf(one, 'group');
  const where = `cluster ${clusterName(textOf(one, 'clusterArn') ?? '')}${group === undefined ? '' : `, ${group}`}`;
  const status = textOf(one, 'lastStatus') ?? textOf(one, 'status') ?? '';
  const code = textOf(one, 'stopCode');
  const why = code === undefined ? '' : `, ${code}: ${printable(textOf(one, 'stoppedReason') ?? '')}`;
  return `${what} (${where}): ${status}${why}`;
}

const historyOf = (one: EcsObject): readonly HistoryRow[] =>
  objectsOf(one, 'history').map((row) => ({
    from: textOf(row, 'from') ?? null,
    to: textOf(row, 'to') ?? '',
    at: instantOf(row, 'at') ?? 0,
    cause: textOf(row, 'cause') ?? '',
  }));

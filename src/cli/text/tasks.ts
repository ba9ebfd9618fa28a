/**
 * Owns how tasks and their histories are laid out for people: the list, the details of one, its containers, the timeline.
 */
import type { EcsObject } from '../../project/json.js';
import { clusterName, instantOf, numberOf, objectsOf, taskNames, textOf } from '../client/ecs-json.js';
import { stagesOf } from './explain.js';
import type { HistoryRow } from '../client/sidecar-client.js';
import { formatAge, formatDuration, formatExactInstant, formatInstant, shortId } from './format.js';
import { statusColour } from './style.js';
import { renderTable, type Cell, type TableOptions } from './table.js';

/** The list of `ecstate tasks`. Ids are whole where nobody has to read them from a terminal. */
export function tasksTable(
  tasks: readonly EcsObject[],
  options: TableOptions & { readonly wholeIds: boolean; readonly now: number },
): string {
  const clusters = new Set(tasks.map((task) => textOf(task, 'clusterArn')));
  return renderTable(
    [
      { title: 'TASK' },
      { title: 'CLUSTER', narrowest: 8 },
      { title: 'GROUP', narrowest: 10 },
      { title: 'STATUS' },
      { title: 'HEALTH' },
      { title: 'AGE', align: 'right' },
      { title: 'WHY', narrowest: 12 },
    ],
    tasks.map((task) => {
      const { id } = taskNames(textOf(task, 'taskArn') ?? '');
      const createdAt = instantOf(task, 'createdAt');
      return [
        options.wholeIds ? id : shortId(id),
        clusters.size > 1 ? clusterName(textOf(task, 'clusterArn') ?? '') : '',
        textOf(task, 'group') ?? '',
        statusCell(task),
        healthCell(textOf(task, 'healthStatus')),
        createdAt === undefined ? '' : formatAge(options.now - createdAt),
        whyOf(task),
      ];
    }),
    options,
  );
}

function statusCell(task: EcsObject): Cell {
  const lastStatus = textOf(task, 'lastStatus') ?? '';
  // In profile `aws` a task that is to stop may be RUNNING for a while.
  const leaving = lastStatus === 'RUNNING' && textOf(task, 'desiredStatus') === 'STOPPED';
  return { text: leaving ? 'RUNNING, to stop' : lastStatus, colour: statusColour(leaving ? '' : lastStatus) };
}

function healthCell(health: string | undefined): Cell {
  if (health === undefined || health === 'UNKNOWN') return { text: '' };
  return { text: health, colour: health === 'HEALTHY' ? 'green' : 'red' };
}

/** In a few words: why it stopped, or what a container of it waits for. */
function whyOf(task: EcsObject): string {
  const stopped = textOf(task, 'stoppedReason');
  if (stopped !== undefined) return stopped;
  for (const container of objectsOf(task, 'containers')) {
    const reason = textOf(container, 'reason');
    if (reason !== undefined) return `${textOf(container, 'name') ?? ''}: ${reason}`;
  }
  return '';
}

/** The members of a task that `ecstate task` shows, under the words that it shows them by. */
const DETAILS: readonly (readonly [label: string, of: (task: EcsObject) => string | undefined])[] = [
  ['task', (task) => taskNames(textOf(task, 'taskArn') ?? '').id],
  ['cluster', (task) => clusterName(textOf(task, 'clusterArn') ?? '')],
  ['group', (task) => textOf(task, 'group')],
  ['definition', (task) => textOf(task, 'taskDefinitionArn')?.split('/').at(-1)],
  ['launch type', (task) => textOf(task, 'launchType')],
  ['started by', (task) => textOf(task, 'startedBy')],
  ['last status', (task) => textOf(task, 'lastStatus')],
  ['desired status', (task) => textOf(task, 'desiredStatus')],
  ['health', (task) => textOf(task, 'healthStatus')],
  ['connectivity', (task) => textOf(task, 'connectivity')],
  ['stop code', (task) => textOf(task, 'stopCode')],
  ['stopped reason', (task) => textOf(task, 'stoppedReason')],
  ...(
    [
      ['created', 'createdAt'],
      ['pull started', 'pullStartedAt'],
      ['pull stopped', 'pullStoppedAt'],
      ['started', 'startedAt'],
      ['stopping', 'stoppingAt'],
      ['ended', 'executionStoppedAt'],
      ['stopped', 'stoppedAt'],
    ] as const
  ).map(
    ([label, key]) =>
      [
        label,
        (task: EcsObject) => {
          const at = instantOf(task, key);
          return at === undefined ? undefined : formatInstant(at);
        },
      ] as const,
  ),
  ['version', (task) => numberOf(task, 'version')?.toString()],
  ['pod', (task) => podOf(task)],
];

function podOf(task: EcsObject): string | undefined {
  const value = (name: string): string | undefined => {
    const attribute = objectsOf(task, 'attributes').find((one) => textOf(one, 'name') === name);
    return attribute === undefined ? undefined : textOf(attribute, 'value');
  };
  const pod = value('kecs.dev/pod-name');
  return pod === undefined ? undefined : `${value('kecs.dev/pod-namespace') ?? ''}/${pod}`;
}

/** `ecstate task`: every member that has a value, a line each. */
export function taskDetails(task: EcsObject, options: TableOptions): string {
  const rows = DETAILS.flatMap(([label, of]): (readonly [string, Cell])[] => {
    const text = of(task);
    if (text === undefined || text === '') return [];
    return [[label, label === 'last status' ? { text, colour: statusColour(text) } : { text }]];
  });
  return renderTable([{ title: '' }, { title: '', narrowest: 20, wraps: true }], rows, options);
}

export function containersTable(task: EcsObject, options: TableOptions): string {
  return renderTable(
    [
      { title: 'CONTAINER' },
      { title: 'STATUS' },
      { title: 'EXIT', align: 'right' },
      { title: 'HEALTH' },
      { title: 'IMAGE', narrowest: 12 },
      { title: 'REASON', narrowest: 12, wraps: true },
    ],
    objectsOf(task, 'containers').map((container) => {
      const lastStatus = textOf(container, 'lastStatus') ?? '';
      const exitCode = numberOf(container, 'exitCode');
      return [
        textOf(container, 'name') ?? '',
        { text: lastStatus, colour: statusColour(lastStatus) },
        exitCode === undefined ? '' : { text: String(exitCode), ...(exitCode === 0 ? {} : { colour: 'red' as const }) },
        healthCell(textOf(container, 'healthStatus')),
        textOf(container, 'image') ?? '',
        textOf(container, 'reason') ?? '',
      ];
    }),
    options,
  );
}

/** Every stage of a history: when it began, how long it lasted, and why. */
export function timeline(history: readonly HistoryRow[], options: TableOptions): string {
  return renderTable(
    [
      { title: 'SINCE (UTC)' },
      { title: 'STATUS' },
      { title: 'FOR', align: 'right' },
      { title: 'CAUSE', narrowest: 20, wraps: true },
    ],
    stagesOf(history).map(({ status, at, lasted, cause }) => [
      formatExactInstant(at),
      { text: status, colour: statusColour(status) },
      lasted === undefined ? '' : formatDuration(lasted),
      cause,
    ]),
    options,
  );
}

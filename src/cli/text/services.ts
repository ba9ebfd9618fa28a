/**
 * Owns how services and their histories are laid out for people: the list, the details of one, its deployments side by side, its events,
 * and what was shown after each change.
 */
import type { EcsObject } from '../../project/json.js';
import { clusterName, instantOf, numberOf, objectsOf, textOf } from '../client/ecs-json.js';
import { countWords, definitionOf, isExternal, withoutPrefix } from './explain-service.js';
import { formatAge, formatDuration, formatExactInstant, formatInstant } from './format.js';
import type { Colour } from './style.js';
import { renderTable, type Cell, type Column, type TableOptions } from './table.js';

/** `now` in epoch milliseconds. */
type AgedOptions = TableOptions & { readonly now: number };

const COUNTS: readonly Column[] = ['DESIRED', 'RUNNING', 'PENDING'].map((title) => ({ title, align: 'right' }));
const countCells = (one: EcsObject, desired: string): readonly string[] =>
  [desired, 'runningCount', 'pendingCount'].map((key) => String(numberOf(one, key) ?? 0));

const ageOf = (one: EcsObject, now: number): string => {
  const createdAt = instantOf(one, 'createdAt');
  return createdAt === undefined ? '' : formatAge(now - createdAt);
};

/** The list of `ecstate services`. */
export function servicesTable(services: readonly EcsObject[], options: AgedOptions): string {
  const clusters = new Set(services.map((service) => textOf(service, 'clusterArn')));
  return renderTable(
    [
      { title: 'SERVICE', narrowest: 12 },
      { title: 'CLUSTER', narrowest: 8 },
      { title: 'STATUS' },
      ...COUNTS,
      { title: 'ROLLOUT' },
      { title: 'DEPLOYMENTS', align: 'right' },
      { title: 'DEFINITION', narrowest: 10 },
      { title: 'AGE', align: 'right' },
    ],
    services.map((service) => {
      const deployments = objectsOf(service, isExternal(service) ? 'taskSets' : 'deployments');
      return [
        textOf(service, 'serviceName') ?? '',
        clusters.size > 1 ? clusterName(textOf(service, 'clusterArn') ?? '') : '',
        statusCell(service),
        ...countCells(service, 'desiredCount'),
        deployments[0] === undefined ? '' : rolloutCell(deployments[0]),
        String(deployments.length),
        definitionOf(service),
        ageOf(service, options.now),
      ];
    }),
    options,
  );
}

/** `ecstate service`: what it is, a line each. */
export function serviceDetails(service: EcsObject, options: TableOptions): string {
  const createdAt = instantOf(service, 'createdAt');
  const rows: readonly (readonly [string, Cell])[] = [
    ['service', { text: textOf(service, 'serviceName') ?? '' }],
    ['cluster', { text: clusterName(textOf(service, 'clusterArn') ?? '') }],
    ['status', statusCell(service)],
    ['tasks', { text: countWords(service) }],
    ['definition', { text: definitionOf(service) }],
    ['launch type', { text: textOf(service, 'launchType') ?? '' }],
    ['scheduling', { text: textOf(service, 'schedulingStrategy') ?? '' }],
    ['created', { text: createdAt === undefined ? '' : formatInstant(createdAt) }],
  ];
  return renderTable(
    [{ title: '' }, { title: '', narrowest: 20, wraps: true }],
    rows.filter(([, { text }]) => text !== ''),
    options,
  );
}

/** Its deployments (or task sets) side by side, the PRIMARY first. */
export function deploymentsTable(service: EcsObject, options: AgedOptions): string {
  const external = isExternal(service);
  return renderTable(
    [
      { title: external ? 'TASK SET' : 'DEPLOYMENT', narrowest: 12 },
      { title: 'STATUS' },
      { title: external ? 'STABILITY' : 'ROLLOUT' },
      { title: 'DEFINITION', narrowest: 10 },
      ...COUNTS,
      { title: 'FAILED', align: 'right' },
      { title: 'AGE', align: 'right' },
    ],
    objectsOf(service, external ? 'taskSets' : 'deployments').map((one) => {
      const failed = numberOf(one, 'failedTasks') ?? 0;
      return [
        textOf(one, 'id') ?? '',
        textOf(one, 'status') ?? '',
        rolloutCell(one),
        definitionOf(one),
        ...countCells(one, external ? 'computedDesiredCount' : 'desiredCount'),
        external ? '' : { text: String(failed), ...(failed === 0 ? {} : { colour: 'red' as const }) },
        ageOf(one, options.now),
      ];
    }),
    options,
  );
}

/** Its latest events, newest first, without the service's name before each. */
export function eventsTable(service: EcsObject, most: number, options: TableOptions): string {
  const events = objectsOf(service, 'events').slice(0, most);
  return renderTable(
    [{ title: 'AT (UTC)' }, { title: 'EVENT', narrowest: 20, wraps: true }],
    events.map((event) => [
      formatInstant(instantOf(event, 'createdAt') ?? 0),
      withoutPrefix(service, textOf(event, 'message') ?? ''),
    ]),
    options,
  );
}

function statusCell(service: EcsObject): Cell {
  const status = textOf(service, 'status') ?? '';
  return { text: status, colour: statusColour(status) };
}

const ROLLOUT_COLOURS: Readonly<Record<string, Colour>> = {
  COMPLETED: 'green',
  STEADY_STATE: 'green',
  FAILED: 'red',
};

/** The rolloutState of a deployment, or the stability of a task set. */
function rolloutCell(one: EcsObject): Cell {
  const state = textOf(one, 'rolloutState') ?? textOf(one, 'stabilityStatus') ?? '';
  return { text: state, colour: ROLLOUT_COLOURS[state] ?? 'yellow' };
}

/** Rows as a replay gives them: `to`, `at` in epoch seconds, `cause`, the counts, and those of each deployment. */
export function serviceTimeline(history: readonly EcsObject[], options: TableOptions): string {
  return renderTable(
    [
      { title: 'SINCE (UTC)' },
      { title: 'STATUS' },
      { title: 'FOR', align: 'right' },
      { title: 'RUNNING', align: 'right' },
      { title: 'DEPLOYMENTS', narrowest: 24, wraps: true },
      { title: 'CAUSE', narrowest: 20, wraps: true },
    ],
    history.map((row, index) => {
      const at = instantOf(row, 'at') ?? 0;
      const following = history[index + 1];
      const until = following === undefined ? undefined : instantOf(following, 'at');
      const status = textOf(row, 'to') ?? '';
      return [
        formatExactInstant(at),
        { text: status, colour: statusColour(status) },
        until === undefined ? '' : formatDuration(until - at),
        shareOf(row),
        objectsOf(row, 'deployments').map(deploymentWords).join(', '),
        textOf(row, 'cause') ?? '',
      ];
    }),
    options,
  );
}

function statusColour(status: string): Colour {
  if (status === 'ACTIVE') return 'green';
  return status === 'INACTIVE' ? 'dim' : 'yellow';
}

const shareOf = (counts: EcsObject): string =>
  `${numberOf(counts, 'runningCount') ?? 0}/${numberOf(counts, 'desiredCount') ?? 0}`;

/** `PRIMARY IN_PROGRESS 2/3 (1 failed)` */
function deploymentWords(deployment: EcsObject): string {
  const failed = numberOf(deployment, 'failedTasks') ?? 0;
  const words = [textOf(deployment, 'status'), textOf(deployment, 'rolloutState'), shareOf(deployment)];
  return `${words.filter((word) => word !== undefined).join(' ')}${failed === 0 ? '' : ` (${failed} failed)`}`;
}

/**
 * Owns how the history of a service is laid out for people: what was shown after each change, its deployments side by side.
 */
import type { EcsObject } from '../../project/json.js';
import { instantOf, numberOf, objectsOf, textOf } from '../client/ecs-json.js';
import { formatDuration, formatExactInstant } from './format.js';
import type { Colour } from './style.js';
import { renderTable, type TableOptions } from './table.js';

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

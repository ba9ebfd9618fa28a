/**
 * Owns what `ecstate why` says of a service: whether it is stable, what its rollout waits for, and how it got there.
 */
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames, textOf } from '../client/ecs-json.js';
import type { ServiceHistory, SidecarClient } from '../client/sidecar-client.js';
import { tasksOfService } from '../client/services.js';
import { flagText, tableOptions, writeJson, type Flags } from '../context.js';
import type { CliIo } from '../io.js';
import { explainService } from '../text/explain-service.js';
import { deploymentsTable, serviceTimeline } from '../text/services.js';

/** Rows of the history that people are shown: a rollout or two. */
const ROWS_SHOWN = 12;

const GONE = 'ECS does not describe this service any more: it was deleted too long ago. What is left is its history.';

/** Explains a service that ECS describes. */
export async function whyService(client: SidecarClient, service: EcsObject, flags: Flags, io: CliIo): Promise<void> {
  const history = await client.serviceHistory(textOf(service, 'serviceArn') ?? '');
  const tasks = await tasksOfService(client, service);
  write(explainService({ service, tasks, history: history.rows, now: io.clock.now() }), service, history, flags, io);
}

/** Tells the history of a service that is forgotten. */
export function whyForgotten(history: ServiceHistory, flags: Flags, io: CliIo): void {
  write([GONE], undefined, history, flags, io);
}

function write(
  sentences: readonly string[],
  service: EcsObject | undefined,
  { serviceArn, rows }: ServiceHistory,
  flags: Flags,
  io: CliIo,
): void {
  if (flagText(flags, 'output') === 'json') {
    writeJson(io, { serviceArn, explanation: sentences, service: service ?? null, history: rows });
    return;
  }
  const options = { ...tableOptions(io), now: io.clock.now() };
  const { id: name, cluster } = taskNames(serviceArn);
  const earlier = rows.length - ROWS_SHOWN;
  const sections = [
    `Service ${name} (cluster ${service === undefined ? cluster : clusterName(textOf(service, 'clusterArn') ?? '')})\n`,
    sentences.map((sentence) => `${sentence}\n`).join(''),
    service === undefined ? '' : deploymentsTable(service, options),
    serviceTimeline(rows.slice(-ROWS_SHOWN), options),
    earlier > 0 ? `${earlier} earlier changes are not shown; -o json has them.\n` : '',
  ];
  io.stdout.write(sections.filter((section) => section !== '').join('\n'));
}

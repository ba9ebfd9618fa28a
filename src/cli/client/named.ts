/**
 * Owns which task or service a word is, where it may be either.
 */
import { ConfigurationError, EcstateError, FatalError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, textOf } from './ecs-json.js';
import { ambiguousService, servicesNamed } from './services.js';
import type { SidecarClient } from './sidecar-client.js';
import { isWhole, resolveTask } from './tasks.js';

export type Named =
  { readonly kind: 'task'; readonly taskArn: string } | { readonly kind: 'service'; readonly service: EcsObject };

/** What the id of a task may begin with. */
const BEGINS_ID = /^[0-9a-f-]+$/i;

/** Whether this is the ARN or the whole id of a task, and nothing else. */
export const isTask = (written: string): boolean =>
  written.startsWith('arn:') ? /^arn:[^/]*:task\//.test(written) : isWhole(written);

/**
 * The task or the service that is written: the ARN of either, the name of a service, a task's id or the beginning of one.
 *
 * @throws FatalError NOT_FOUND; ConfigurationError USAGE_INVALID when it could be several
 */
export async function resolveNamed(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<Named> {
  if (isTask(written)) {
    return { kind: 'task', taskArn: await resolveTask(client, written, cluster) };
  }
  const [service, ...others] = await servicesNamed(client, written, cluster);
  if (service !== undefined && others.length > 0) throw ambiguousService(written, [service, ...others]);
  const task = await taskNamed(client, written, cluster);
  if (task instanceof ConfigurationError && service === undefined) throw task;
  if (service === undefined) {
    if (typeof task === 'string') return { kind: 'task', taskArn: task };
    const where = cluster === undefined ? 'the clusters that are known' : `cluster ${clusterName(cluster)}`;
    throw new FatalError(
      'NOT_FOUND',
      `No service is called "${written}" in ${where}, and no task's id begins like that. ` +
        '"ecstate services" and "ecstate tasks --status all" list those that can be named.',
    );
  }
  if (task === undefined) return { kind: 'service', service };
  throw new ConfigurationError(
    'USAGE_INVALID',
    `"${written}" is the name of a service (${textOf(service, 'serviceArn') ?? ''}) and the beginning of a task's id` +
      `${typeof task === 'string' ? ` (${task})` : ''}. Say which by an ARN or more digits.`,
  );
}

/** The ARN of the task whose id begins like this; the error where there are several; undefined where there is none. */
async function taskNamed(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<string | ConfigurationError | undefined> {
  if (!BEGINS_ID.test(written)) return undefined;
  try {
    return await resolveTask(client, written, cluster);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    if (error instanceof EcstateError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

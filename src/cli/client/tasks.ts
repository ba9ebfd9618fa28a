/**
 * Owns how a command's words become tasks: which clusters are meant, and which task a shortened id names.
 */
import { ConfigurationError, FatalError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames } from './ecs-json.js';
import { DESIRED_STATUSES, type DescribedTasks, type DesiredStatus, type SidecarClient } from './sidecar-client.js';

export interface TaskQuery {
  /** A name or an ARN; undefined: every cluster. */
  readonly cluster: string | undefined;
  readonly desiredStatuses: readonly DesiredStatus[];
  readonly serviceName?: string | undefined;
  readonly family?: string | undefined;
}

/** The ARNs of the tasks that are asked for, cluster by cluster, each cluster's oldest first and those that are wanted before the rest. */
async function listTasks(
  client: SidecarClient,
  { cluster, desiredStatuses, ...filter }: TaskQuery,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const clusters = cluster === undefined ? await client.clusterArns() : [cluster];
  const arns = new Map<string, readonly string[]>();
  for (const one of clusters) {
    const found: string[] = [];
    for (const desiredStatus of desiredStatuses) {
      try {
        found.push(...(await client.taskArns({ cluster: one, desiredStatus, ...filter })));
      } catch (error) {
        // Where all clusters are asked, one that lacks the service, or went meanwhile, is no failure.
        if (cluster === undefined && error instanceof FatalError && error.code === 'NOT_FOUND') continue;
        throw error;
      }
    }
    arns.set(one, found);
  }
  return arns;
}

/** The tasks that are asked for, as ECS describes them. */
export async function findTasks(client: SidecarClient, query: TaskQuery): Promise<DescribedTasks> {
  const tasks: EcsObject[] = [];
  const failures: EcsObject[] = [];
  for (const [cluster, arns] of await listTasks(client, query)) {
    if (arns.length === 0) continue;
    const described = await client.describeTasks(cluster, arns);
    tasks.push(...described.tasks);
    failures.push(...described.failures);
  }
  return { tasks, failures };
}

/** How many of the tasks that a prefix could mean an error names. */
const CANDIDATES_SHOWN = 5;

/** What ECS makes: 32 hexadecimal digits, or a UUID. */
const WHOLE_ID = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** Whether this names one task for sure: then its history can be asked for although the task is no longer described. */
export const isWhole = (written: string): boolean => written.startsWith('arn:') || WHOLE_ID.test(written);

/**
 * The ARN of the task that is written as an ARN, an id, or the beginning of an id. An id is looked for in every cluster, or in `cluster`.
 *
 * @throws FatalError NOT_FOUND; ConfigurationError USAGE_INVALID when several tasks' ids begin like this
 */
export async function resolveTask(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<string> {
  if (written.startsWith('arn:')) return written;
  const lists = await listTasks(client, { cluster, desiredStatuses: DESIRED_STATUSES });
  const arns = [...lists.values()].flat();
  const begins = arns.filter((arn) => taskNames(arn).id.startsWith(written.toLowerCase()));
  const exact = begins.filter((arn) => taskNames(arn).id === written);
  const [found, ...others] = exact.length > 0 ? exact : begins;
  if (found === undefined) {
    const where =
      cluster === undefined ? `the ${lists.size} clusters that are known` : `cluster ${clusterName(cluster)}`;
    throw new FatalError(
      'NOT_FOUND',
      `No task's id begins with "${written}" in ${where}. "ecstate tasks --status all" lists those that can be named.`,
    );
  }
  if (others.length > 0) {
    const all = [found, ...others];
    const shown = all
      .slice(0, CANDIDATES_SHOWN)
      .map((arn) => `${taskNames(arn).id} (cluster ${taskNames(arn).cluster})`);
    const more = all.length > shown.length ? `, and ${all.length - shown.length} more` : '';
    throw new ConfigurationError(
      'USAGE_INVALID',
      `The ids of ${all.length} tasks begin with "${written}": ${shown.join(', ')}${more}. Give more digits, an ARN, or --cluster.`,
    );
  }
  return found;
}

/**
 * The task with this ARN, as ECS describes it; undefined when it does not any more.
 *
 * @throws FatalError NOT_FOUND when the cluster is not known
 */
export async function describeTask(client: SidecarClient, taskArn: string): Promise<EcsObject | undefined> {
  const { tasks } = await client.describeTasks(taskNames(taskArn).cluster, [taskArn]);
  return tasks[0];
}

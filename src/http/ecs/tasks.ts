/**
 * Owns ListTasks and DescribeTasks.
 */
import { projectTask } from '../../project/task.js';
import type { EcsJson } from '../../project/json.js';
import type { ClusterSummary, TaskIndexEntry } from '../../system/state.port.js';
import type { ReadState } from '../read-state.js';
import { HttpError, invalidParameter } from '../errors.js';
import type { JsonObject } from '../body.js';
import { requireContainerInstance, requireKnownCluster, serviceIn, taskArnIn } from './identifiers.js';
import type { ServiceNaming } from './identifiers.js';
import { enumSet, optionalEnum, optionalInteger, optionalString, stringList } from './input.js';
import { LAUNCH_TYPES, PAGE_SIZE, missing } from './operation.js';
import type { OperationContext, Operations } from './operation.js';
import { pageOf } from './page.js';

/** Tasks that one DescribeTasks may ask for. */
const MOST_DESCRIBED = 100;

const DESIRED_STATUSES = ['RUNNING', 'PENDING', 'STOPPED'] as const;

/** Filters that ECS refuses beside startedBy. The cluster and desiredStatus are no such filters: clients send them with it. */
const NOT_WITH_STARTED_BY = ['containerInstance', 'family', 'serviceName', 'launchType', 'daemonName'] as const;

interface TaskFilter {
  readonly desiredStatus: (typeof DESIRED_STATUSES)[number];
  readonly family: string | undefined;
  readonly service: ServiceNaming | undefined;
  readonly startedBy: string | undefined;
  readonly launchType: (typeof LAUNCH_TYPES)[number] | undefined;
  /** On a container instance or of a daemon: KECS has neither, so no task is. */
  readonly ofNoTask: boolean;
}

function readFilter(input: JsonObject, cluster: ClusterSummary): TaskFilter {
  const given = Object.fromEntries(
    [...NOT_WITH_STARTED_BY, 'startedBy'].map((name) => [name, optionalString(input, name)]),
  );
  if (given['startedBy'] !== undefined && NOT_WITH_STARTED_BY.some((name) => given[name] !== undefined)) {
    throw invalidParameter('cannot specify startedBy with other arguments');
  }
  const { containerInstance, daemonName, serviceName } = given;
  if (containerInstance !== undefined) requireContainerInstance(cluster, containerInstance);
  return {
    desiredStatus: optionalEnum(input, 'desiredStatus', DESIRED_STATUSES) ?? 'RUNNING',
    family: given['family'],
    service: serviceName === undefined ? undefined : serviceIn(cluster, serviceName),
    startedBy: given['startedBy'],
    launchType: optionalEnum(input, 'launchType', LAUNCH_TYPES),
    ofNoTask: containerInstance !== undefined || daemonName !== undefined,
  };
}

const matches = (filter: TaskFilter, task: TaskIndexEntry): boolean =>
  !filter.ofNoTask &&
  task.desiredStatus === filter.desiredStatus &&
  (filter.family === undefined || task.family === filter.family) &&
  (filter.service === undefined || task.serviceName === filter.service.name) &&
  (filter.startedBy === undefined || task.startedBy === filter.startedBy) &&
  (filter.launchType === undefined || task.launchType === filter.launchType);

/** A service that is forgotten, or whose Deployment nobody saw, is still known by its tasks while they can be described. */
function requireService(state: ReadState, cluster: ClusterSummary, { name, arn }: ServiceNaming): void {
  if (state.service(arn) !== undefined) return;
  const isElsewhere = !arn.startsWith(`${cluster.clusterArn.replace(':cluster/', ':service/')}/`);
  if (!isElsewhere) for (const task of state.tasks(cluster.clusterArn)) if (task.serviceName === name) return;
  throw new HttpError('ServiceNotFoundException', 'Service not found.');
}

function* filtered(state: ReadState, cluster: ClusterSummary, filter: TaskFilter): Iterable<TaskIndexEntry> {
  for (const task of state.tasks(cluster.clusterArn)) if (matches(filter, task)) yield task;
}

export const taskOperations = ({ state, here }: OperationContext): Operations => ({
  /** Tasks from the oldest to the newest. Filters combine; desiredStatus is RUNNING unless the caller says otherwise. */
  ListTasks(input) {
    const size = optionalInteger(input, 'maxResults', PAGE_SIZE) ?? PAGE_SIZE.byDefault;
    const token = optionalString(input, 'nextToken');
    const cluster = requireKnownCluster(state, here, optionalString(input, 'cluster'));
    const filter = readFilter(input, cluster);
    if (filter.service !== undefined) requireService(state, cluster, filter.service);
    const { items, nextToken } = pageOf(
      filtered(state, cluster, filter),
      ({ createdAt, taskArn }) => [createdAt, taskArn],
      { scope: JSON.stringify(['ListTasks', cluster.clusterArn, filter]), size, token },
    );
    const taskArns = items.map(({ taskArn }) => taskArn);
    return nextToken === undefined ? { taskArns } : { taskArns, nextToken };
  },

  /** Each task once, in the order of the request. */
  DescribeTasks(input) {
    const named = stringList(input, 'tasks', { most: MOST_DESCRIBED, as: 'taskIds' });
    const include = enumSet(input, 'include', ['TAGS']);
    const clusterName = optionalString(input, 'cluster');
    if (named.length === 0) throw invalidParameter('Tasks cannot be empty.');
    const cluster = requireKnownCluster(state, here, clusterName);
    const tasks = new Map<string, EcsJson>();
    const failures = new Map<string, EcsJson>();
    for (const value of named) {
      const arn = taskArnIn(state, cluster, value);
      const task = state.task(arn);
      if (task === undefined) failures.set(arn, missing(arn));
      else tasks.set(arn, projectTask(task.context, task.lastStatus, { tags: include.has('TAGS') }));
    }
    return { tasks: [...tasks.values()], failures: [...failures.values()] };
  },
});

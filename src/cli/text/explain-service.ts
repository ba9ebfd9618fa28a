/**
 * Owns the explanation of a service: whether it is stable, what its rollout waits for, and why, in sentences. Pure: from what ECS shows of
 * the service and of its tasks, and its history.
 */
import type { EcsObject } from '../../project/json.js';
import { instantOf, isObject, numberOf, objectsOf, textOf } from '../client/ecs-json.js';
import { formatAge, formatInstant, printable } from './format.js';
import { lastFailure, troublesOf } from './service-troubles.js';

/** What is known of a service. */
export interface ServiceLook {
  /** As DescribeServices has it. */
  readonly service: EcsObject;
  /** As DescribeTasks has them: those that are wanted, and those that stopped lately. */
  readonly tasks: readonly EcsObject[];
  /** Its changes, oldest first: `to`, `at` in epoch seconds, the counts, and those of each deployment. */
  readonly history: readonly EcsObject[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What a person would answer who is asked why this service is as it is. */
export function explainService(look: ServiceLook): readonly string[] {
  const status = textOf(look.service, 'status') ?? 'UNKNOWN';
  const when = since(look, (row) => textOf(row, 'to') === status);
  if (status === 'INACTIVE') return [`It is INACTIVE${when}: it was deleted, and none of its tasks is left.`];
  if (status === 'DRAINING') return explainDraining(look, when);
  return [
    `It is ${status}${when}: ${countWords(look.service)}.`,
    ...(status === 'PENDING' ? ['It has not been available since it was created.'] : []),
    ...(isExternal(look.service) ? explainTaskSets(look) : explainRollout(look)),
  ];
}

/** The acceptor of the waiter services-stable, for one service: one deployment, and as many tasks running as are wanted. */
export const isStable = (service: EcsObject): boolean =>
  objectsOf(service, 'deployments').length === 1 && count(service, 'runningCount') === count(service, 'desiredCount');

/** Its tasks belong to task sets, which somebody else than KECS rolls out. */
export function isExternal(service: EcsObject): boolean {
  const controller = service['deploymentController'];
  return isObject(controller) && controller['type'] === 'EXTERNAL';
}

/** The name and revision in the ARN of a task definition: `web:3`. */
export const definitionOf = (one: EcsObject): string => textOf(one, 'taskDefinition')?.split('/').at(-1) ?? '';

export const count = (one: EcsObject, key: string): number => numberOf(one, key) ?? 0;

/** `1 of 3 tasks is`, `2 of 3 tasks are`, `0 of 1 task is` */
const share = (part: number, whole: number, what: string, [one, many]: readonly [string, string]): string =>
  `${part} of ${whole} ${whole === 1 ? what : `${what}s`} ${part === 1 || whole === 1 ? one : many}`;

const noun = (number: number, singular: string, plural: string): string =>
  `${number} ${number === 1 ? singular : plural}`;

/** `2 of 3 tasks run, 1 is on its way` */
export function countWords(service: EcsObject): string {
  const [desired, running, pending] = [
    count(service, 'desiredCount'),
    count(service, 'runningCount'),
    count(service, 'pendingCount'),
  ];
  if (desired + running + pending === 0) return 'it is scaled to 0';
  const runs = share(running, desired, 'task', ['runs', 'run']);
  return pending === 0 ? runs : `${runs}, ${pending} ${pending === 1 ? 'is' : 'are'} on the way`;
}

const moment = (at: number, now: number): string => ` since ${formatInstant(at)} (for ${formatAge(now - at)})`;

/** Since when it has been like this without a break, by its history; nothing where the history does not say. */
function since({ history, now }: ServiceLook, isSo: (row: EcsObject) => boolean): string {
  const row = history[history.findLastIndex((one) => !isSo(one)) + 1];
  return row === undefined ? '' : moment(instantOf(row, 'at') ?? now, now);
}

function explainDraining({ tasks }: ServiceLook, when: string): readonly string[] {
  const statuses = tasks.map((task) => textOf(task, 'lastStatus') ?? '').filter((status) => status !== 'STOPPED');
  const sentence = `It is DRAINING${when}: it was deleted.`;
  if (statuses.length === 0) return [sentence, 'None of its tasks is left.'];
  const groups = [...new Set(statuses)].map((one) => `${statuses.filter((status) => status === one).length} ${one}`);
  return [sentence, `It is INACTIVE once its last tasks have stopped: ${groups.join(', ')}.`];
}

function explainTaskSets({ service, tasks }: ServiceLook): readonly string[] {
  const sentences = objectsOf(service, 'taskSets').map((taskSet) => {
    const words = [textOf(taskSet, 'status'), textOf(taskSet, 'stabilityStatus')].join(' and ');
    const ready = share(count(taskSet, 'runningCount'), count(taskSet, 'computedDesiredCount'), 'task', ['is', 'are']);
    return `Task set ${textOf(taskSet, 'id') ?? ''} (${definitionOf(taskSet)}) is ${words}: ${ready} ready.`;
  });
  return [...sentences, ...troublesOf(tasks)];
}

function explainRollout(look: ServiceLook): readonly string[] {
  const { service, tasks } = look;
  const [primary, ...others] = objectsOf(service, 'deployments');
  if (primary === undefined) return ['It has no deployment.'];
  if (isStable(service) && isSettled(service) && textOf(primary, 'rolloutState') === 'COMPLETED') {
    const when = since(look, isSteadyRow);
    return [`It is stable${when}: deployment ${nameOf(primary)} is COMPLETED.`, ...troublesOf(tasks)];
  }
  const own = tasks.filter((task) => [undefined, textOf(primary, 'id')].includes(textOf(task, 'startedBy')));
  const troubles = troublesOf(own);
  return [
    standing(look, primary),
    ...others.map(leaving),
    ...missingWords(primary, others),
    ...troubles,
    ...lastFailure(own, count(primary, 'failedTasks')),
    ...latestWarning(look, primary, troubles),
  ];
}

const isSettled = (one: EcsObject): boolean => count(one, 'pendingCount') === 0;

/** A row of the history after which the service was stable. */
function isSteadyRow(row: EcsObject): boolean {
  const completed = objectsOf(row, 'deployments').every((one) => textOf(one, 'rolloutState') === 'COMPLETED');
  return isStable(row) && isSettled(row) && completed;
}

/** `ecs-svc/1234567890123456789 (web:3)` */
const nameOf = (deployment: EcsObject): string => `${textOf(deployment, 'id') ?? ''} (${definitionOf(deployment)})`;

/** How far the PRIMARY is. */
function standing(look: ServiceLook, primary: EcsObject): string {
  const state = textOf(primary, 'rolloutState') ?? '';
  const id = textOf(primary, 'id');
  const desired = count(primary, 'desiredCount');
  const ready = `${share(count(primary, 'runningCount'), desired, 'new task', ['is', 'are'])} ready`;
  const when = since(look, (row) =>
    objectsOf(row, 'deployments').some((one) => textOf(one, 'id') === id && textOf(one, 'rolloutState') === state),
  );
  const name = `Deployment ${nameOf(primary)} is ${state}`;
  if (state === 'FAILED') {
    return `${name}${when}: it made no progress in time. ${desired === 0 ? '' : `${ready}; Kubernetes goes on trying.`}`;
  }
  if (state === 'COMPLETED') {
    const unready = desired - count(primary, 'runningCount');
    const words = share(unready, desired, 'task', ['is', 'are']).replace(' of ', ' of its ');
    return unready > 0 ? `${name}, but ${words} not ready now.` : `${name}.`;
  }
  return `${name}${when}: ${desired === 0 ? 'it wants no tasks' : ready}.`;
}

/** What is left of a deployment that is no longer the PRIMARY. */
function leaving(deployment: EcsObject): string {
  const left = count(deployment, 'runningCount') + count(deployment, 'pendingCount');
  const words =
    left === 0
      ? 'its last tasks are going down'
      : `${noun(left, 'task', 'tasks')} of it ${left === 1 ? 'is' : 'are'} left`;
  const state = textOf(deployment, 'rolloutState');
  return `Deployment ${nameOf(deployment)}${state === 'FAILED' ? ', which is FAILED,' : ''} is being replaced: ${words}.`;
}

/** Tasks that do not even exist yet, or exist too many. */
function missingWords(primary: EcsObject, others: readonly EcsObject[]): readonly string[] {
  const there = count(primary, 'runningCount') + count(primary, 'pendingCount');
  const missing = count(primary, 'desiredCount') - there;
  if (missing > 0) {
    const words = `${noun(missing, 'task of it has', 'tasks of it have')} not been created yet`;
    return [
      others.length === 0
        ? `${words}.`
        : `${words}: Kubernetes replaces old tasks step by step, as new ones become ready.`,
    ];
  }
  return missing < 0 ? [`${noun(-missing, 'task more than wanted is', 'tasks more than wanted are')} going down.`] : [];
}

/** Lines of services[].events[] that tell of trouble (what ECS's own tools look for); that a rollout FAILED is said without them. */
const isWarning = (message: string): boolean =>
  /unable|fail|unhealthy|error/i.test(message) && !message.includes('deployment failed');

/** The latest line of trouble since the rollout began, unless what tasks are in says it already. */
function latestWarning(
  { service, now }: ServiceLook,
  primary: EcsObject,
  troubles: readonly string[],
): readonly string[] {
  const begun = instantOf(primary, 'createdAt') ?? 0;
  const event = objectsOf(service, 'events').find((one) => isWarning(textOf(one, 'message') ?? ''));
  const at = event === undefined ? undefined : instantOf(event, 'createdAt');
  if (event === undefined || at === undefined || at < begun) return [];
  const message = printable(withoutPrefix(service, textOf(event, 'message') ?? ''));
  if (troubles.some((trouble) => message.includes(causeIn(trouble)))) return [];
  return [`The latest warning (${formatAge(now - at)} ago): ${message}`];
}

/** `Task a cannot start: ErrImagePull: rpc error: …` → what comes after the name of the error, which Kubernetes and ECS call differently. */
const causeIn = (trouble: string): string => /: [A-Za-z]+: (.+)$/.exec(trouble)?.[1] ?? trouble;

/** An event's text without the service's name, which begins each. */
export function withoutPrefix(service: EcsObject, message: string): string {
  const prefix = `(service ${textOf(service, 'serviceName') ?? ''}) `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/**
 * Owns what of a service's tasks keeps it from being stable: those that cannot start, wait for a node, are not ready or are unwell, each
 * kind of trouble told once. Pure.
 */
import type { EcsObject } from '../../project/json.js';
import { instantOf, numberOf, objectsOf, taskNames, textOf } from '../client/ecs-json.js';
import { printable, shortId } from './format.js';

/** How many tasks of one trouble are named. */
const NAMED = 3;

/** Waiting reasons of a container with which nothing is wrong. */
const ORDINARY = new Set(['ContainerCreating', 'PodInitializing']);

/** A sentence for each kind of trouble that tasks are in; none for tasks that are well, or are going down because they are to. */
export function troublesOf(tasks: readonly EcsObject[]): readonly string[] {
  const groups = new Map<string, { readonly trouble: Trouble; readonly ids: string[] }>();
  for (const task of tasks) {
    const trouble = troubleOf(task);
    if (trouble === undefined) continue;
    const key = trouble.one;
    const group = groups.get(key) ?? { trouble, ids: [] };
    group.ids.push(shortId(taskNames(textOf(task, 'taskArn') ?? '').id));
    groups.set(key, group);
  }
  return Array.from(
    groups.values(),
    ({ trouble, ids }) => `${subject(ids)} ${ids.length === 1 ? trouble.one : trouble.many}`,
  );
}

/** What is said of one task, and of several. */
interface Trouble {
  readonly one: string;
  readonly many: string;
}

const both = (words: string): Trouble => ({ one: words, many: words });

/** `Task a`, `Tasks a and b`, `7 tasks (a, b, c, …)` */
function subject(ids: readonly string[]): string {
  if (ids.length === 1) return `Task ${ids.join('')}`;
  if (ids.length <= NAMED) return `Tasks ${ids.slice(0, -1).join(', ')} and ${ids.at(-1) ?? ''}`;
  return `${ids.length} tasks (${ids.slice(0, NAMED).join(', ')}, …)`;
}

function troubleOf(task: EcsObject): Trouble | undefined {
  const lastStatus = textOf(task, 'lastStatus');
  if (lastStatus === 'STOPPED' || textOf(task, 'desiredStatus') === 'STOPPED') return undefined;
  if (textOf(task, 'connectivity') === 'DISCONNECTED') {
    return { one: 'is on a node that is not heard from.', many: 'are on nodes that are not heard from.' };
  }
  for (const container of objectsOf(task, 'containers')) {
    const trouble = containerTrouble(container);
    if (trouble !== undefined) return trouble;
  }
  if (lastStatus === 'PROVISIONING') return { one: 'waits for a node.', many: 'wait for nodes.' };
  if (lastStatus === 'PENDING') return { one: 'is being started.', many: 'are being started.' };
  return lastStatus === 'ACTIVATING'
    ? { one: 'has started, and is not ready yet.', many: 'have started, and are not ready yet.' }
    : undefined;
}

function containerTrouble(container: EcsObject): Trouble | undefined {
  const name = textOf(container, 'name') ?? '';
  const reason = printable(textOf(container, 'reason') ?? '');
  const exitCode = numberOf(container, 'exitCode');
  if (exitCode !== undefined) {
    return both(
      `cannot keep running: container ${name} exited with ${exitCode}${reason === '' ? '' : ` (${reason})`}.`,
    );
  }
  const isWaiting = textOf(container, 'lastStatus') === 'PENDING';
  if (isWaiting && reason !== '' && !ORDINARY.has(reason)) return both(`cannot start: ${reason}`);
  return textOf(container, 'healthStatus') === 'UNHEALTHY'
    ? { one: `fails the health check of container ${name}.`, many: `fail the health check of container ${name}.` }
    : undefined;
}

/** How many tasks of a rollout have failed, and what was the matter with the one that stopped last. */
export function lastFailure(tasks: readonly EcsObject[], failed: number): readonly string[] {
  if (failed === 0) return [];
  const sentence = `${failed === 1 ? '1 task of it has' : `${failed} tasks of it have`} failed.`;
  const stoppedAt = (task: EcsObject): number => instantOf(task, 'stoppedAt') ?? 0;
  const last = tasks
    .filter(
      (task) => textOf(task, 'lastStatus') === 'STOPPED' && textOf(task, 'stopCode') !== 'ServiceSchedulerInitiated',
    )
    .toSorted((a, b) => stoppedAt(b) - stoppedAt(a))[0];
  if (last === undefined) return [sentence];
  const code = textOf(last, 'stopCode');
  const why = [printable(textOf(last, 'stoppedReason') ?? ''), code === undefined ? '' : `(${code})`];
  const exits = objectsOf(last, 'containers').flatMap((container) => {
    const exitCode = numberOf(container, 'exitCode');
    return exitCode === undefined ? [] : [`${textOf(container, 'name') ?? ''} exited with ${exitCode}`];
  });
  const id = shortId(taskNames(textOf(last, 'taskArn') ?? '').id);
  const words = [why.filter((word) => word !== '').join(' '), ...exits].filter((word) => word !== '').join('; ');
  return [`${sentence.slice(0, -1)}; the last to stop was ${id}: ${words}`];
}

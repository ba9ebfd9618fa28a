/**
 * Owns the explanation of a task: what it is now, why it is not further or why it stopped, in sentences. Pure: from what ECS shows of
 * the task, and its history.
 */
import { constants } from 'node:os';
import type { EcsObject } from '../../project/json.js';
import { instantOf, numberOf, objectsOf, textOf } from '../client/ecs-json.js';
import type { HistoryRow } from '../client/sidecar-client.js';
import { formatAge, formatDuration, formatInstant, printable } from './format.js';

/** A stretch of a task's life in one lastStatus. */
export interface Stage {
  readonly status: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds until the next; undefined of the one that lasts, and of STOPPED. */
  readonly lasted: number | undefined;
  readonly cause: string;
}

export const stagesOf = (history: readonly HistoryRow[]): readonly Stage[] =>
  history.map(({ to, at, cause }, index) => {
    const next = history[index + 1];
    return { status: to, at, lasted: next === undefined ? undefined : next.at - at, cause };
  });

/** What a person would answer who is asked why this task is as it is. `now` in epoch milliseconds. */
export function explain(task: EcsObject, history: readonly HistoryRow[], now: number): readonly string[] {
  const lastStatus = textOf(task, 'lastStatus') ?? 'UNKNOWN';
  const stages = stagesOf(history);
  return lastStatus === 'STOPPED' ? explainStopped(task, stages, now) : explainOngoing(task, lastStatus, stages, now);
}

function explainStopped(task: EcsObject, stages: readonly Stage[], now: number): readonly string[] {
  const stoppedAt = instantOf(task, 'stoppedAt') ?? stages.at(-1)?.at;
  const when = stoppedAt === undefined ? '' : ` since ${formatInstant(stoppedAt)} (${formatAge(now - stoppedAt)} ago)`;
  const code = textOf(task, 'stopCode');
  const reason = printable(textOf(task, 'stoppedReason') ?? '');
  const cause = [reason, code === undefined ? '' : `(${code})`].filter((part) => part !== '').join(' ');
  return [
    `It is STOPPED${when}.`,
    cause === '' ? 'Why it stopped is not known.' : `It stopped because: ${cause}`,
    ranFor(task, stages),
    ...objectsOf(task, 'containers').flatMap(exitWords),
  ];
}

function ranFor(task: EcsObject, stages: readonly Stage[]): string {
  const running = stages.find(({ status }) => status === 'RUNNING');
  if (running?.lasted !== undefined) return `It was RUNNING for ${formatDuration(running.lasted)}.`;
  if (instantOf(task, 'startedAt') === undefined) return 'It never ran.';
  const execution = instantOf(task, 'executionStoppedAt');
  const started = instantOf(task, 'startedAt');
  return execution === undefined || started === undefined
    ? 'It ran, and was not seen RUNNING.'
    : `It ran for ${formatDuration(execution - started)}, and was not seen RUNNING.`;
}

/** Shells and container runtimes report a death by signal as 128 and the signal's number. */
const SIGNAL_BASE = 128;

function exitWords(container: EcsObject): readonly string[] {
  const name = textOf(container, 'name') ?? '';
  const exitCode = numberOf(container, 'exitCode');
  const reason = printable(textOf(container, 'reason') ?? '');
  const why = reason === '' ? '' : ` (${reason})`;
  if (exitCode === undefined) return [`Container ${name} ended without an exit code${why}.`];
  const signal = Object.entries(constants.signals).find(([, number]) => exitCode === SIGNAL_BASE + number)?.[0];
  const killed = signal === undefined ? '' : `, which means that ${signal} ended it`;
  return [`Container ${name} exited with ${exitCode}${why}${killed}.`];
}

/** What a task in this lastStatus waits for, while it is wanted and while it is not. */
const WAITS_FOR: Readonly<Record<string, string>> = {
  PROVISIONING: 'No node has taken its pod yet, or the node has not begun with it.',
  PENDING: 'Its containers are being created; none has started yet.',
  ACTIVATING: 'It has started, but not all of its containers are ready yet.',
  DEACTIVATING: 'It was asked to stop; its containers still run.',
  STOPPING: 'Its containers are being ended.',
  DEPROVISIONING: 'Its containers have ended; what is left of its pod is being removed.',
};

function explainOngoing(task: EcsObject, lastStatus: string, stages: readonly Stage[], now: number): readonly string[] {
  const since = stages.findLast(({ status }) => status === lastStatus)?.at;
  const when = since === undefined ? '' : ` since ${formatInstant(since)} (for ${formatAge(now - since)})`;
  const sentences = [`It is ${lastStatus}${when}.`];
  const waits = WAITS_FOR[lastStatus];
  if (waits !== undefined) sentences.push(waits);
  if (textOf(task, 'desiredStatus') === 'STOPPED') {
    const code = textOf(task, 'stopCode');
    const reason = printable(textOf(task, 'stoppedReason') ?? 'the reason is not known');
    sentences.push(`It is to stop because: ${reason}${code === undefined ? '' : ` (${code})`}`);
  }
  sentences.push(...objectsOf(task, 'containers').flatMap((container) => troubleWords(container, lastStatus)));
  if (textOf(task, 'connectivity') === 'DISCONNECTED') {
    const at = instantOf(task, 'connectivityAt');
    sentences.push(`Its node has not been heard from${at === undefined ? '' : ` since ${formatInstant(at)}`}.`);
  }
  return sentences;
}

/** What of a container keeps its task from being further, or well. */
function troubleWords(container: EcsObject, lastStatus: string): readonly string[] {
  const name = textOf(container, 'name') ?? '';
  const status = textOf(container, 'lastStatus');
  const reason = printable(textOf(container, 'reason') ?? '');
  if (status === 'STOPPED') return exitWords(container);
  if (status === 'PENDING') return [`Container ${name} has not started${reason === '' ? '.' : `: ${reason}`}`];
  if (textOf(container, 'healthStatus') === 'UNHEALTHY') return [`Container ${name} runs, but its health check fails.`];
  if (lastStatus === 'ACTIVATING' && textOf(container, 'healthStatus') !== 'HEALTHY') {
    return [`Container ${name} runs, and is not known to be ready.`];
  }
  return lastStatus === 'STOPPING' || lastStatus === 'DEACTIVATING' ? [`Container ${name} still runs.`] : [];
}

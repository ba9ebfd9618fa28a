/**
 * Owns how a task is written down: a JSON envelope with a version of its own, so that a snapshot of an older ecstate can be told from
 * one that is broken.
 */
import { LAST_STATUSES } from '../../machines/task/task.types.js';
import type { EpochMs, LastStatus, TaskContext } from '../../machines/task/task.types.js';

/** Raised when the shape of a persisted task changes; `decodeTask` then reads the older ones too. */
const ENVELOPE_VERSION = 1;

/** One task as it is persisted. */
export interface TaskEnvelope {
  readonly lastStatus: LastStatus;
  readonly context: TaskContext;
  /** Of the pod, when it was last looked at. */
  readonly resourceVersion: string;
  /** When lastStatus became what it is. */
  readonly since: EpochMs;
  /** How many rows its history has. */
  readonly transitions: number;
}

export const encodeTask = (task: TaskEnvelope): string =>
  JSON.stringify({ v: ENVELOPE_VERSION, kind: 'task', ...task });

/** The task in this envelope; undefined when it cannot be used: then the cluster has to tell of it anew. */
export function decodeTask(value: string): TaskEnvelope | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  // Only this file writes envelopes; what is checked here is what a foreign or torn value would get wrong.
  const envelope = parsed as Partial<TaskEnvelope> & { readonly v?: unknown; readonly kind?: unknown };
  const usable =
    envelope.v === ENVELOPE_VERSION &&
    envelope.kind === 'task' &&
    LAST_STATUSES.some((status) => status === envelope.lastStatus) &&
    typeof envelope.context?.version === 'number' &&
    typeof envelope.context.identity?.taskArn === 'string' &&
    typeof envelope.context.identity.podUid === 'string' &&
    Array.isArray(envelope.context.containers) &&
    typeof envelope.transitions === 'number' &&
    typeof envelope.since === 'number';
  return usable ? (envelope as TaskEnvelope) : undefined; // checked just above, field by field
}

/**
 * Owns how a task is written down: a JSON envelope with a version of its own, so that a snapshot of an older ecstate can be told from
 * one that is broken.
 */
import type { SnapshotFrom } from 'xstate';
import type { serviceMachine } from '../../machines/service/service.machine.js';
import { DEPLOYMENT_ROLES, ROLLOUT_STATES, SERVICE_STATUSES } from '../../machines/service/service.types.js';
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

/** One service as it is persisted: XState's own snapshot, since its deployments are its children. */
export interface ServiceEnvelope {
  readonly snapshot: SnapshotFrom<typeof serviceMachine>;
  readonly since: EpochMs;
  readonly transitions: number;
}

export const encodeService = (service: Omit<ServiceEnvelope, 'snapshot'> & { readonly snapshot: unknown }): string =>
  JSON.stringify({ v: ENVELOPE_VERSION, kind: 'service', ...service });

/** The service in this envelope; undefined when it cannot be used. */
export function decodeService(value: string): ServiceEnvelope | undefined {
  const envelope = parse(value, 'service') as Partial<ServiceEnvelope> | undefined; // checked below
  // Of a persisted snapshot XState's type says little; what is read of it is what is checked.
  const snapshot = envelope?.snapshot as unknown as PersistedService | undefined;
  const usable =
    SERVICE_STATUSES.some((status) => status === snapshot?.value) &&
    typeof snapshot?.context?.identity?.serviceArn === 'string' &&
    Array.isArray(snapshot.context.deployments) &&
    snapshot.context.deployments.every(({ id }) => {
      const child = snapshot.children?.[id]?.snapshot;
      return (
        DEPLOYMENT_ROLES.some((role) => role === child?.value?.role) &&
        ROLLOUT_STATES.some((state) => state === child?.value?.rollout) &&
        typeof child?.context?.id === 'string'
      );
    }) &&
    typeof envelope?.transitions === 'number' &&
    typeof envelope.since === 'number';
  return usable ? (envelope as ServiceEnvelope) : undefined; // checked just above
}

/** The parts of a persisted service that are read; every one may be missing in a damaged row. */
interface PersistedService {
  readonly value?: unknown;
  readonly context?: {
    readonly identity?: { readonly serviceArn?: unknown };
    readonly deployments?: readonly { readonly id: string }[];
  };
  readonly children?: Readonly<
    Record<
      string,
      | {
          readonly snapshot?: {
            readonly value?: { readonly role?: unknown; readonly rollout?: unknown };
            readonly context?: { readonly id?: unknown };
          };
        }
      | undefined
    >
  >;
}

/** The envelope of this kind and version in `value`. */
function parse(value: string, kind: 'task' | 'service'): Readonly<Record<string, unknown>> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const envelope = parsed as Readonly<Record<string, unknown>>; // a non-null object
  return envelope['v'] === ENVELOPE_VERSION && envelope['kind'] === kind ? envelope : undefined;
}

/** The task in this envelope; undefined when it cannot be used: then the cluster has to tell of it anew. */
export function decodeTask(value: string): TaskEnvelope | undefined {
  // Only this file writes envelopes; what is checked here is what a foreign or torn value would get wrong.
  const envelope = parse(value, 'task') as Partial<TaskEnvelope> | undefined;
  const usable =
    envelope !== undefined &&
    LAST_STATUSES.some((status) => status === envelope.lastStatus) &&
    typeof envelope.context?.version === 'number' &&
    typeof envelope.context.identity?.taskArn === 'string' &&
    typeof envelope.context.identity.podUid === 'string' &&
    Array.isArray(envelope.context.containers) &&
    typeof envelope.transitions === 'number' &&
    typeof envelope.since === 'number';
  return usable ? (envelope as TaskEnvelope) : undefined; // checked just above, field by field
}

/**
 * Owns what a simulated container does: its script, where scripts come from, and what the names of images mean.
 *
 * A script is that of the resolver given to the simulator, where it has one; else what the name of the image means,
 * with what the pod's annotation {@link SCRIPT_ANNOTATION} adds: a JSON object from container name (or `*`) to script.
 */
import type { AdmissionHook } from '../api/admission.js';
import { invalid } from '../api/status.js';
import type { Container, Pod } from '../objects.js';
import { PODS } from '../resources.js';

/** The annotation of a pod that says what its containers do. */
export const SCRIPT_ANNOTATION = 'simulator.ecstate.dev/script';

/** What a container does. Durations are in milliseconds. What is left out goes well, and runs until it is stopped. */
export interface ContainerScript {
  /** How long the image takes to pull, where the node does not have it. */
  readonly pullTime?: number;
  /** Why the image cannot be pulled: 404, 401, an unreadable name, or absent with the policy Never. */
  readonly pullError?: 'missing' | 'denied' | 'invalid-name' | 'never-present';
  /** How many pulls fail before one succeeds; without it, all do. */
  readonly pullFailures?: number;
  /** Why the container cannot be created (CreateContainerConfigError), such as `secret "db" not found`. */
  readonly createError?: string;
  /** How many attempts to create it fail before one succeeds; without it, all do. */
  readonly createFailures?: number;
  /** Why its process cannot be started (StartError, exit code 128). */
  readonly startError?: string;
  /** How long it takes to start. */
  readonly startTime?: number;
  /** How long after its start the readiness probe begins to succeed; only where there is one. */
  readonly readyAfter?: number;
  /** The readiness probe never succeeds. */
  readonly neverReady?: boolean;
  /** Readiness that comes and goes: so long ready, so long not. */
  readonly readiness?: { readonly ready: number; readonly unready: number };
  /** How long after its start it ends by itself. */
  readonly exitAfter?: number;
  /** With which code it ends by itself; 0 by default, 137 when killed for its memory. */
  readonly exitCode?: number;
  /** It ends because it took more memory than it may. */
  readonly oomKilled?: boolean;
  /** How long after its start the health check (both probes) begins to fail. */
  readonly livenessFailsAfter?: number;
  /** How long it takes to end when it is told to. */
  readonly stopTime?: number;
  /** With which code it ends when it is told to; 0 by default. */
  readonly stopCode?: number;
  /** It does not listen: it is killed (137) when its grace is over. */
  readonly ignoresTerm?: boolean;
  /** The kubelet finds no trace of it after the stop: its exit code is lost (ContainerStatusUnknown). */
  readonly statusLost?: boolean;
}

/** Says what a container does in its run number `restart` (0 is the first); nothing for what the image's name says. */
export type ScriptResolver = (pod: Pod, containerName: string, restart: number) => ContainerScript | undefined;

type Check = (value: unknown) => boolean;
const duration: Check = (value) => typeof value === 'number' && value >= 0;
const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => Number.isInteger(value) && Number(value) >= 0;

const FIELDS: Readonly<Record<keyof ContainerScript, Check>> = {
  pullTime: duration,
  pullError: (value) => ['missing', 'denied', 'invalid-name', 'never-present'].includes(String(value)),
  pullFailures: count,
  createError: text,
  createFailures: count,
  startError: text,
  startTime: duration,
  readyAfter: duration,
  neverReady: flag,
  readiness: (value) => isObject(value) && duration(value['ready']) && duration(value['unready']),
  exitAfter: duration,
  exitCode: count,
  oomKilled: flag,
  livenessFailsAfter: duration,
  stopTime: duration,
  stopCode: count,
  ignoresTerm: flag,
  statusLost: flag,
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the annotation of a pod.
 *
 * @throws ApiError 422 that names what is wrong, so that a mistake is told to whoever creates the pod.
 */
export function annotatedScripts(pod: Pod): Readonly<Record<string, ContainerScript>> {
  const annotation = pod.metadata.annotations?.[SCRIPT_ANNOTATION];
  if (annotation === undefined) return {};
  const refuse = (why: string): never => {
    const field = `metadata.annotations[${SCRIPT_ANNOTATION}]`;
    throw invalid(PODS, pod.metadata.name, [{ field, reason: 'FieldValueInvalid', message: `Invalid value: ${why}` }]);
  };
  let scripts: unknown;
  try {
    scripts = JSON.parse(annotation);
  } catch {
    return refuse('not JSON');
  }
  if (!isObject(scripts)) return refuse('must be an object from container name to script');
  for (const [container, script] of Object.entries(scripts)) {
    if (!isObject(script)) return refuse(`the script of ${container} must be an object`);
    for (const [field, value] of Object.entries(script)) {
      const check = FIELDS[field as keyof ContainerScript] as Check | undefined; // any text may stand there
      if (check === undefined) refuse(`${container}: no such field: ${field}`);
      else if (!check(value)) refuse(`${container}.${field}: not ${JSON.stringify(value)}`);
    }
  }
  return scripts as Readonly<Record<string, ContainerScript>>; // checked field by field
}

/** Refuses pods whose annotation cannot be read. */
export const scriptCheck: AdmissionHook = (resource, object) => {
  if (resource.kind === PODS.kind) annotatedScripts(object as Pod); // the kind says so
  return object;
};

/** What the name of an image means to the simulator, as the test rigs of container platforms have it. */
export function scriptOfImage(container: Container): ContainerScript {
  const { image } = container;
  if (/[^a-z0-9._\-/:@]|^$/i.test(image) || /[A-Z]/.test(image.split(':')[0] ?? ''))
    return { pullError: 'invalid-name' };
  if (/nosuch|missing/.test(image)) return { pullError: 'missing' };
  if (image.includes('denied')) return { pullError: 'denied' };
  const exit = /exit-?(\d+)/.exec(image);
  if (exit !== null) return { exitAfter: 1_000, exitCode: Number(exit[1]) };
  if (image.includes('crash')) return { exitAfter: 1_000, exitCode: 1 };
  if (/(^|[^a-z])oom/.test(image)) return { exitAfter: 3_000, oomKilled: true };
  if (image.includes('deaf')) return { ignoresTerm: true };
  if (image.includes('slow')) return { pullTime: 8_000 };
  return {};
}

/** The one script of a container's run. */
export function scriptFor(
  resolver: ScriptResolver | undefined,
  pod: Pod,
  container: Container,
  restart: number,
): ContainerScript {
  const resolved = resolver?.(pod, container.name, restart);
  if (resolved !== undefined) return resolved;
  const annotated = annotatedScripts(pod);
  return { ...scriptOfImage(container), ...(annotated[container.name] ?? annotated['*']) };
}

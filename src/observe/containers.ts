/**
 * Owns which containers of a pod are ECS containers, and what their specification says.
 *
 * ECS containers are the pod's containers and its native sidecars (init containers with restartPolicy Always), less what a mesh or an agent
 * injected. Plain init containers are KECS's own (artifacts); ephemeral containers are a debugger's.
 */
import type { ContainerDefinition } from '../../machines/task/task.types.js';
import { cpuUnits, memoryMib } from './quantity.js';
import { array, object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** KECS marks a container that is not essential by its name, on RunTask pods (kecs.md §1.2). */
const NONESSENTIAL_SUFFIX = '-nonessential';

/** Containers that admission webhooks are known to inject: they are in no task definition. */
const INJECTED = new Set([
  'istio-proxy',
  'istio-init',
  'istio-validation',
  'linkerd-proxy',
  'linkerd-init',
  'consul-dataplane',
  'envoy-sidecar',
  'kuma-sidecar',
  'vault-agent',
  'vault-agent-init',
  'aws-guardduty-agent',
  'datadog-agent-injected',
]);

/** The ECS name of a Kubernetes container. */
export const ecsContainerName = (podContainerName: string): string =>
  podContainerName.endsWith(NONESSENTIAL_SUFFIX)
    ? podContainerName.slice(0, -NONESSENTIAL_SUFFIX.length)
    : podContainerName;

/** The ECS containers of a pod, in the order of its specification, native sidecars last. */
export function containerDefinitions(spec: RawObject, annotations: RawObject): readonly ContainerDefinition[] {
  const injected = injectedByIstio(annotations);
  const definitions: ContainerDefinition[] = [];
  const restart =
    spec['restartPolicy'] === 'Never' ? 'never' : spec['restartPolicy'] === 'OnFailure' ? 'onFailure' : 'always';
  const collect = (entry: unknown, policy: ContainerDefinition['restart']): void => {
    const container = object(entry);
    const name = string(container['name']);
    if (name === undefined || INJECTED.has(name) || injected.has(name)) return;
    definitions.push(definitionOf(container, name, policy));
  };
  for (const entry of array(spec['containers'])) collect(entry, restart);
  for (const entry of array(spec['initContainers']))
    if (object(entry)['restartPolicy'] === 'Always') collect(entry, 'always');
  return definitions;
}

function definitionOf(
  container: RawObject,
  podContainerName: string,
  restart: ContainerDefinition['restart'],
): ContainerDefinition {
  const resources = object(container['resources']);
  const limits = object(resources['limits']);
  const requests = object(resources['requests']);
  const memory = memoryMib(limits['memory']);
  const memoryReservation = memoryMib(requests['memory']);
  return {
    name: ecsContainerName(podContainerName),
    podContainerName,
    image: string(container['image']) ?? '',
    essential: !podContainerName.endsWith(NONESSENTIAL_SUFFIX),
    hasHealthCheck: container['readinessProbe'] !== undefined || container['livenessProbe'] !== undefined,
    restart,
    cpu: cpuUnits(limits['cpu'] ?? requests['cpu']) ?? '0',
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
  };
}

/** Istio lists what it put in, as JSON in an annotation. */
function injectedByIstio(annotations: RawObject): ReadonlySet<string> {
  const text = string(annotations['sidecar.istio.io/status']);
  if (text === undefined) return new Set();
  try {
    const status = object(JSON.parse(text));
    return new Set(
      [...array(status['containers']), ...array(status['initContainers'])].filter((name) => typeof name === 'string'),
    );
  } catch {
    return new Set();
  }
}

/**
 * Owns which containers of a pod are ECS containers, and what their specification says.
 *
 * ECS containers are the pod's containers and its native sidecars (init containers with restartPolicy Always), less what a mesh or an agent
 * injected. Plain init containers are KECS's own (artifacts); ephemeral containers are a debugger's.
 */
import type { ContainerDefinition } from '../../machines/task/task.types.js';
import { cpuUnits, memoryMib, parseQuantity } from './quantity.js';
import { array, object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** KECS marks a container that is not essential by its name, on RunTask pods (KECS, task_converter.go). */
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
  return ecsContainers(spec, annotations).map(({ container, name, restart }) => definitionOf(container, name, restart));
}

/** CPU units and MiB that the ECS containers together ask for: KECS puts the task's cpu and memory on them. */
export function taskResources(
  spec: RawObject,
  annotations: RawObject,
): { readonly cpu?: string; readonly memory?: string } {
  let cores: number | undefined;
  let bytes: number | undefined;
  for (const { container } of ecsContainers(spec, annotations)) {
    const { limits, requests } = resourcesOf(container);
    const cpu = parseQuantity(limits['cpu'] ?? requests['cpu']);
    const memory = parseQuantity(limits['memory'] ?? requests['memory']);
    if (cpu !== undefined) cores = (cores ?? 0) + cpu;
    if (memory !== undefined) bytes = (bytes ?? 0) + memory;
  }
  const cpu = cpuUnits(cores);
  const memory = memoryMib(bytes);
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

interface EcsContainer {
  readonly container: RawObject;
  /** The Kubernetes name. */
  readonly name: string;
  readonly restart: ContainerDefinition['restart'];
}

function ecsContainers(spec: RawObject, annotations: RawObject): readonly EcsContainer[] {
  const injected = injectedByIstio(annotations);
  const found: EcsContainer[] = [];
  const collect = (container: RawObject, restart: EcsContainer['restart']): void => {
    const name = string(container['name']);
    if (name !== undefined && !INJECTED.has(name) && !injected.has(name)) found.push({ container, name, restart });
  };
  const policy = spec['restartPolicy'];
  const restart = policy === 'Never' ? 'never' : policy === 'OnFailure' ? 'onFailure' : 'always';
  for (const entry of array(spec['containers'])) collect(object(entry), restart);
  for (const entry of array(spec['initContainers'])) {
    if (object(entry)['restartPolicy'] === 'Always') collect(object(entry), 'always');
  }
  return found;
}

const resourcesOf = (container: RawObject): { readonly limits: RawObject; readonly requests: RawObject } => {
  const resources = object(container['resources']);
  return { limits: object(resources['limits']), requests: object(resources['requests']) };
};

function definitionOf(
  container: RawObject,
  podContainerName: string,
  restart: ContainerDefinition['restart'],
): ContainerDefinition {
  const { limits, requests } = resourcesOf(container);
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

/** Owns tables: the form in which the API server prints objects for `kubectl get`. Columns are those of Kubernetes 1.20. */
import { fromTimestamp, humanDuration } from '../instants.js';
import type {
  ContainerState,
  CoreEvent,
  Deployment,
  KubeObject,
  Lease,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
} from '../objects.js';
import { selectorText } from './selectors.js';

type Cell = string | number;
type Column = readonly [name: string, type: 'string' | 'integer', priority: 0 | 1, format?: string];

/** How one kind is printed: its columns, and a row's cells in the same order. */
interface Printer {
  readonly columns: readonly Column[];
  readonly cells: (object: KubeObject, now: number) => readonly Cell[];
}

const NAME: Column = ['Name', 'string', 0, 'name'];
const AGE: Column = ['Age', 'string', 0];
const NONE = '<none>';

// Each printer is chosen by the kind of the object that it gets.
const PRINTERS: Readonly<Record<string, Printer>> = {
  Pod: {
    columns: [
      NAME,
      ['Ready', 'string', 0],
      ['Status', 'string', 0],
      ['Restarts', 'integer', 0],
      AGE,
      ['IP', 'string', 1],
      ['Node', 'string', 1],
      ['Nominated Node', 'string', 1],
      ['Readiness Gates', 'string', 1],
    ],
    cells: (object, now) => podCells(object as Pod, now),
  },
  Deployment: {
    columns: [
      NAME,
      ['Ready', 'string', 0],
      ['Up-to-date', 'integer', 0],
      ['Available', 'integer', 0],
      AGE,
      ['Containers', 'string', 1],
      ['Images', 'string', 1],
      ['Selector', 'string', 1],
    ],
    cells: (object, now) => {
      const { metadata, spec, status } = object as Deployment;
      const ready = `${status.readyReplicas ?? 0}/${spec.replicas}`;
      const counts = [status.updatedReplicas ?? 0, status.availableReplicas ?? 0];
      return [metadata.name, ready, ...counts, age(object, now), ...workload(spec.template.spec, spec.selector)];
    },
  },
  ReplicaSet: {
    columns: [
      NAME,
      ['Desired', 'integer', 0],
      ['Current', 'integer', 0],
      ['Ready', 'integer', 0],
      AGE,
      ['Containers', 'string', 1],
      ['Images', 'string', 1],
      ['Selector', 'string', 1],
    ],
    cells: (object, now) => {
      const { metadata, spec, status } = object as ReplicaSet;
      const counts = [spec.replicas, status.replicas, status.readyReplicas ?? 0];
      return [metadata.name, ...counts, age(object, now), ...workload(spec.template.spec, spec.selector)];
    },
  },
  Event: {
    columns: [
      ['Last Seen', 'string', 0],
      ['Type', 'string', 0],
      ['Reason', 'string', 0],
      ['Object', 'string', 0],
      ['Subobject', 'string', 1],
      ['Source', 'string', 1],
      ['Message', 'string', 0],
      ['First Seen', 'string', 1],
      ['Count', 'integer', 1],
      ['Name', 'string', 1, 'name'],
    ],
    cells: (object, now) => eventCells(object as CoreEvent, now),
  },
  Node: {
    columns: [
      NAME,
      ['Status', 'string', 0],
      ['Roles', 'string', 0],
      AGE,
      ['Version', 'string', 0],
      ['Internal-IP', 'string', 1],
    ],
    cells: (object, now) => {
      const { metadata, spec, status } = object as Node;
      const ready = status.conditions.find(({ type }) => type === 'Ready')?.status === 'True' ? 'Ready' : 'NotReady';
      const address = status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? NONE;
      const state = spec.unschedulable === true ? `${ready},SchedulingDisabled` : ready;
      const { kubeletVersion = '' } = (status['nodeInfo'] ?? {}) as { kubeletVersion?: string }; // as the nodes are made
      return [metadata.name, state, NONE, age(object, now), kubeletVersion, address];
    },
  },
  Namespace: {
    columns: [NAME, ['Status', 'string', 0], AGE],
    cells: (object, now) => [object.metadata.name, (object as Namespace).status.phase, age(object, now)],
  },
  Lease: {
    columns: [NAME, ['Holder', 'string', 0], AGE],
    cells: (object, now) => [object.metadata.name, (object as Lease).spec?.holderIdentity ?? '', age(object, now)],
  },
};

/** Objects as a `Table`, as JSON text. `included` says what of each object comes with its row, as kubectl asks. */
export function encodeTable(
  objects: readonly KubeObject[],
  kind: string,
  metadata: object,
  now: number,
  included: string | null,
): string {
  const printer = PRINTERS[kind];
  const columns = printer?.columns ?? [NAME, AGE];
  return JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(([name, type, priority, format = '']) => ({
      name,
      type,
      format,
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: printer?.cells(object, now) ?? [object.metadata.name, age(object, now)],
      ...(included === 'None' ? {} : { object: included === 'Object' ? object : partial(object) }),
    })),
  });
}

function partial(object: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function age(object: KubeObject, now: number): string {
  return humanDuration(now - fromTimestamp(object.metadata.creationTimestamp));
}

function workload(spec: Pod['spec'], selector: Deployment['spec']['selector']): readonly Cell[] {
  const names = spec.containers.map(({ name }) => name).join(',');
  const images = spec.containers.map(({ image }) => image).join(',');
  return [names, images, selectorText(selector)];
}

function podCells(pod: Pod, now: number): readonly Cell[] {
  const statuses = pod.status.containerStatuses ?? [];
  const ready = statuses.filter((status) => status.ready && status.state.running !== undefined).length;
  const init = pod.status.initContainerStatuses ?? [];
  const restarts = [...(podInitializing(pod) ? init : statuses)].reduce((sum, status) => sum + status.restartCount, 0);
  return [
    pod.metadata.name,
    `${ready}/${pod.spec.containers.length}`,
    podState(pod),
    restarts,
    age(pod, now),
    pod.status.podIP ?? NONE,
    pod.spec.nodeName ?? NONE,
    NONE,
    NONE,
  ];
}

/** The one word that kubectl shows for a pod. */
function podState(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const initializing = podInitializing(pod);
  if (initializing !== undefined) return initializing;
  let reason = pod.status.reason ?? pod.status.phase ?? '';
  let running = false;
  for (const { state, ready } of [...(pod.status.containerStatuses ?? [])].reverse()) {
    const why = stateReason(state);
    if (why !== undefined) reason = why;
    else if (ready && state.running !== undefined) running = true;
  }
  return reason === 'Completed' && running ? 'Running' : reason;
}

function stateReason({ waiting, terminated }: ContainerState): string | undefined {
  if (waiting !== undefined) return waiting.reason;
  return terminated === undefined ? undefined : (terminated.reason ?? `ExitCode:${terminated.exitCode}`);
}

function podInitializing(pod: Pod): string | undefined {
  const statuses = pod.status.initContainerStatuses ?? [];
  for (const [index, { state, started }] of statuses.entries()) {
    if (state.terminated?.exitCode === 0 || started === true) continue;
    const why = stateReason(state);
    return why === undefined || why === 'PodInitializing' ? `Init:${index}/${statuses.length}` : `Init:${why}`;
  }
  return undefined;
}

function eventCells(event: CoreEvent, now: number): readonly Cell[] {
  const { metadata, involvedObject, source, series } = event;
  const ago = (timestamp: string | null | undefined): string =>
    timestamp === null || timestamp === undefined ? '<unknown>' : humanDuration(now - fromTimestamp(timestamp));
  const first = event.firstTimestamp ?? event.eventTime;
  return [
    ago(series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime),
    event.type,
    event.reason,
    `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`,
    involvedObject.fieldPath ?? '',
    [source.component ?? event.reportingComponent, source.host].filter((part) => part !== undefined).join(', '),
    event.message,
    ago(first),
    event.count ?? series?.count ?? 1,
    metadata.name,
  ];
}

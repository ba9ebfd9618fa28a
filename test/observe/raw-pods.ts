/**
 * Owns pods and Events as the Kubernetes API prints them, labelled and annotated as KECS does it, for the tests of whatever reads them.
 * Seconds are counted from {@link EPOCH_SECONDS}.
 */

/** A JSON object of the cluster. */
export type Raw = Readonly<Record<string, unknown>>;

/** 2026-01-01T00:00:00Z, epoch seconds: the creation of every pod here. */
export const EPOCH_SECONDS = 1_767_225_600;

/** The second after the epoch as Kubernetes prints it. */
export const stamp = (second: number): string =>
  new Date((EPOCH_SECONDS + second) * 1000).toISOString().replace('.000Z', 'Z');

export const TASK_ID = '36374d1d33ad4ec0b5a9980f30402ead';
export const POD_UID = 'abc2287b-8b9c-4838-8917-5e58be0044b7';
export const TASK_ARN = `arn:aws:ecs:us-east-1:000000000000:task/default/${TASK_ID}`;
export const TASK_DEFINITION_ARN = 'arn:aws:ecs:us-east-1:000000000000:task-definition/single-task-nginx:1';
export const SERVICE_ARN = 'arn:aws:ecs:us-east-1:000000000000:service/default/single-task-nginx';
export const REPLICA_SET_UID = '11111111-2222-4333-8444-555555555555';

export interface PodParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Raw;
  readonly annotations?: Raw;
  readonly ownerReferences?: readonly Raw[];
  readonly spec?: Raw;
}

const podOf = (parts: PodParts & { readonly labels: Raw; readonly annotations: Raw; readonly spec: Raw }): Raw => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: parts.name ?? TASK_ID,
    namespace: parts.namespace ?? 'default-us-east-1',
    uid: parts.uid ?? POD_UID,
    resourceVersion: '1',
    creationTimestamp: stamp(0),
    labels: parts.labels,
    annotations: parts.annotations,
    ...(parts.ownerReferences === undefined ? {} : { ownerReferences: parts.ownerReferences }),
  },
  spec: parts.spec,
  status: { phase: 'Pending', qosClass: 'BestEffort' },
});

export const NGINX: Raw = { name: 'nginx', image: 'nginx:latest', resources: {} };

/** A task of RunTask: a bare pod named by its task id. */
export const runTaskPod = (parts: PodParts = {}): Raw =>
  podOf({
    ...parts,
    labels: {
      'kecs.dev/cluster': 'default',
      'kecs.dev/task-id': TASK_ID,
      'kecs.dev/task-family': 'single-task-nginx',
      'kecs.dev/task-revision': '1',
      'kecs.dev/launch-type': 'FARGATE',
      'kecs.dev/managed-by': 'kecs',
      'ecs.task.definition.family': 'single-task-nginx',
      ...parts.labels,
    },
    annotations: {
      'kecs.dev/task-arn': TASK_ARN,
      'kecs.dev/task-definition-arn': TASK_DEFINITION_ARN,
      'ecs.amazonaws.com/network-mode': 'awsvpc',
      'ecs.amazonaws.com/subnets': 'subnet-12345',
      ...parts.annotations,
    },
    spec: { restartPolicy: 'Never', containers: [NGINX], ...parts.spec },
  });

/** A task of a service: a pod of its ReplicaSet. */
export const servicePod = (parts: PodParts = {}): Raw =>
  podOf({
    name: 'single-task-nginx-6c9f8d7b5c-h4x2p',
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'single-task-nginx-6c9f8d7b5c',
        uid: REPLICA_SET_UID,
        controller: true,
      },
    ],
    ...parts,
    labels: {
      'kecs.dev/service': 'single-task-nginx',
      'kecs.dev/cluster': 'default',
      'kecs.dev/launch-type': 'FARGATE',
      'kecs.dev/managed-by': 'kecs',
      app: 'single-task-nginx',
      'pod-template-hash': '6c9f8d7b5c',
      ...parts.labels,
    },
    annotations: {
      'kecs.dev/service-arn': SERVICE_ARN,
      'kecs.dev/task-definition': TASK_DEFINITION_ARN,
      'kecs.dev/scheduling-strategy': 'REPLICA',
      'kecs.dev/service-registries': 'null',
      'ecs.amazonaws.com/network-mode': 'awsvpc',
      'ecs.amazonaws.com/subnets': 'subnet-12345678',
      ...parts.annotations,
    },
    spec: { restartPolicy: 'Always', containers: [NGINX], ...parts.spec },
  });

/** A task of a task set: every replica carries the same made-up task ARN. */
export const taskSetPod = (parts: PodParts = {}): Raw =>
  podOf({
    name: 'web-ts-0a1b2c3d-5d4c6b7f8-x7k2m',
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-ts-0a1b2c3d-5d4c6b7f8', uid: REPLICA_SET_UID },
    ],
    ...parts,
    labels: {
      'kecs.io/cluster': 'default',
      'kecs.io/service': 'web',
      'kecs.io/taskset': 'ts-0a1b2c3d',
      'kecs.io/taskset-external-id': '',
      'kecs.io/role': 'taskset-pod',
      ...parts.labels,
    },
    annotations: {
      'kecs.dev/task-arn': 'arn:aws:ecs:eu-west-1:123456789012:task/default/taskset-web-ts-0a1b2c3d',
      'kecs.dev/task-definition-arn': 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7',
      'ecs.amazonaws.com/network-mode': 'awsvpc',
      ...parts.annotations,
    },
    spec: { restartPolicy: 'Always', containers: [NGINX], ...parts.spec },
  });

/** One entry of containerStatuses, but for its name. */
export type RawContainerStatus = Raw;

const RUNTIME_ID = '439a0d251b3d02b831ea4a969d40a2cc633399876e7d37593932858fb777fd3d';
export const IMAGE_DIGEST = 'sha256:9037548b9ab24566df911c848b4f3106ebf41d53ed5680052850f5fb0e32f933';
export { RUNTIME_ID };

/** What a container has once it was created. */
const CREATED: Raw = { containerID: `containerd://${RUNTIME_ID}`, imageID: `docker.io/library/nginx@${IMAGE_DIGEST}` };

export const waiting = (reason: string, message?: string): RawContainerStatus => ({
  state: { waiting: message === undefined ? { reason } : { reason, message } },
  lastState: {},
  ready: false,
  restartCount: 0,
  imageID: '',
});

export const running = (startedSecond: number, options: { readonly ready?: boolean } = {}): RawContainerStatus => ({
  state: { running: { startedAt: stamp(startedSecond) } },
  lastState: {},
  ready: options.ready ?? true,
  restartCount: 0,
  ...CREATED,
});

export const terminated = (
  exitCode: number,
  finishedSecond: number,
  options: { readonly reason?: string; readonly message?: string } = {},
): RawContainerStatus => ({
  state: {
    terminated: {
      exitCode,
      reason: options.reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
      ...(options.message === undefined ? {} : { message: options.message }),
      startedAt: stamp(2),
      finishedAt: stamp(finishedSecond),
      containerID: CREATED['containerID'],
    },
  },
  lastState: {},
  ready: false,
  restartCount: 0,
  ...CREATED,
});

/** The same container after it was started again: its last run is over. */
export const restarted = (
  status: RawContainerStatus,
  last: RawContainerStatus,
  restartCount = 1,
): RawContainerStatus => ({
  ...status,
  lastState: last['state'],
  restartCount,
});

/** The kubelet has lost the container's status: neither its times nor its code 137 are real. */
export const lost = (): RawContainerStatus => ({
  state: { waiting: { reason: 'ContainerCreating' } },
  lastState: {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was deleted.  The container used to be Running',
      startedAt: null,
      finishedAt: null,
    },
  },
  ready: false,
  restartCount: 0,
  imageID: '',
});

export interface StatusParts {
  readonly phase?: string;
  /** PodScheduled. */
  readonly scheduled?: boolean;
  readonly startTime?: number;
  readonly podIP?: string;
  /** The condition Ready: its status and the second of its last transition. */
  readonly ready?: readonly [status: string, second: number];
  readonly containers?: Readonly<Record<string, RawContainerStatus>>;
  readonly initContainers?: Readonly<Record<string, RawContainerStatus>>;
  readonly reason?: string;
  readonly message?: string;
  readonly disruption?: string;
  /** deletionTimestamp is `askedSecond` and the grace period. */
  readonly deletion?: { readonly askedSecond: number; readonly graceSeconds: number };
}

const named = (statuses: Readonly<Record<string, RawContainerStatus>>): readonly Raw[] =>
  // The kubelet sorts them by name.
  Object.entries(statuses)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, status]) => ({ name, ...status }));

/** The pod with this status, as its next version. */
export function withStatus(pod: Raw, parts: StatusParts): Raw {
  const { deletion } = parts;
  const conditions: Raw[] = [];
  if (parts.ready !== undefined) {
    conditions.push({ type: 'Ready', status: parts.ready[0], lastTransitionTime: stamp(parts.ready[1]) });
  }
  if (parts.scheduled !== undefined) {
    conditions.push({ type: 'PodScheduled', status: parts.scheduled ? 'True' : 'False', lastTransitionTime: stamp(0) });
  }
  if (parts.disruption !== undefined) {
    conditions.push({ type: 'DisruptionTarget', status: 'True', reason: parts.disruption });
  }
  return {
    ...pod,
    metadata: {
      ...(pod['metadata'] as Raw), // every pod here has its metadata
      ...(deletion === undefined
        ? {}
        : {
            deletionTimestamp: stamp(deletion.askedSecond + deletion.graceSeconds),
            deletionGracePeriodSeconds: deletion.graceSeconds,
          }),
    },
    status: {
      phase: parts.phase ?? 'Pending',
      ...(conditions.length === 0 ? {} : { conditions }),
      ...(parts.startTime === undefined ? {} : { startTime: stamp(parts.startTime) }),
      ...(parts.podIP === undefined ? {} : { podIP: parts.podIP, podIPs: [{ ip: parts.podIP }] }),
      ...(parts.reason === undefined ? {} : { reason: parts.reason }),
      ...(parts.message === undefined ? {} : { message: parts.message }),
      ...(parts.containers === undefined ? {} : { containerStatuses: named(parts.containers) }),
      ...(parts.initContainers === undefined ? {} : { initContainerStatuses: named(parts.initContainers) }),
      qosClass: 'BestEffort',
    },
  };
}

export interface EventParts {
  readonly reason: string;
  readonly message: string;
  /** By its Kubernetes name. */
  readonly container?: string;
  readonly firstSecond: number;
  /** Of an aggregated Event; else the first. */
  readonly lastSecond?: number;
  readonly count?: number;
  readonly podName?: string;
  readonly podUid?: string;
}

/** An Event of the kubelet about the pod. */
export const podEvent = (parts: EventParts): Raw => ({
  kind: 'Event',
  apiVersion: 'v1',
  metadata: {
    name: `${parts.podName ?? TASK_ID}.18ea90765d2234f3`,
    namespace: 'default-us-east-1',
    creationTimestamp: stamp(parts.firstSecond),
  },
  involvedObject: {
    kind: 'Pod',
    namespace: 'default-us-east-1',
    name: parts.podName ?? TASK_ID,
    uid: parts.podUid ?? POD_UID,
    ...(parts.container === undefined ? {} : { fieldPath: `spec.containers{${parts.container}}` }),
  },
  reason: parts.reason,
  message: parts.message,
  source: { component: 'kubelet', host: 'node-1' },
  firstTimestamp: stamp(parts.firstSecond),
  lastTimestamp: stamp(parts.lastSecond ?? parts.firstSecond),
  count: parts.count ?? 1,
  type: 'Normal',
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
});

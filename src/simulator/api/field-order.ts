/**
 * Owns the order of fields on the wire. Go marshals a struct in the order of its fields and a map sorted by key;
 * clients may not rely on it, but one that skips over what it does not read must see the real order here too.
 */

/** A field, and the type of its value (or of its elements) where that has an order of its own. */
type Field = string | readonly [name: string, type: string];

const METADATA: readonly Field[] = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  ['labels', 'Map'],
  ['annotations', 'Map'],
  ['ownerReferences', 'OwnerReference'],
  'finalizers',
  'managedFields',
];

const TYPES: Readonly<Record<string, readonly Field[]>> = {
  Pod: ['kind', 'apiVersion', ['metadata', 'Metadata'], ['spec', 'PodSpec'], ['status', 'PodStatus']],
  Deployment: [
    'kind',
    'apiVersion',
    ['metadata', 'Metadata'],
    ['spec', 'DeploymentSpec'],
    ['status', 'DeploymentStatus'],
  ],
  ReplicaSet: [
    'kind',
    'apiVersion',
    ['metadata', 'Metadata'],
    ['spec', 'ReplicaSetSpec'],
    ['status', 'ReplicaSetStatus'],
  ],
  Node: ['kind', 'apiVersion', ['metadata', 'Metadata'], ['spec', 'NodeSpec'], ['status', 'NodeStatus']],
  Namespace: ['kind', 'apiVersion', ['metadata', 'Metadata'], 'spec', 'status'],
  Lease: ['kind', 'apiVersion', ['metadata', 'Metadata'], ['spec', 'LeaseSpec']],
  Event: [
    'kind',
    'apiVersion',
    ['metadata', 'Metadata'],
    ['involvedObject', 'ObjectReference'],
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'type',
    'eventTime',
    'series',
    'action',
    ['related', 'ObjectReference'],
    'reportingComponent',
    'reportingInstance',
  ],
  Metadata: METADATA,
  TemplateMetadata: METADATA,
  OwnerReference: ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'],
  ObjectReference: ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'],
  LabelSelector: [['matchLabels', 'Map'], 'matchExpressions'],
  Template: [
    ['metadata', 'TemplateMetadata'],
    ['spec', 'PodSpec'],
  ],
  PodSpec: [
    ['volumes', 'Volume'],
    ['initContainers', 'Container'],
    ['containers', 'Container'],
    'ephemeralContainers',
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'activeDeadlineSeconds',
    'dnsPolicy',
    ['nodeSelector', 'Map'],
    'serviceAccountName',
    'serviceAccount',
    'automountServiceAccountToken',
    'nodeName',
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'shareProcessNamespace',
    'securityContext',
    'imagePullSecrets',
    'hostname',
    'subdomain',
    'affinity',
    'schedulerName',
    ['tolerations', 'Toleration'],
    'hostAliases',
    'priorityClassName',
    'priority',
    'dnsConfig',
    'readinessGates',
    'runtimeClassName',
    'enableServiceLinks',
    'preemptionPolicy',
    'overhead',
    'topologySpreadConstraints',
  ],
  Volume: ['name'],
  Toleration: ['key', 'operator', 'value', 'effect', 'tolerationSeconds'],
  Container: [
    'name',
    'image',
    'command',
    'args',
    'workingDir',
    ['ports', 'ContainerPort'],
    'envFrom',
    ['env', 'EnvVar'],
    ['resources', 'Resources'],
    'restartPolicy',
    ['volumeMounts', 'VolumeMount'],
    'volumeDevices',
    ['livenessProbe', 'Probe'],
    ['readinessProbe', 'Probe'],
    ['startupProbe', 'Probe'],
    'lifecycle',
    'terminationMessagePath',
    'terminationMessagePolicy',
    'imagePullPolicy',
    'securityContext',
    'stdin',
    'stdinOnce',
    'tty',
  ],
  ContainerPort: ['name', 'hostPort', 'containerPort', 'protocol', 'hostIP'],
  EnvVar: ['name', 'value', 'valueFrom'],
  Resources: [
    ['limits', 'Map'],
    ['requests', 'Map'],
  ],
  VolumeMount: ['name', 'readOnly', 'mountPath', 'subPath'],
  Probe: [
    'exec',
    'httpGet',
    'tcpSocket',
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ],
  PodStatus: [
    'phase',
    ['conditions', 'PodCondition'],
    'message',
    'reason',
    'nominatedNodeName',
    'hostIP',
    'podIP',
    'podIPs',
    'startTime',
    ['initContainerStatuses', 'ContainerStatus'],
    ['containerStatuses', 'ContainerStatus'],
    'qosClass',
  ],
  PodCondition: ['type', 'status', 'lastProbeTime', 'lastTransitionTime', 'reason', 'message'],
  ContainerStatus: [
    'name',
    ['state', 'ContainerState'],
    ['lastState', 'ContainerState'],
    'ready',
    'restartCount',
    'image',
    'imageID',
    'containerID',
    'started',
  ],
  ContainerState: ['waiting', 'running', ['terminated', 'ContainerTerminated']],
  ContainerTerminated: ['exitCode', 'signal', 'reason', 'message', 'startedAt', 'finishedAt', 'containerID'],
  DeploymentSpec: [
    'replicas',
    ['selector', 'LabelSelector'],
    ['template', 'Template'],
    ['strategy', 'Strategy'],
    'minReadySeconds',
    'revisionHistoryLimit',
    'paused',
    'progressDeadlineSeconds',
  ],
  Strategy: ['type', ['rollingUpdate', 'RollingUpdate']],
  RollingUpdate: ['maxUnavailable', 'maxSurge'],
  DeploymentStatus: [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    ['conditions', 'WorkloadCondition'],
    'collisionCount',
  ],
  WorkloadCondition: ['type', 'status', 'lastUpdateTime', 'lastTransitionTime', 'reason', 'message'],
  ReplicaSetSpec: ['replicas', 'minReadySeconds', ['selector', 'LabelSelector'], ['template', 'Template']],
  ReplicaSetStatus: [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    ['conditions', 'WorkloadCondition'],
  ],
  NodeSpec: ['podCIDR', 'podCIDRs', 'providerID', 'unschedulable', 'taints'],
  NodeStatus: [['capacity', 'Map'], ['allocatable', 'Map'], 'phase', 'conditions', 'addresses'],
  LeaseSpec: ['holderIdentity', 'leaseDurationSeconds', 'acquireTime', 'renewTime', 'leaseTransitions'],
};

/** Fields whose `null` is on the wire; every other `null` means "not set", and goes. */
const KEPT_NULLS: ReadonlySet<string> = new Set([
  'lastProbeTime',
  'lastTransitionTime',
  'firstTimestamp',
  'lastTimestamp',
  'eventTime',
  'startedAt',
  'finishedAt',
]);

/**
 * The same value with its fields in Kubernetes' order and without fields that are `null` or `undefined`.
 * Fields that this table does not know come after those that it knows, as they stood. The argument is not changed.
 *
 * @param type a type of the table above; the kind of an object, usually.
 */
export function inOrder<T>(value: T, type: string): T {
  // The walk keeps the shape of what it is given: it moves and drops keys, and touches no value.
  return order(value, type) as T;
}

/** The table with every field as a pair, for the walk goes over it for each object that is written. */
const FIELDS: ReadonlyMap<string, readonly (readonly [name: string, type: string])[]> = new Map(
  Object.entries(TYPES).map(([type, fields]) => [
    type,
    fields.map((field) => (typeof field === 'string' ? ([field, ''] as const) : field)),
  ]),
);

function order(value: unknown, type: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => order(element, type));
  const source = value as Readonly<Record<string, unknown>>; // an object, read by name
  const result: Record<string, unknown> = {};
  const names = Object.keys(source);
  if (type === 'Map') {
    for (const name of names.sort()) result[name] = source[name];
    return result;
  }
  const known = FIELDS.get(type) ?? [];
  let found = 0;
  for (const [name, fieldType] of known) {
    if (name in source) {
      found++;
      put(result, name, source[name], fieldType);
    }
    // In a template the creation time is always there, and always null.
    if (type === 'TemplateMetadata' && name === 'creationTimestamp') result[name] = null;
  }
  if (found === names.length) return result;
  const listed = new Set(known.map(([name]) => name));
  for (const name of names) if (!listed.has(name)) put(result, name, source[name], '');
  return result;
}

function put(result: Record<string, unknown>, name: string, value: unknown, type: string): void {
  if (value === undefined || (value === null && !KEPT_NULLS.has(name))) return;
  result[name] = order(value, type);
}

/** Only the metadata in order: for changes made by the simulator itself, whose other parts are in order already. */
export function metadataInOrder<T extends object>(metadata: T): T {
  const source = metadata as Readonly<Record<string, unknown>>; // read by name only
  const result: Record<string, unknown> = {};
  for (const field of METADATA) {
    const name = typeof field === 'string' ? field : field[0];
    const value = source[name];
    if (value !== undefined) result[name] = value;
  }
  return result as T; // the same fields, in another order
}

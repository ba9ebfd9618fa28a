/**
 * Owns who a pod is in ECS: KECS's two label dialects, ARNs and ids. Nothing else in ecstate reads labels or annotations.
 *
 * The dialects: `kecs.dev/*` on RunTask pods and on pods of services, `kecs.io/*` on pods of task sets. A RunTask pod carries
 * its ARN; a service's pod carries its service's ARN and, where KECS's webhook was up, a task id; every pod of a task set carries the same
 * made-up task ARN, which names nobody.
 */
import type { LaunchType, NetworkMode, TaskIdentity } from '../../machines/task/task.types.js';
import { clusterArn, parseArn, serviceArn, taskArn, taskDefinitionArn, taskIdFromPodName } from './arn.js';
import type { ArnDefaults } from './arn.js';
import { containerDefinitions, taskResources } from './containers.js';
import { MalformedObjectError, array, instant, object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** The label selectors that find KECS's objects, one for each dialect. */
export const POD_SELECTORS = { kecs: 'kecs.dev/managed-by=kecs', taskSet: 'kecs.io/role=taskset-pod' } as const;

/** A tag of the task, as KECS writes it on the pod: `tag.<key>`. */
const TAG_PREFIX = 'tag.';
/**
 * The end of a namespace that KECS makes: `<cluster>-<region>`. A region is a place, the partition where it is not the ordinary one, a
 * direction and a number (us-east-1, us-gov-west-1, ap-southeast-2, eu-isoe-west-1, eusc-de-east-1); a cluster's name may look much like it.
 */
const REGION_SUFFIX =
  /-((?:[a-z]{2}(?:-gov|-iso[a-z]?)?|eusc-[a-z]{2})-(?:central|east|west|north(?:east|west)?|south(?:east|west)?)-\d)$/;

/** The region that a namespace's name ends with, and the cluster before it. */
export function namespaceParts(namespace: string): { readonly cluster: string; readonly region: string | undefined } {
  const match = REGION_SUFFIX.exec(namespace);
  if (match === null) return { cluster: namespace, region: undefined };
  return { cluster: namespace.slice(0, match.index), region: match[1] };
}

/**
 * Who the pod is. `pod` is the raw object with its whole specification.
 *
 * @throws MalformedObjectError when it has no name, namespace, uid, creation time or containers.
 */
export function observeIdentity(pod: RawObject, defaults: ArnDefaults): TaskIdentity {
  const metadata = object(pod['metadata']);
  const labels = object(metadata['labels']);
  const annotations = object(metadata['annotations']);
  const spec = object(pod['spec']);
  const podName = required(metadata['name'], 'metadata.name');
  const namespace = required(metadata['namespace'], 'metadata.namespace');
  const podUid = required(metadata['uid'], 'metadata.uid');
  const createdAt = instant(metadata['creationTimestamp']);
  if (createdAt === undefined) throw new MalformedObjectError('pod', 'metadata.creationTimestamp');
  const containers = containerDefinitions(spec, annotations);
  if (containers.length === 0) throw new MalformedObjectError('pod', 'spec.containers');

  const taskSetId = string(labels['kecs.io/taskset']);
  const named = taskSetId === undefined ? parseArn(string(annotations['kecs.dev/task-arn'])) : undefined;
  const ofService = string(annotations['kecs.dev/service-arn']) ?? string(annotations['kecs.io/service-arn']);
  const ofDefinition =
    string(annotations['kecs.dev/task-definition-arn']) ??
    string(annotations['kecs.dev/task-definition']) ??
    string(annotations['kecs.io/task-definition']);
  const hint =
    named ?? parseArn(ofService) ?? parseArn(string(annotations['kecs.dev/task-arn'])) ?? parseArn(ofDefinition);
  const parts = namespaceParts(namespace);
  const where: ArnDefaults = {
    region: hint?.region ?? parts.region ?? defaults.region,
    accountId: hint?.accountId ?? defaults.accountId,
  };

  const clusterName =
    string(labels['kecs.dev/cluster']) ??
    string(labels['kecs.io/cluster']) ??
    (named?.type === 'task' || parseArn(ofService)?.type === 'service' ? hint?.name.split('/')[0] : undefined) ??
    parts.cluster;
  const serviceName =
    string(labels['kecs.dev/service']) ??
    string(labels['kecs.io/service']) ??
    parseArn(ofService)?.name.split('/').at(-1);
  const family =
    string(labels['kecs.dev/task-family']) ??
    string(labels['ecs.task.definition.family']) ??
    parseArn(ofDefinition)?.name.split(':')[0];
  const revision = string(labels['kecs.dev/task-revision']);
  const definitionArn =
    ofDefinition !== undefined && parseArn(ofDefinition) === undefined && /^[^:/]+:\d+$/.test(ofDefinition)
      ? taskDefinitionArn(where, ofDefinition.split(':')[0] ?? '', ofDefinition.split(':')[1] ?? '')
      : (ofDefinition ??
        (family !== undefined && revision !== undefined ? taskDefinitionArn(where, family, revision) : undefined));

  const taskId =
    (named?.type === 'task' ? named.name.split('/').at(-1) : undefined) ??
    string(labels['kecs.dev/task-id']) ??
    taskIdFromPodName(podName);
  const launchType = launchTypeOf(string(labels['kecs.dev/launch-type']) ?? string(annotations['kecs.io/launch-type']));
  const replicaSet = ownerOf(metadata, 'ReplicaSet');
  const resources = taskResources(spec, annotations);
  const subnets = string(annotations['ecs.amazonaws.com/subnets'])?.split(',')[0];
  const resolvedFamily = family ?? definitionArn?.split('/').at(-1)?.split(':')[0];

  return {
    taskArn:
      named?.type === 'task' ? (string(annotations['kecs.dev/task-arn']) ?? '') : taskArn(where, clusterName, taskId),
    taskId,
    clusterArn: clusterArn(where, clusterName),
    clusterName,
    ...(definitionArn === undefined ? {} : { taskDefinitionArn: definitionArn }),
    ...(resolvedFamily === undefined ? {} : { family: resolvedFamily }),
    group: serviceName === undefined ? `family:${resolvedFamily ?? podName}` : `service:${serviceName}`,
    // A service's task is started by a deployment, which its service knows; a task set's by the task set.
    ...(taskSetId === undefined ? {} : { startedBy: taskSetId }),
    launchType,
    ...(serviceName === undefined
      ? {}
      : { serviceName, serviceArn: ofService ?? serviceArn(where, clusterName, serviceName) }),
    ...(taskSetId === undefined ? {} : { taskSetId }),
    ...(replicaSet === undefined ? {} : { replicaSet }),
    namespace,
    podName,
    podUid,
    createdAt,
    ...resources,
    networkMode: networkModeOf(spec, annotations, launchType),
    ...(subnets === undefined ? {} : { subnetId: subnets }),
    hasRegistrations: hasRegistrations(labels, annotations),
    tags: Object.entries(labels).flatMap(([key, value]) =>
      key.startsWith(TAG_PREFIX) && typeof value === 'string' ? [{ key: key.slice(TAG_PREFIX.length), value }] : [],
    ),
    containers,
  };
}

function required(value: unknown, path: string): string {
  const text = string(value);
  if (text === undefined) throw new MalformedObjectError('pod', path);
  return text;
}

function ownerOf(metadata: RawObject, kind: string): { readonly uid: string; readonly name: string } | undefined {
  for (const entry of array(metadata['ownerReferences'])) {
    const owner = object(entry);
    const uid = string(owner['uid']);
    const name = string(owner['name']);
    if (owner['kind'] === kind && uid !== undefined && name !== undefined) return { uid, name };
  }
  return undefined;
}

export const launchTypeOf = (value: string | undefined): LaunchType =>
  value === 'FARGATE' || value === 'EXTERNAL' ? value : 'EC2';

function networkModeOf(spec: RawObject, annotations: RawObject, launchType: LaunchType): NetworkMode {
  const mode = annotations['ecs.amazonaws.com/network-mode'];
  if (mode === 'awsvpc' || mode === 'bridge' || mode === 'host' || mode === 'none') return mode;
  if (spec['hostNetwork'] === true) return 'host';
  return launchType === 'FARGATE' ? 'awsvpc' : 'bridge';
}

/** KECS writes `null` where a service has no registries (KECS, service_converter.go). */
function hasRegistrations(labels: RawObject, annotations: RawObject): boolean {
  const registries = string(annotations['kecs.dev/service-registries']);
  return (
    labels['kecs.io/elbv2-target-group-name'] !== undefined ||
    labels['kecs.io/load-balancer-enabled'] === 'true' ||
    labels['kecs.io/service-discovery-enabled'] === 'true' ||
    (registries !== undefined && registries !== 'null' && registries !== '[]')
  );
}

/**
 * Owns what one look at a Deployment or a ReplicaSet says. Pure. Counters that are 0 are absent on the wire.
 */
import type { DeploymentFacts, ReplicaSetFacts, TaskSetFacts } from '../../machines/service/service.types.js';
import { sha256 } from './hash.js';
import { MalformedObjectError, array, instant, number, object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** Where the Deployment controller writes the revision of a ReplicaSet. */
const REVISION = 'deployment.kubernetes.io/revision';
/** The label by which Kubernetes tells the ReplicaSets of a Deployment apart: it adds it to their template. */
const TEMPLATE_HASH = 'pod-template-hash';

const uidOf = (kind: string, metadata: RawObject): string => {
  const uid = string(metadata['uid']);
  if (uid === undefined) throw new MalformedObjectError(kind, 'metadata.uid');
  return uid;
};

/** @throws MalformedObjectError when it has no uid or creation time. */
export function observeDeployment(deployment: RawObject): DeploymentFacts {
  const metadata = object(deployment['metadata']);
  const spec = object(deployment['spec']);
  const status = object(deployment['status']);
  const createdAt = instant(metadata['creationTimestamp']);
  if (createdAt === undefined) throw new MalformedObjectError('Deployment', 'metadata.creationTimestamp');
  const conditions = new Map(array(status['conditions']).map((entry) => [object(entry)['type'], object(entry)]));
  const progress = string(conditions.get('Progressing')?.['reason']);
  const deletedAt = instant(metadata['deletionTimestamp']);
  const taskDefinitionArn = taskDefinitionOf(spec, metadata);
  return {
    uid: uidOf('Deployment', metadata),
    createdAt,
    generation: number(metadata['generation']) ?? 0,
    observedGeneration: number(status['observedGeneration']) ?? 0,
    ...(deletedAt === undefined
      ? {}
      : { deletionRequestedAt: deletedAt - (number(metadata['deletionGracePeriodSeconds']) ?? 0) * 1000 }),
    desired: number(spec['replicas']) ?? 1,
    total: number(status['replicas']) ?? 0,
    ready: number(status['readyReplicas']) ?? 0,
    updated: number(status['updatedReplicas']) ?? 0,
    available: conditions.get('Available')?.['status'] === 'True',
    ...(progress === undefined ? {} : { progress }),
    template: templateDigest(spec['template']),
    ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }),
  };
}

/** @throws MalformedObjectError when it has no uid or name. */
export function observeReplicaSet(replicaSet: RawObject): ReplicaSetFacts {
  const metadata = object(replicaSet['metadata']);
  const spec = object(replicaSet['spec']);
  const status = object(replicaSet['status']);
  const name = string(metadata['name']);
  if (name === undefined) throw new MalformedObjectError('ReplicaSet', 'metadata.name');
  const taskDefinitionArn = taskDefinitionOf(spec, metadata);
  return {
    uid: uidOf('ReplicaSet', metadata),
    name,
    owned: array(metadata['ownerReferences']).some((owner) => object(owner)['kind'] === 'Deployment'),
    revision: Number(string(object(metadata['annotations'])[REVISION]) ?? 0),
    desired: number(spec['replicas']) ?? 1,
    total: number(status['replicas']) ?? 0,
    ready: number(status['readyReplicas']) ?? 0,
    template: templateDigest(spec['template']),
    ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }),
  };
}

/** Of the template where it says so: a ReplicaSet keeps that of its own revision. */
function taskDefinitionOf(spec: RawObject, metadata: RawObject): string | undefined {
  const template = object(object(object(spec['template'])['metadata'])['annotations']);
  const own = object(metadata['annotations']);
  return (
    string(template['kecs.dev/task-definition']) ??
    string(template['kecs.dev/task-definition-arn']) ??
    string(own['kecs.dev/task-definition']) ??
    string(own['kecs.io/task-definition'])
  );
}

/**
 * The same for templates that are the same: Kubernetes compares them without the hash that it adds itself
 * (pkg/controller/deployment/util, EqualIgnoreHash).
 */
function templateDigest(template: unknown): string {
  return sha256(canonical(template, [])).toString('hex').slice(0, 16);
}

function canonical(value: unknown, path: readonly string[]): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry, [])).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([key, entry]) => entry !== null && !(key === TEMPLATE_HASH && path.join('.') === 'metadata.labels'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry, [...path, key])}`).join()}}`;
}

/** The task set whose Deployment this is (KECS, taskset_converter.go); undefined when it has no id. */
export function observeTaskSet(deployment: RawObject): TaskSetFacts | undefined {
  const metadata = object(deployment['metadata']);
  const labels = object(metadata['labels']);
  const annotations = object(metadata['annotations']);
  const id = string(labels['kecs.io/taskset']);
  if (id === undefined) return undefined;
  const { uid, createdAt, desired, total, ready } = observeDeployment(deployment);
  const externalId = string(labels['kecs.io/taskset-external-id']);
  const taskDefinitionArn = string(annotations['kecs.io/task-definition']);
  return {
    id,
    arn: string(annotations['kecs.io/taskset-arn']) ?? '',
    uid,
    ...(externalId === undefined ? {} : { externalId }),
    primary: labels['kecs.io/primary'] === 'true',
    createdAt,
    desired,
    total,
    ready,
    ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }),
  };
}

/**
 * Owns the Deployments, ReplicaSets and pods of one service, `web` of cluster `default`, as KECS and Kubernetes write them.
 */

export type Raw = Record<string, unknown>;

const SERVICE_ARN = 'arn:aws:ecs:us-east-1:000000000000:service/default/web';
const NAMESPACE = 'default-us-east-1';
export const DEPLOYMENT_UID = 'deployment-uid';

const labels = { app: 'web', 'kecs.dev/service': 'web', 'kecs.dev/cluster': 'default', 'kecs.dev/managed-by': 'kecs' };

/** 2026-01-01T00:00:00Z and so many seconds, as Kubernetes writes it. */
export const stamp = (second: number): string =>
  new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString().replace('.000', '');
/** The same in epoch milliseconds. */
export const millis = (second: number): number => Date.UTC(2026, 0, 1) + second * 1000;

const annotations = (revision: number): Raw => ({
  'kecs.dev/service-arn': SERVICE_ARN,
  'kecs.dev/task-definition': `arn:aws:ecs:us-east-1:000000000000:task-definition/web:${revision}`,
});

const template = (revision: number, extra: Raw = {}): Raw => ({
  metadata: { labels: { ...labels, ...extra }, annotations: annotations(revision) },
  spec: { containers: [{ name: 'web', image: `web:v${revision}` }], restartPolicy: 'Always' },
});

export interface DeploymentParts {
  readonly revision?: number;
  readonly replicas?: number;
  readonly generation?: number;
  readonly observed?: number;
  readonly total?: number;
  readonly ready?: number;
  readonly updated?: number;
  readonly available?: boolean;
  readonly progress?: string;
  readonly deleted?: number;
  readonly created?: number;
}

export function deployment(parts: DeploymentParts = {}): Raw {
  const {
    revision = 1,
    replicas = 3,
    generation = 1,
    observed = generation,
    total = 0,
    ready = 0,
    updated = total,
  } = parts;
  const conditions: Raw[] = [];
  if (parts.available !== undefined) conditions.push({ type: 'Available', status: parts.available ? 'True' : 'False' });
  if (parts.progress !== undefined) conditions.push({ type: 'Progressing', status: 'True', reason: parts.progress });
  return {
    metadata: {
      name: 'web',
      namespace: NAMESPACE,
      uid: DEPLOYMENT_UID,
      resourceVersion: '1',
      generation,
      creationTimestamp: stamp(parts.created ?? 0),
      labels,
      annotations: annotations(revision),
      ...(parts.deleted === undefined
        ? {}
        : { deletionTimestamp: stamp(parts.deleted), deletionGracePeriodSeconds: 0 }),
    },
    spec: { replicas, template: template(revision) },
    // Kubernetes leaves out what is 0.
    status: {
      ...(observed === 0 ? {} : { observedGeneration: observed }),
      ...(total === 0 ? {} : { replicas: total }),
      ...(ready === 0 ? {} : { readyReplicas: ready }),
      ...(updated === 0 ? {} : { updatedReplicas: updated }),
      conditions,
    },
  };
}

export interface ReplicaSetParts {
  /** Of the template. */
  readonly of: number;
  /** That the Deployment controller wrote; the template's by default. */
  readonly revision?: number;
  readonly desired?: number;
  readonly total?: number;
  readonly ready?: number;
  readonly owned?: boolean;
}

export function replicaSet({
  of,
  revision = of,
  desired = 3,
  total = 0,
  ready = 0,
  owned = true,
}: ReplicaSetParts): Raw {
  return {
    metadata: {
      name: `web-${of}`,
      namespace: NAMESPACE,
      uid: `replicaset-${of}`,
      resourceVersion: '1',
      labels: { ...labels, 'pod-template-hash': `hash${of}` },
      annotations: { ...annotations(of), 'deployment.kubernetes.io/revision': String(revision) },
      ownerReferences: owned ? [{ kind: 'Deployment', name: 'web', uid: DEPLOYMENT_UID }] : [],
    },
    spec: { replicas: desired, template: template(of, { 'pod-template-hash': `hash${of}` }) },
    status: { replicas: total, ...(ready === 0 ? {} : { readyReplicas: ready }) },
  };
}

export type PodStage =
  'created' | 'creating' | 'started' | 'ready' | 'unready' | 'crashed' | 'pullFails' | 'terminating';

/** A pod of the ReplicaSet of this revision, in one stage of its life. The container has a readiness probe. */
export function pod(name: string, of: number, stage: PodStage, second = 1): Raw {
  const started = stage === 'started' || stage === 'ready' || stage === 'unready' || stage === 'terminating';
  const ready = stage === 'ready' || stage === 'terminating';
  const state: Raw = started
    ? { running: { startedAt: stamp(second + 1) } }
    : stage === 'crashed'
      ? { terminated: { exitCode: 1, reason: 'Error', startedAt: stamp(second + 1), finishedAt: stamp(second + 2) } }
      : { waiting: { reason: stage === 'pullFails' ? 'ErrImagePull' : 'ContainerCreating' } };
  return {
    metadata: {
      name: `web-${of}-${name}`,
      namespace: NAMESPACE,
      uid: `pod-${name}`,
      resourceVersion: `${name}-${stage}`,
      creationTimestamp: stamp(second),
      labels: { ...labels, 'kecs.dev/launch-type': 'EC2', 'kecs.dev/task-id': taskIdOf(name) },
      annotations: annotations(of),
      ownerReferences: [{ kind: 'ReplicaSet', name: `web-${of}`, uid: `replicaset-${of}` }],
      ...(stage === 'terminating' ? { deletionTimestamp: stamp(second + 60), deletionGracePeriodSeconds: 30 } : {}),
    },
    spec: { restartPolicy: 'Always', containers: [{ name: 'web', image: `web:v${of}`, readinessProbe: {} }] },
    status:
      stage === 'created'
        ? { phase: 'Pending' }
        : {
            phase: started || stage === 'crashed' ? 'Running' : 'Pending',
            startTime: stamp(second),
            conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: stamp(second + 2) }],
            containerStatuses: [{ name: 'web', ready, restartCount: 0, state, lastState: {} }],
          },
  };
}

/** 32 hex digits. */
export const taskIdOf = (name: string): string => Buffer.from(name).toString('hex').padStart(32, '0');

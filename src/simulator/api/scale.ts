/** Owns the `scale` subresource of Deployments and ReplicaSets: how many replicas, as an object of its own. */
import type { Deployment, KubeObject, ReplicaSet } from '../objects.js';
import { selectorText } from './selectors.js';
import { badRequest } from './status.js';

/** The `Scale` object of a workload. */
export function scaleOf(object: KubeObject): object {
  const { metadata, spec, status } = object as Deployment | ReplicaSet; // only these have the subresource
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas },
    status: { replicas: status.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}

/**
 * The workload with the replicas of a `Scale` object.
 *
 * @throws ApiError 400 when that has no number of replicas.
 */
export function withScale(object: KubeObject, scale: unknown): KubeObject {
  if (typeof scale !== 'object' || scale === null) throw badRequest('the body of the request must be a Scale');
  // A JSON object, read by name.
  const { spec, metadata } = scale as { spec?: { replicas?: unknown }; metadata?: { resourceVersion?: string } };
  const replicas = spec?.replicas ?? 0;
  if (typeof replicas !== 'number') throw badRequest('spec.replicas of a Scale must be a number');
  const resourceVersion = metadata?.resourceVersion ?? object.metadata.resourceVersion;
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion },
    spec: { ...(object as Deployment | ReplicaSet).spec, replicas },
  };
}

/** Owns which parts of an object its writers own: what `managedFields` speak of. */
import type { KubeObject, Pod } from '../objects.js';
import type { Resource } from '../resources.js';
import { PODS } from '../resources.js';

/** What managedFields speak of: not the identity, and of the status what its writers own. */
export function ownedParts(object: KubeObject): object {
  const { labels, annotations, generateName, ownerReferences, finalizers } = object.metadata;
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...parts } = object;
  const metadata = { annotations, finalizers, generateName, labels, ownerReferences };
  const named = Object.values(metadata).some((value) => value !== undefined);
  return {
    metadata: named ? metadata : undefined,
    ...parts,
    status: object.kind === PODS.kind ? undefined : parts.status,
  };
}

/** What of a status is there before its first writer says anything, so that he does not own it. */
export function initialStatus(resource: Resource, manager: string): object | undefined {
  if (resource.kind === 'ReplicaSet') return { replicas: 0 };
  return manager === 'kubelet' ? { phase: 'Pending', conditions: [] } : undefined;
}

/** The kubelet owns a pod's status but for the scheduler's condition and the class, which the API server wrote. */
export function ownedStatus(status: unknown, manager: string): unknown {
  if (manager === 'kube-controller-manager' || typeof status !== 'object' || status === null) return status;
  const { qosClass: _class, conditions, ...rest } = status as Pod['status']; // read by name, and only what is there
  const own = conditions?.filter((condition) => (condition.type === 'PodScheduled') === (manager === 'kube-scheduler'));
  return manager === 'kube-scheduler' ? { conditions: own } : { ...rest, conditions: own };
}

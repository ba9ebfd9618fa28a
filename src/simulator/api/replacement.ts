/** Owns how a version that a client sends becomes the next version of an object: what it may set, and what stays. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../objects.js';
import { inOrder } from './field-order.js';

/** The object as sent, with what a client cannot change. */
export function objectFrom(current: KubeObject, sent: KubeObject): KubeObject {
  const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds, managedFields } =
    current.metadata;
  return {
    ...sent,
    kind: current.kind,
    apiVersion: current.apiVersion,
    metadata: {
      ...sent.metadata,
      name: current.metadata.name,
      namespace: current.metadata.namespace,
      uid,
      resourceVersion: current.metadata.resourceVersion,
      creationTimestamp,
      generation,
      deletionTimestamp,
      deletionGracePeriodSeconds,
      managedFields,
    },
    ...(current.status === undefined ? {} : { status: current.status }),
  };
}

/** The current object with the status as sent. */
export function statusFrom(current: KubeObject, sent: KubeObject): KubeObject {
  const annotations = current.kind === 'Deployment' ? sent.metadata.annotations : current.metadata.annotations;
  return { ...current, metadata: { ...current.metadata, annotations }, status: sent.status };
}

/** Whether two versions are the same but for the order of their fields. */
export function sameContent(current: KubeObject, next: KubeObject): boolean {
  return isDeepStrictEqual(inOrder(current, current.kind), inOrder(next, current.kind));
}

/** Owns the list of kinds that the simulator serves, with what the API says of each in its discovery documents. */
import type { CoreEvent, Deployment, KubeObject, Lease, Namespace, Node, Pod, ReplicaSet } from './objects.js';

/** One served kind. `T` is the shape of its objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** The API group; empty for core. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Never present: it ties the table's entry to the type of its objects. */
  readonly objectType?: T;
}

export type Subresource = 'status' | 'scale' | 'eviction' | 'finalize';

function resource<T extends KubeObject>(
  fields: Pick<Resource<T>, 'group' | 'version' | 'plural' | 'kind'> & Partial<Resource<T>>,
): Resource<T> {
  return {
    singular: fields.kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: [],
    ...fields,
  };
}

export const PODS = resource<Pod>({
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['status', 'eviction'],
});
export const EVENTS = resource<CoreEvent>({
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  shortNames: ['ev'],
});
export const NODES = resource<Node>({
  group: '',
  version: 'v1',
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
  shortNames: ['no'],
  subresources: ['status'],
});
export const NAMESPACES = resource<Namespace>({
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
  shortNames: ['ns'],
  subresources: ['status', 'finalize'],
});
export const DEPLOYMENTS = resource<Deployment>({
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: ['status', 'scale'],
});
export const REPLICASETS = resource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: ['status', 'scale'],
});
export const LEASES = resource<Lease>({ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' });

/** Every kind served, in the order of discovery. */
export const RESOURCES: readonly Resource[] = [PODS, EVENTS, NODES, NAMESPACES, DEPLOYMENTS, REPLICASETS, LEASES];

/** The apiVersion of a resource's objects: `v1`, `apps/v1`. */
export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The name as it stands in messages: `pods`, `deployments.apps`. */
export function qualifiedPlural(resource: Pick<Resource, 'group' | 'plural'>): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find((entry) => entry.group === group && entry.version === version && entry.plural === plural);
}

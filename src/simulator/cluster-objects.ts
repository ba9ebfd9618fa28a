/** Owns the direct way to the cluster's objects, for tests, demos and load generators: the API without HTTP. */
import type { DeleteOptions } from './api/deletion.js';
import type { Deletion, Registry } from './api/registry.js';
import type { Change } from './api/storage.js';
import { keyOf } from './api/storage.js';
import type { KubeObject, ObjectMeta } from './objects.js';
import type { Resource } from './resources.js';
import { NAMESPACES } from './resources.js';

/** An object before the API server has completed it: metadata needs a name, the rest is as in a manifest. */
export type Manifest<T extends KubeObject> = Partial<Omit<T, 'metadata' | 'spec' | 'status'>> & {
  readonly metadata: Partial<ObjectMeta>;
  readonly spec?: object;
};

/** Who is shown to have written what was written here. */
const MANAGER = 'simulator';

export class ClusterObjects {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Creates an object, and its namespace where that is missing. @throws ApiError. */
  create<T extends KubeObject>(resource: Resource<T>, manifest: Manifest<T>): T {
    const { namespace } = manifest.metadata;
    if (namespace !== undefined) this.ensureNamespace(namespace);
    return this.#registry.create(resource, namespace, manifest, { manager: MANAGER });
  }

  /** @throws ApiError 404. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T {
    return this.#registry.get(resource, namespace, name);
  }

  find<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.#registry.storage.get(resource, keyOf(namespace, name));
  }

  /** All objects of a kind, or those of one namespace, ordered by namespace and name. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[] {
    const { storage } = this.#registry;
    const all = storage.listAt(resource, storage.revision) ?? [];
    return all.filter((object) => namespace === undefined || object.metadata.namespace === namespace);
  }

  /** Merges a JSON merge patch into an object. @throws ApiError. */
  patch<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string, patch: object): T {
    const type = 'application/merge-patch+json';
    return this.#registry.patch(resource, namespace, name, patch, type, { manager: MANAGER });
  }

  /** Replaces an object as a PUT does: what the manifest leaves out, goes. @throws ApiError. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    manifest: Manifest<T> & { readonly metadata: { readonly name: string } },
  ): T {
    const { namespace, name } = manifest.metadata;
    return this.#registry.update(resource, namespace, name, manifest, { manager: MANAGER });
  }

  /** Deletes an object as a client would. @throws ApiError 404 or 409. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): Deletion<T> {
    return this.#registry.delete(resource, namespace, name, options, { manager: MANAGER });
  }

  /**
   * Replaces a status and nothing else: no checks, no bookkeeping, one MODIFIED event. Made for load generators.
   * The fields must stand in Kubernetes' order. Returns nothing when the object is gone.
   */
  setStatus<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    status: T['status'],
  ): T | undefined {
    return this.#registry.setStatus(resource, keyOf(namespace, name), status);
  }

  /** Calls `listener` for each change of a kind, at once; the returned function ends that. */
  subscribe<T extends KubeObject>(resource: Resource<T>, listener: (change: Change<T>) => void): () => void {
    return this.#registry.storage.subscribe(resource, listener);
  }

  /** Makes sure that a namespace is there. */
  ensureNamespace(name: string): void {
    if (this.find(NAMESPACES, undefined, name) !== undefined) return;
    const labels = { 'kubernetes.io/metadata.name': name };
    this.#registry.create(NAMESPACES, undefined, { metadata: { name, labels } }, { manager: MANAGER });
  }
}

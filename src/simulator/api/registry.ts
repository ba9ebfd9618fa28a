/**
 * Owns what a write means: the life of an object from creation to removal, as the API server's strategies have it.
 * Everything that changes an object comes through here: the HTTP API, the controllers and the kubelet.
 *
 * Invariants:
 * 1. Only a change of the spec (or the start of a deletion) raises `generation`, and only of kinds that have one.
 * 2. A write of the object does not touch its status, and a write of the status touches nothing but that
 *    (a Deployment's annotations excepted: its controller writes the revision with the status, as a real one does).
 * 3. An object under deletion is gone as soon as nothing holds it: no finalizer, and for a pod a grace period of 0.
 */
import { isDeepStrictEqual } from 'node:util';
import { toTimestamp } from '../instants.js';
import type { KubeObject, ObjectMeta, Pod } from '../objects.js';
import type { Random } from '../random.js';
import type { Resource } from '../resources.js';
import { apiVersionOf, NAMESPACES, PODS } from '../resources.js';
import type { AdmissionHook } from './admission.js';
import { admitPod } from './admission.js';
import { withDefaults } from './defaults.js';
import type { DeleteOptions } from './deletion.js';
import { deleteObject, deletePod, isHeld } from './deletion.js';
import { inOrder, metadataInOrder } from './field-order.js';
import { changedFields, withManager, withStatusManager } from './managed-fields.js';
import { initialStatus, ownedParts, ownedStatus } from './ownership.js';
import { applyPatch } from './patch.js';
import { objectFrom, sameContent, statusFrom } from './replacement.js';
import type { Matcher } from './selectors.js';
import { alreadyExists, ApiError, badRequest, conflict, forbidden, modifiedMeanwhile, notFound } from './status.js';
import type { Storage } from './storage.js';
import { keyOf } from './storage.js';
import { asObject, requireParts, requireVersion, validateChange, validateNew } from './validation.js';

/** Who writes, and how. */
export interface Writer {
  /** The name that `managedFields` shows. */
  readonly manager: string;
  /** Check and answer, but store nothing. */
  readonly dryRun?: boolean;
}

export interface Deletion<T> {
  /** The last state, or the state under deletion. */
  readonly object: T;
  /** False while finalizers or a grace period hold the object. */
  readonly gone: boolean;
}

/** Kinds whose `generation` is kept. */
const WITH_GENERATION: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet']);
/** Kinds that a client cannot create with a status. */
const STATUS_FROM_CONTROLLERS: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'ReplicaSet', 'Namespace']);

export interface RegistryOptions {
  readonly storage: Storage;
  readonly now: () => number;
  readonly random: Random;
  readonly hooks: readonly AdmissionHook[];
}

export class Registry {
  readonly storage: Storage;
  readonly #now: () => number;
  readonly #random: Random;
  readonly #hooks: readonly AdmissionHook[];

  constructor(options: RegistryOptions) {
    this.storage = options.storage;
    this.#now = options.now;
    this.#random = options.random;
    this.#hooks = options.hooks;
  }

  /** @throws ApiError 404. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T {
    const object = this.storage.get(resource, keyOf(namespace, name));
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  /** Stores a new object. @throws ApiError 400, 403, 404 (its namespace), 409 or 422. */
  create<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, body: unknown, writer: Writer): T {
    const sent = asObject(resource, body);
    requireParts(resource, sent);
    const now = toTimestamp(this.#now());
    const draft: KubeObject = {
      ...sent,
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: this.#newMetadata(resource, namespace, sent.metadata, now),
      ...(STATUS_FROM_CONTROLLERS.has(resource.kind) ? { status: undefined } : {}),
    };
    this.#checkNamespace(resource, draft);
    const defaulted = withDefaults(draft);
    const fields = changedFields(undefined, ownedParts({ ...defaulted, status: undefined }));
    const managed = withManager(undefined, writer.manager, draft.apiVersion, now, fields);
    let admitted = withMetadata(defaulted, { managedFields: managed });
    if (resource.kind === 'Pod') admitted = admitPod(admitted as Pod, this.#random); // the kind says so
    for (const hook of this.#hooks) admitted = hook(resource, admitted);
    const object = inOrder(admitted, resource.kind);
    validateNew(resource, object);
    const { name } = object.metadata;
    if (this.storage.get(resource, keyOf(object.metadata.namespace, name)) !== undefined) {
      throw alreadyExists(resource, name);
    }
    // Made from the body of a request for this resource, and checked above.
    return this.#store(resource, object as T, writer);
  }

  /** Replaces an object, or its status. @throws ApiError 400, 404, 409 or 422. */
  update<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    body: unknown,
    writer: Writer,
    subresource?: 'status',
  ): T {
    const current = this.get(resource, namespace, name);
    const sent = asObject(resource, body);
    const given = sent.metadata.name ?? '';
    if (given !== '' && given !== name) {
      throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
    }
    requireVersion(resource, sent);
    return this.#replace(resource, current, sent, writer, subresource);
  }

  /** Changes an object, or its status, by a patch. @throws ApiError 400, 404, 409, 415 or 422. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    contentType: string,
    writer: Writer,
    subresource?: 'status',
  ): T {
    const current = this.get(resource, namespace, name);
    const patched = asObject(resource, applyPatch(current, patch, contentType));
    return this.#replace(resource, current, patched, writer, subresource);
  }

  /**
   * A controller's own write: `change` gets the latest version and returns the next one, whose parts are in order.
   * Returns nothing when the object is gone, or when `change` returns what it got.
   */
  write<T extends KubeObject>(
    resource: Resource<T>,
    key: string,
    manager: string,
    change: (current: T) => T,
  ): T | undefined {
    const current = this.storage.get(resource, key);
    if (current === undefined) return undefined;
    const next = change(current);
    if (next === current) return undefined;
    return this.#finish(resource, this.#stamp(resource, current, next, { manager }), { manager });
  }

  /** A controller's write of a status (and of nothing else). Returns nothing when the object is gone. */
  writeStatus<T extends KubeObject>(
    resource: Resource<T>,
    key: string,
    manager: string,
    status: T['status'],
  ): T | undefined {
    const current = this.storage.get(resource, key);
    if (current === undefined) return undefined;
    const time = toTimestamp(this.#now());
    const fields = changedFields(initialStatus(resource, manager), ownedStatus(status, manager));
    const managedFields = withStatusManager(current.metadata.managedFields, manager, current.apiVersion, time, fields);
    return this.storage.put(resource, withMetadata({ ...current, status }, { managedFields }));
  }

  /**
   * The quick way for a load generator: another status, and the rest of the object as it is, managedFields too.
   * Returns nothing when the object is gone.
   */
  setStatus<T extends KubeObject>(resource: Resource<T>, key: string, status: T['status']): T | undefined {
    const current = this.storage.get(resource, key);
    return current === undefined ? undefined : this.storage.put(resource, { ...current, status });
  }

  /** Deletes an object, at once or with grace. @throws ApiError 404 or 409. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
    writer: Writer,
  ): Deletion<T> {
    const current = this.get(resource, namespace, name);
    this.#checkPreconditions(resource, current, options);
    if (writer.dryRun === true) return { object: current, gone: true };
    if (isNamespace(resource)) return { object: this.#terminate(resource, current), gone: false };
    const step =
      resource.kind === PODS.kind
        ? deletePod(current as unknown as Pod, options, this.#now()) // the kind says so
        : deleteObject(current, options, this.#now(), WITH_GENERATION.has(resource.kind));
    const marked = step.mark === undefined ? current : this.storage.put(resource, withMetadata(current, step.mark));
    if (!step.gone) return { object: marked, gone: false };
    return { object: this.storage.remove(resource, keyOf(namespace, name)) ?? marked, gone: true };
  }

  /** Deletes every object of a namespace (or of all) that `matcher` meets. */
  deleteCollection<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    matcher: Matcher,
    options: DeleteOptions,
    writer: Writer,
  ): T[] {
    const chosen = [...this.storage.values(resource)].filter(
      (object) => (namespace === undefined || object.metadata.namespace === namespace) && matcher(object),
    );
    return chosen.map(
      (object) => this.delete(resource, object.metadata.namespace, object.metadata.name, options, writer).object,
    );
  }

  #newMetadata(resource: Resource, namespace: string | undefined, sent: ObjectMeta, now: string): ObjectMeta {
    const given = sent.namespace ?? '';
    if (resource.namespaced && given !== '' && namespace !== undefined && given !== namespace) {
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request (${given}, ${namespace})`,
      );
    }
    const generated = sent.generateName === undefined ? '' : `${sent.generateName}${this.#random.nameSuffix()}`;
    const name = sent.name === undefined || sent.name === '' ? generated : sent.name;
    if (name === '') {
      throw new ApiError(
        422,
        'Invalid',
        `${resource.kind} "" is invalid: metadata.name: Required value: name or generateName is required`,
      );
    }
    return {
      ...sent,
      name,
      namespace: resource.namespaced ? (namespace ?? (given === '' ? 'default' : given)) : undefined,
      uid: this.#random.uuid(),
      resourceVersion: '',
      generation: WITH_GENERATION.has(resource.kind) ? 1 : undefined,
      creationTimestamp: now,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
      managedFields: undefined,
    };
  }

  #checkNamespace(resource: Resource, object: KubeObject): void {
    const { name, namespace } = object.metadata;
    if (namespace === undefined) return;
    const found = this.storage.get(NAMESPACES, namespace);
    if (found === undefined) throw notFound(NAMESPACES, namespace);
    if (found.status.phase === 'Terminating') {
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(resource, name, why, [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ]);
    }
  }

  #checkPreconditions(resource: Resource, object: KubeObject, { preconditions }: DeleteOptions): void {
    const { name, uid, resourceVersion } = object.metadata;
    if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`,
      );
    }
    if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
      throw conflict(
        resource,
        name,
        `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
      );
    }
  }

  #replace<T extends KubeObject>(
    resource: Resource<T>,
    current: T,
    sent: KubeObject,
    writer: Writer,
    subresource: 'status' | undefined,
  ): T {
    const { name } = current.metadata;
    const { uid, resourceVersion } = sent.metadata;
    if (uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
      throw conflict(resource, name, why);
    }
    if (
      resourceVersion !== undefined &&
      resourceVersion !== '' &&
      resourceVersion !== current.metadata.resourceVersion
    ) {
      throw modifiedMeanwhile(resource, name);
    }
    const merged = subresource === 'status' ? statusFrom(current, sent) : objectFrom(current, sent);
    requireParts(resource, merged);
    const next = inOrder(withDefaults(merged), resource.kind);
    if (subresource === undefined) validateChange(resource, current, next);
    if (sameContent(current, next)) return current;
    // Made from an object of this resource, and checked above.
    return this.#finish(resource, this.#stamp(resource, current, next as T, writer), writer);
  }

  /** Raises the generation where the spec changed, and says who changed what. */
  #stamp<T extends KubeObject>(resource: Resource<T>, current: T, next: T, writer: Writer): T {
    const specChanged = next.spec !== current.spec && !isDeepStrictEqual(next.spec, current.spec);
    const generation =
      specChanged && WITH_GENERATION.has(resource.kind)
        ? (current.metadata.generation ?? 0) + 1
        : next.metadata.generation;
    const fields = changedFields(ownedParts(current), ownedParts(next));
    const entries = current.metadata.managedFields;
    const time = toTimestamp(this.#now());
    const managedFields = withManager(entries, writer.manager, current.apiVersion, time, fields);
    return withMetadata(next, { generation, managedFields });
  }

  /** Stores the next version, or removes the object when nothing holds it any more. */
  #finish<T extends KubeObject>(resource: Resource<T>, next: T, writer: Writer): T {
    const { deletionTimestamp, namespace, name } = next.metadata;
    const stays = deletionTimestamp === undefined || isHeld(next.metadata) || isNamespace(resource);
    if (stays || writer.dryRun === true) return this.#store(resource, next, writer);
    return this.storage.remove(resource, keyOf(namespace, name)) ?? next;
  }

  #store<T extends KubeObject>(resource: Resource<T>, object: T, writer: Writer): T {
    return writer.dryRun === true ? object : this.storage.put(resource, object);
  }

  /** A namespace is emptied first, by its controller. */
  #terminate<T extends KubeObject>(resource: Resource<T>, current: T): T {
    if (current.metadata.deletionTimestamp !== undefined) return current;
    const marked = withMetadata(current, { deletionTimestamp: toTimestamp(this.#now()) });
    return this.storage.put(resource, { ...marked, status: { phase: 'Terminating' } });
  }
}

function isNamespace(resource: Resource): boolean {
  return resource.plural === NAMESPACES.plural && resource.group === NAMESPACES.group;
}

/** `object` with some fields of its metadata replaced, in order. */
export function withMetadata<T extends KubeObject>(object: T, changes: Partial<ObjectMeta>): T {
  return { ...object, metadata: metadataInOrder({ ...object.metadata, ...changes }) };
}

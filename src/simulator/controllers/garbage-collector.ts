/**
 * Owns what becomes of the dependents of an object that is deleted: in the background they go after it, in the
 * foreground before it, and orphaned they stay and lose their owner.
 */
import { FOREGROUND, ORPHAN } from '../api/deletion.js';
import type { Registry } from '../api/registry.js';
import { withMetadata } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { DEPLOYMENTS, PODS, REPLICASETS } from '../resources.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../work-queue.js';

/** How long a deletion waits for the collector, in milliseconds. */
const LATENCY = 20;

const MANAGER = 'kube-controller-manager';

/** Which kind depends on which. */
const DEPENDENTS: readonly (readonly [owner: Resource, dependent: Resource])[] = [
  [DEPLOYMENTS, REPLICASETS],
  [REPLICASETS, PODS],
];

export class GarbageCollector {
  readonly #registry: Registry;
  readonly #queues: readonly { readonly owner: Resource; readonly dependent: Resource; readonly queue: WorkQueue }[];

  constructor(registry: Registry, timers: Timers) {
    this.#registry = registry;
    this.#queues = DEPENDENTS.map(([owner, dependent]) => {
      const queue = new WorkQueue(timers, LATENCY, (entry) => this.#collect(owner, dependent, entry, queue));
      return { owner, dependent, queue };
    });
  }

  start(): void {
    const { storage } = this.#registry;
    for (const { owner, dependent, queue } of this.#queues) {
      storage.subscribe(owner, ({ type, object }) => {
        if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined) queue.add(entryOf(object));
      });
      // An owner that waits for its dependents may go with the last of them.
      storage.subscribe(dependent, ({ type, object }) => {
        if (type !== 'DELETED') return;
        for (const reference of object.metadata.ownerReferences ?? []) {
          const waiting = storage.get(owner, keyOf(object.metadata.namespace, reference.name));
          if (waiting?.metadata.deletionTimestamp !== undefined) queue.add(entryOf(waiting));
        }
      });
    }
  }

  #collect(owner: Resource, dependent: Resource, entry: string, queue: WorkQueue): void {
    const [uid = '', key = ''] = entry.split(' ');
    const found = this.#registry.storage.get(owner, key);
    const living = found?.metadata.uid === uid ? found : undefined;
    const dependents = this.#registry.storage.ownedBy(dependent, uid);
    if (living === undefined) {
      for (const object of dependents) this.#delete(dependent, object, 'Background');
    } else if (living.metadata.finalizers?.includes(ORPHAN) === true) {
      for (const object of dependents) this.#disown(dependent, object, uid);
      // The owner goes once it has been seen that nobody is left; its controller may say so in between.
      if (dependents.length > 0) queue.addAfter(entry, LATENCY);
      else this.#release(owner, living, ORPHAN);
    } else if (living.metadata.finalizers?.includes(FOREGROUND) === true) {
      for (const object of dependents) this.#delete(dependent, object, 'Foreground');
      const left = this.#registry.storage.ownedBy(dependent, uid);
      if (left.length === 0) this.#release(owner, living, FOREGROUND);
    }
  }

  #delete(resource: Resource, { metadata }: KubeObject, propagationPolicy: 'Background' | 'Foreground'): void {
    if (metadata.deletionTimestamp !== undefined) return;
    this.#registry.delete(resource, metadata.namespace, metadata.name, { propagationPolicy }, { manager: MANAGER });
  }

  #disown(resource: Resource, { metadata }: KubeObject, uid: string): void {
    this.#registry.write(resource, keyOf(metadata.namespace, metadata.name), MANAGER, (current) => {
      const ownerReferences = current.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
      return withMetadata(current, { ownerReferences: ownerReferences.length === 0 ? undefined : ownerReferences });
    });
  }

  #release(resource: Resource, { metadata }: KubeObject, finalizer: string): void {
    this.#registry.write(resource, keyOf(metadata.namespace, metadata.name), MANAGER, (current) => {
      const finalizers = current.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
      return withMetadata(current, { finalizers: finalizers.length === 0 ? undefined : finalizers });
    });
  }
}

function entryOf({ metadata }: KubeObject): string {
  return `${metadata.uid} ${keyOf(metadata.namespace, metadata.name)}`;
}

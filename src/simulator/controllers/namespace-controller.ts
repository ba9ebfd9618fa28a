/** Owns the end of a namespace: some seconds of silence, then everything in it goes, Events too, then the namespace. */
import type { Registry } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import type { Resource } from '../resources.js';
import { NAMESPACES, PODS, RESOURCES } from '../resources.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../work-queue.js';

/** How long a namespace that is being deleted is left alone, in milliseconds. */
const SILENCE = 5_000;
/** How often it is looked whether the last pod is gone, in milliseconds. */
const POLL = 1_000;

const MANAGER = 'kube-controller-manager';

export class NamespaceController {
  readonly #registry: Registry;
  readonly #timers: Timers;
  readonly #queue: WorkQueue;

  constructor(registry: Registry, timers: Timers) {
    this.#registry = registry;
    this.#timers = timers;
    this.#queue = new WorkQueue(timers, 0, (name) => this.#empty(name));
  }

  start(): void {
    this.#registry.storage.subscribe(NAMESPACES, ({ type, object }) => {
      if (type !== 'MODIFIED' || object.status.phase !== 'Terminating') return;
      this.#timers.after(SILENCE, () => this.#queue.add(object.metadata.name));
    });
  }

  #empty(name: string): void {
    const namespace = this.#registry.storage.get(NAMESPACES, name);
    if (namespace?.status.phase !== 'Terminating') return;
    for (const resource of RESOURCES) if (resource.namespaced) this.#deleteAll(resource, name);
    const podsLeft = [...this.#registry.storage.values(PODS)].some(({ metadata }) => metadata.namespace === name);
    if (podsLeft) this.#queue.addAfter(name, POLL);
    else this.#registry.storage.remove(NAMESPACES, name);
  }

  #deleteAll(resource: Resource, namespace: string): void {
    // A copy: the list changes while it is worked on.
    const objects = Array.from(this.#registry.storage.values(resource));
    for (const { metadata } of objects) {
      if (metadata.namespace !== namespace || metadata.deletionTimestamp !== undefined) continue;
      if (this.#registry.storage.get(resource, keyOf(namespace, metadata.name)) === undefined) continue;
      this.#registry.delete(resource, namespace, metadata.name, {}, { manager: MANAGER });
    }
  }
}

/**
 * Owns what etcd and the watch cache own in a real cluster: every object's latest version, the one global revision
 * that rises with each write, and for each kind a bounded log of changes from which watches start and old lists are read.
 *
 * Invariants:
 * 1. A revision is given to exactly one change; an object's resourceVersion is the revision of its last change.
 * 2. Subscribers hear of the changes of a kind in the order of their revisions, each once, after it is in the log.
 * 3. A recent change is encoded at most once for each event type, however many watches send it.
 */
import type { KubeObject } from '../objects.js';
import type { Resource } from '../resources.js';
import { encodeObject } from './encode.js';

/** How many changes of each kind are kept for watches that start from an old revision, unless told otherwise. */
export const DEFAULT_HISTORY = 20_000;

/** How many of the latest changes keep their encoded lines; older ones are encoded again when somebody asks. */
const WARM_CHANGES = 1_024;

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One write. For `DELETED`, `object` is the last state, under the revision of the deletion. */
export class Change<T extends KubeObject = KubeObject> {
  readonly type: ChangeType;
  readonly revision: number;
  readonly object: T;
  readonly previous: T | undefined;
  #line: Buffer | undefined;
  #otherLines: Map<string, Buffer> | undefined;
  #cold = false;

  constructor(type: ChangeType, revision: number, object: T, previous: T | undefined) {
    this.type = type;
    this.revision = revision;
    this.object = object;
    this.previous = previous;
  }

  /** The watch event as sent: one line of JSON. */
  get line(): Buffer {
    if (this.#line !== undefined) return this.#line;
    const line = encodeWatchEvent(this.type, this.object);
    if (!this.#cold) this.#line = line;
    return line;
  }

  /** The line for a watch whose selection the object `enters` or `leaves` with this change. */
  lineFor(crossing: 'enters' | 'leaves'): Buffer {
    const known = this.#otherLines?.get(crossing);
    if (known !== undefined) return known;
    // What leaves is sent as it was before, under the revision of the change that made it leave.
    const shown = crossing === 'enters' ? this.object : withRevision(this.previous ?? this.object, this.revision);
    const line = encodeWatchEvent(crossing === 'enters' ? 'ADDED' : 'DELETED', shown);
    if (!this.#cold) (this.#otherLines ??= new Map()).set(crossing, line);
    return line;
  }

  /** Forgets the encoded lines, for good: old changes are seldom asked for, and their lines are large. */
  cool(): void {
    this.#cold = true;
    this.#line = undefined;
    this.#otherLines = undefined;
  }
}

/** A watch event as one line of JSON. */
export function encodeWatchEvent(type: string, object: KubeObject): Buffer {
  return Buffer.from(`{"type":"${type}","object":${encodeObject(object)}}\n`);
}

function withRevision<T extends KubeObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

export type Subscriber<T extends KubeObject = KubeObject> = (change: Change<T>) => void;

/** The key of an object inside its kind: `namespace/name`, or the name alone. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** What is kept of one kind. */
class Collection<T extends KubeObject = KubeObject> {
  readonly objects = new Map<string, T>();
  readonly byOwner = new Map<string, Set<string>>();
  readonly subscribers = new Set<Subscriber<T>>();
  /** Changes in the order of their revisions. */
  log: Change<T>[] = [];
  /** Watches may start from this revision or a later one. */
  floor = 0;
  #sorted: readonly string[] | undefined;

  /** The keys in the order of lists. */
  get keys(): readonly string[] {
    this.#sorted ??= [...this.objects.keys()].sort();
    return this.#sorted;
  }

  set(key: string, object: T): void {
    const old = this.objects.get(key);
    if (old === undefined) this.#sorted = undefined;
    this.objects.set(key, object);
    if (old?.metadata.ownerReferences === object.metadata.ownerReferences) return;
    this.#forgetOwners(key, old);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.byOwner.get(uid);
      if (dependents === undefined) this.byOwner.set(uid, new Set([key]));
      else dependents.add(key);
    }
  }

  delete(key: string): void {
    this.#forgetOwners(key, this.objects.get(key));
    this.objects.delete(key);
    this.#sorted = undefined;
  }

  #forgetOwners(key: string, object: T | undefined): void {
    for (const { uid } of object?.metadata.ownerReferences ?? []) {
      const dependents = this.byOwner.get(uid);
      dependents?.delete(key);
      if (dependents?.size === 0) this.byOwner.delete(uid);
    }
  }
}

/** Every object of the cluster, and its recent past. */
export class Storage {
  readonly #collections = new Map<Resource, Collection>();
  readonly #history: number;
  readonly #warm: Change[] = [];
  #revision: number;

  /**
   * @param history how many changes of each kind to keep.
   * @param firstRevision where to begin: a real cluster has made some thousand writes before anybody looks.
   */
  constructor(history = DEFAULT_HISTORY, firstRevision = 600) {
    this.#history = history;
    this.#revision = firstRevision;
  }

  /** The revision of the latest write of any kind. */
  get revision(): number {
    return this.#revision;
  }

  get<T extends KubeObject>(resource: Resource<T>, key: string): T | undefined {
    return this.#collection(resource).objects.get(key);
  }

  /** The objects of a kind in no particular order, without copying. */
  values<T extends KubeObject>(resource: Resource<T>): Iterable<T> {
    return this.#collection(resource).objects.values();
  }

  /** The objects that name `ownerUid` among their owners. */
  ownedBy<T extends KubeObject>(resource: Resource<T>, ownerUid: string): T[] {
    const collection = this.#collection(resource);
    const result: T[] = [];
    for (const key of collection.byOwner.get(ownerUid) ?? []) {
      const object = collection.objects.get(key);
      if (object !== undefined) result.push(object);
    }
    return result;
  }

  /** Stores a new object or a new version under the next revision, and tells the subscribers. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const collection = this.#collection(resource);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = collection.objects.get(key);
    const stored = withRevision(object, ++this.#revision);
    collection.set(key, stored);
    this.#record(
      collection,
      new Change(previous === undefined ? 'ADDED' : 'MODIFIED', this.#revision, stored, previous),
    );
    return stored;
  }

  /** Removes an object. Returns its last state under the revision of the deletion, or nothing when it was not there. */
  remove<T extends KubeObject>(resource: Resource<T>, key: string): T | undefined {
    const collection = this.#collection(resource);
    const previous = collection.objects.get(key);
    if (previous === undefined) return undefined;
    const last = withRevision(previous, ++this.#revision);
    collection.delete(key);
    this.#record(collection, new Change('DELETED', this.#revision, last, previous));
    return last;
  }

  /** Calls `subscriber` for every later change of a kind; the returned function ends that. */
  subscribe<T extends KubeObject>(resource: Resource<T>, subscriber: Subscriber<T>): () => void {
    const { subscribers } = this.#collection(resource);
    subscribers.add(subscriber);
    return () => {
      subscribers.delete(subscriber);
    };
  }

  /** The revision that watches of this kind may start from, or later. */
  floor(resource: Resource): number {
    return this.#collection(resource).floor;
  }

  /** The changes of a kind after `revision`, or nothing when they are no longer kept. */
  changesSince<T extends KubeObject>(resource: Resource<T>, revision: number): readonly Change<T>[] | undefined {
    const { log, floor } = this.#collection(resource);
    if (revision < floor) return undefined;
    return log.slice(firstAfter(log, revision));
  }

  /** The objects of a kind as they were at `revision`, in the order of lists; nothing when that is no longer known. */
  listAt<T extends KubeObject>(resource: Resource<T>, revision: number): readonly T[] | undefined {
    const collection = this.#collection(resource);
    const { log, floor, objects } = collection;
    const first = firstAfter(log, revision);
    if (first < log.length || revision < floor) {
      if (revision < floor) return undefined;
      const past = new Map(objects);
      for (const change of log.slice(first).reverse()) {
        const key = keyOf(change.object.metadata.namespace, change.object.metadata.name);
        if (change.previous === undefined) past.delete(key);
        else past.set(key, change.previous);
      }
      return [...past.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    }
    const result: T[] = [];
    for (const key of collection.keys) {
      const object = objects.get(key);
      if (object !== undefined) result.push(object);
    }
    return result;
  }

  /** Forgets the past, as etcd's compaction does: older watches get 410, paged lists that began before cannot go on. */
  compact(): void {
    for (const collection of this.#collections.values()) {
      collection.log = [];
      collection.floor = this.#revision;
    }
  }

  #collection<T extends KubeObject>(resource: Resource<T>): Collection<T> {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = new Collection();
      this.#collections.set(resource, collection);
    }
    // A resource's collection holds objects of that resource only: put() is the one way in.
    return collection as unknown as Collection<T>;
  }

  #record<T extends KubeObject>(collection: Collection<T>, change: Change<T>): void {
    collection.log.push(change);
    // Dropping a tenth at a time keeps the cost of a write constant.
    if (collection.log.length > this.#history * 1.1) {
      const dropped = collection.log.splice(0, collection.log.length - this.#history);
      collection.floor = dropped.at(-1)?.revision ?? collection.floor;
    }
    this.#warm.push(change);
    if (this.#warm.length > WARM_CHANGES * 2) for (const old of this.#warm.splice(0, WARM_CHANGES)) old.cool();
    for (const subscriber of collection.subscribers) subscriber(change);
  }
}

/** The index of the first change after `revision`. */
function firstAfter(log: readonly Change[], revision: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

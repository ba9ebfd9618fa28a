/**
 * Owns the seam of a watch: what one watched kind is (where it is, how its bytes become values) and what the loop's consumer takes.
 * The loop (list-watch.ts) knows no kind and no consumer beyond these.
 */

/** One object as a decoder gives it: its identity, its version, and whatever the decoder made of the rest. */
export interface WatchedObject<T> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

/** What happened to one object. */
export interface WatchChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For `DELETED`: the object's last state, with the resourceVersion of its deletion. */
  readonly object: WatchedObject<T>;
}

/** The part of a Kubernetes `Status` that an ERROR line carries. */
export interface WatchStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** One line of a watch. */
export type WatchLine<T> =
  | WatchChange<T>
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly status: WatchStatus };

/** A kind of object to list and watch. */
export interface WatchedKind<T> {
  /** The plural resource, as in RBAC: `pods`. */
  readonly name: string;
  /** The collection over all namespaces: `/api/v1/pods`. */
  readonly path: string;
  /** The collection of one namespace: `/api/v1/namespaces/<namespace>/pods`. */
  namespacedPath(namespace: string): string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * One line of a watch, without its newline. The buffer is a view of what came from the socket: a slice kept of it would keep all of that alive.
   *
   * @throws anything, when the line is malformed; it costs that line only.
   */
  decodeLine(line: Buffer): WatchLine<T>;
  /**
   * One entry of a list's `items`, parsed (it has no `kind` and no `apiVersion` of its own).
   *
   * @throws anything, when the object is malformed; it costs that object only.
   */
  decodeItem(item: unknown): WatchedObject<T>;
}

/** Which part of a list a call of {@link WatchSink.listed} is. */
interface ListedPage {
  /** This page begins a list: whatever was taken of an earlier, unfinished list is void. */
  readonly first: boolean;
  /** This page ends the list: what it did not name (here or in `undecoded`) is gone. */
  readonly last: boolean;
  /** The version at which the whole list holds, the same on every page. */
  readonly resourceVersion: string;
  /** UIDs of objects on this page that exist and could not be decoded: nothing is known of them, but they are not gone. */
  readonly undecoded: readonly string[];
}

/**
 * Who takes what a watch brings. Every method may be awaited, and is backpressure: nothing more is read from the socket before it
 * resolves, and the watch counts as having reached a resourceVersion only then. When one throws, the loop backs off and delivers
 * the same again from the last version that was taken.
 */
export interface WatchSink<T> {
  /** One page of a list. Pages come in order; a list that fails half-way goes on where it was, or begins again with `first`. */
  listed(objects: readonly WatchedObject<T>[], page: ListedPage): Promise<void> | void;
  /** Changes in the order in which the cluster made them, and the version that they (and bookmarks among them) reach. */
  changed(changes: readonly WatchChange<T>[], resourceVersion: string): Promise<void> | void;
  /** Nothing changed up to this version. */
  bookmark(resourceVersion: string): Promise<void> | void;
}

/** What a watch counts, each by kind; see {@link WatchMetrics}. */
export type WatchCounter =
  /** ADDED, MODIFIED and DELETED that were handed over. */
  | 'changes'
  /** Objects of lists that were handed over. */
  | 'listed'
  | 'bookmarks'
  /** Lines of a watch and items of a list that could not be decoded. */
  | 'malformed'
  /** Changes at or before the version that the watch was resumed from, which were not handed over again. */
  | 'duplicates'
  /** Requests and streams that failed. */
  | 'failures'
  /** Times that the cluster had forgotten the version (410). */
  | 'expirations'
  /** Watches that were opened. */
  | 'watches';

/** Where the counts go. */
export interface WatchMetrics {
  count(counter: WatchCounter, kind: string, amount: number): void;
}

/** The part of a pino logger that is used here. */
export interface Logger {
  debug(object: object, message: string): void;
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

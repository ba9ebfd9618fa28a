/**
 * Owns the vocabulary of the sidecar machine. Everything is readonly and JSON-serialisable.
 */

/** What the process tells its machine. A source is a watch ("pods", "events of default-us-east-1") or "store". */
export type SidecarMessage =
  | { readonly type: 'STORE_OPENED' }
  /** The persisted actors are known again; these watches have to list, or to resume, before the sidecar may be asked. */
  | { readonly type: 'REHYDRATED'; readonly watches: readonly string[] }
  | { readonly type: 'WATCH_SYNCED'; readonly watch: string }
  | { readonly type: 'TROUBLE'; readonly source: string; readonly reason: string }
  | { readonly type: 'RECOVERED'; readonly source: string }
  | { readonly type: 'STOP' }
  | { readonly type: 'DRAINED' };

export interface SidecarContext {
  /** Watches that have not been synced since the start. */
  readonly waitingFor: readonly string[];
  /** What is wrong now, by its source. */
  readonly troubles: Readonly<Record<string, string>>;
}

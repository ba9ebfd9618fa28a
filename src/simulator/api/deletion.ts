/**
 * Owns what a deletion does to an object: marks it, shortens the grace that it was given, or lets it go at once. Pure;
 * the registry writes what is decided here. The rules are those of the API server's `BeforeDelete` and pod strategy.
 */
import { fromTimestamp, toTimestamp } from '../instants.js';
import type { KubeObject, ObjectMeta, Pod } from '../objects.js';

export interface DeleteOptions {
  /** Seconds that a pod's containers have to end; its own `terminationGracePeriodSeconds` when absent. */
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  /** The old form of propagationPolicy: true is Orphan, false is Background. */
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

/** What is to be written: the changed metadata, if any, and whether the object is gone after that. */
export interface DeletionStep {
  readonly mark: Partial<ObjectMeta> | undefined;
  readonly gone: boolean;
}

/** The finalizers by which a deletion waits for the garbage collector. */
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** A pod has grace: its kubelet ends the containers, and then deletes it again, with a grace of 0. */
export function deletePod(pod: Pod, options: DeleteOptions, now: number): DeletionStep {
  const { deletionTimestamp, deletionGracePeriodSeconds: pending = 0, finalizers } = pod.metadata;
  const held = (finalizers?.length ?? 0) > 0;
  if (deletionTimestamp === undefined) {
    const grace = gracePeriod(pod, options);
    return { mark: graceUntil(now, grace), gone: grace === 0 && !held };
  }
  const wanted = options.gracePeriodSeconds;
  if (wanted === undefined || wanted >= pending) return { mark: undefined, gone: pending === 0 && !held };
  // A deletion that is under way may only be made quicker; the deletionTimestamp moves back by the difference.
  const asked = fromTimestamp(deletionTimestamp) - pending * 1000;
  return { mark: graceUntil(asked, wanted), gone: wanted === 0 && !held };
}

function graceUntil(asked: number, grace: number): Partial<ObjectMeta> {
  return { deletionTimestamp: toTimestamp(asked + grace * 1000), deletionGracePeriodSeconds: grace };
}

/** What the caller says or the pod; nothing without a node, or when it has ended. */
function gracePeriod({ spec, status }: Pod, options: DeleteOptions): number {
  if (spec.nodeName === undefined || status.phase === 'Succeeded' || status.phase === 'Failed') return 0;
  return options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}

/**
 * Any other object goes at once, unless finalizers hold it: its own, or those by which it waits for its dependents.
 *
 * @param hasDependents whether the kind can own others.
 */
export function deleteObject(
  object: KubeObject,
  options: DeleteOptions,
  now: number,
  hasDependents: boolean,
): DeletionStep {
  const { finalizers, deletionTimestamp, generation } = object.metadata;
  const holding = new Set(finalizers ?? []);
  const policy = options.propagationPolicy ?? (options.orphanDependents === true ? 'Orphan' : 'Background');
  if (hasDependents) {
    if (policy === 'Orphan') holding.add(ORPHAN);
    else holding.delete(ORPHAN);
    if (policy === 'Foreground') holding.add(FOREGROUND);
    else holding.delete(FOREGROUND);
  }
  if (holding.size === 0) return { mark: undefined, gone: true };
  if (deletionTimestamp !== undefined && holding.size === (finalizers?.length ?? 0))
    return { mark: undefined, gone: false };
  const mark = {
    deletionTimestamp: deletionTimestamp ?? toTimestamp(now),
    deletionGracePeriodSeconds: 0,
    generation: generation === undefined || deletionTimestamp !== undefined ? generation : generation + 1,
    finalizers: [...holding],
  };
  return { mark, gone: false };
}

/** Whether an object that is being deleted is still held by something. */
export function isHeld({ deletionGracePeriodSeconds, finalizers }: ObjectMeta): boolean {
  return (finalizers?.length ?? 0) > 0 || (deletionGracePeriodSeconds ?? 0) > 0;
}

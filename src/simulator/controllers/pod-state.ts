/** Owns what controllers want to know of a pod: does it count, is it ready, since when. */
import { fromTimestamp } from '../instants.js';
import type { Pod } from '../objects.js';

/** Counts towards the replicas that are wanted: neither ended nor being deleted. */
export function isActive({ metadata, status }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed' && metadata.deletionTimestamp === undefined;
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
}

/** Since when it is ready, in epoch milliseconds; 0 when it is not. */
export function readySince({ status }: Pod): number {
  const ready = status.conditions?.find(({ type, status: value }) => type === 'Ready' && value === 'True');
  return fromTimestamp(ready?.lastTransitionTime);
}

/** How often its containers were restarted: the container that was restarted most. */
function restarts({ status }: Pod): number {
  return Math.max(0, ...(status.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Which pods a ReplicaSet gives up first, when it has too many: those that are the least loss. In this order: without a
 * node, pending, not ready, on a node with more of its pods, ready for a shorter time, restarted more often, younger.
 *
 * @param colocated how many of the ReplicaSet's pods are on a node.
 */
export function byLeastLoss(colocated: (node: string) => number): (a: Pod, b: Pod) => number {
  const rank = (pod: Pod): readonly number[] => [
    pod.spec.nodeName === undefined ? 0 : 1,
    PHASE_RANK[pod.status.phase ?? 'Unknown'] ?? 1,
    isReady(pod) ? 1 : 0,
    -colocated(pod.spec.nodeName ?? ''),
    -readySince(pod),
    -restarts(pod),
    -fromTimestamp(pod.metadata.creationTimestamp),
  ];
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    for (const [index, value] of left.entries()) {
      const other = right[index] ?? 0;
      if (value !== other) return value - other;
    }
    return 0;
  };
}

/**
 * Owns the arithmetic of a rollout: how many pods more, how many fewer, now. Pure, and in the words of Kubernetes'
 * documentation: at most `maxSurge` pods above the wanted number, at most `maxUnavailable` below it.
 */
import type { Deployment, IntOrPercent, ReplicaSet } from '../objects.js';

/** The two bounds as numbers. A percentage of the surge is rounded up, of the unavailable ones down; both cannot be 0. */
export function fenceposts({ spec }: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (spec.strategy.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate ?? {};
  const surge = resolve(maxSurge, spec.replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, spec.replicas, Math.floor);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function resolve(value: IntOrPercent | undefined, total: number, round: (value: number) => number): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  return round((Number.parseFloat(value) / 100) * total);
}

/** How many pods may be missing while the Deployment still counts as available. */
export function maxUnavailableOf(deployment: Deployment): number {
  if (deployment.spec.replicas === 0) return 0;
  return Math.min(fenceposts(deployment).maxUnavailable, deployment.spec.replicas);
}

/** The most pods that there may be. */
export function maxReplicasOf(deployment: Deployment): number {
  return deployment.spec.replicas + fenceposts(deployment).maxSurge;
}

export function wantedBy(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { spec }) => sum + spec.replicas, 0);
}

export function actualOf(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + status.replicas, 0);
}

export function availableOf(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0);
}

/** How many replicas the new ReplicaSet may have, beside the others. */
export function newReplicaCount(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const { replicas, strategy } = deployment.spec;
  if (strategy.type === 'Recreate') return replicas;
  const room = maxReplicasOf(deployment) - wantedBy(all);
  return room <= 0 ? current : current + Math.min(room, replicas - current);
}

/** A ReplicaSet, and how many replicas it is to have. */
export interface Scaling {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/**
 * How far the old ReplicaSets may be scaled down beside the new one: first their pods that are not available, which
 * nobody will miss, then as many others as the bounds allow. Older ReplicaSets give first.
 */
export function scaleDownOld(deployment: Deployment, old: readonly ReplicaSet[], current: ReplicaSet): Scaling[] {
  const minAvailable = deployment.spec.replicas - maxUnavailableOf(deployment);
  const newUnavailable = current.spec.replicas - (current.status.availableReplicas ?? 0);
  const budget = wantedBy([...old, current]) - minAvailable - newUnavailable;
  if (wantedBy(old) === 0 || budget <= 0) return [];
  const ordered = [...old].sort(byAge);
  const counts = new Map(ordered.map((replicaSet) => [replicaSet, replicaSet.spec.replicas]));
  let cleaned = 0;
  for (const replicaSet of ordered) {
    const unhealthy = replicaSet.spec.replicas - (replicaSet.status.availableReplicas ?? 0);
    const fewer = Math.min(budget - cleaned, unhealthy);
    if (fewer <= 0) continue;
    counts.set(replicaSet, replicaSet.spec.replicas - fewer);
    cleaned += fewer;
  }
  let spare = availableOf([...old, current]) - minAvailable;
  for (const replicaSet of ordered) {
    const left = counts.get(replicaSet) ?? 0;
    const fewer = Math.min(left, spare);
    if (fewer <= 0) continue;
    counts.set(replicaSet, left - fewer);
    spare -= fewer;
  }
  return scalings(counts);
}

/**
 * A Deployment that is scaled in the middle of a rollout: the difference goes to its ReplicaSets in proportion to their
 * size, the largest first, and what the rounding leaves to the largest.
 */
export function scaleInProportion(
  deployment: Deployment,
  active: readonly ReplicaSet[],
  desired: (replicaSet: ReplicaSet) => number | undefined,
): Scaling[] {
  const allowed = deployment.spec.replicas > 0 ? maxReplicasOf(deployment) : 0;
  const total = wantedBy(active);
  const difference = allowed - total;
  const newestFirst = [...active].sort((a, b) => byAge(b, a));
  const ordered = (difference > 0 ? newestFirst : newestFirst.reverse()).sort(
    (a, b) => b.spec.replicas - a.spec.replicas,
  );
  const counts = new Map<ReplicaSet, number>();
  let added = 0;
  for (const replicaSet of ordered) {
    let count = replicaSet.spec.replicas;
    if (difference !== 0) {
      const before = desired(replicaSet) ?? deployment.status.replicas ?? total;
      const fraction = Math.round((count * allowed) / before) - count;
      const share = difference > 0 ? Math.min(fraction, difference - added) : Math.max(fraction, difference - added);
      count += share;
      added += share;
    }
    counts.set(replicaSet, count);
  }
  const largest = ordered[0];
  if (largest !== undefined && difference !== 0) {
    counts.set(largest, Math.max(0, (counts.get(largest) ?? 0) + difference - added));
  }
  return scalings(counts, true);
}

function scalings(counts: ReadonlyMap<ReplicaSet, number>, all = false): Scaling[] {
  return [...counts]
    .filter(([replicaSet, replicas]) => all || replicaSet.spec.replicas !== replicas)
    .map(([replicaSet, replicas]) => ({ replicaSet, replicas }));
}

/** Oldest first. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const order = a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp);
  return order === 0 ? Number(revisionOf(a)) - Number(revisionOf(b)) : order;
}

/** The annotation that counts a Deployment's revisions. */
export const REVISION = 'deployment.kubernetes.io/revision';

/** The revision of a ReplicaSet; 0 when it has none. */
export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

/**
 * Owns the counts of each cluster, kept as tasks move so that nobody has to count.
 */
import { rankOf } from '../../machines/task/task.types.js';
import type { ClusterSummary, CommittedService, TaskIndexEntry } from './state.port.js';

interface Counts {
  running: number;
  pending: number;
  tasks: number;
  services: number;
  activeServices: number;
}

export class ClusterCounts {
  readonly #clusters = new Map<string, Counts>();

  /** A task's entry changed from `before` (undefined: it is new) to `after` (undefined: it is forgotten). */
  moved(before: TaskIndexEntry | undefined, after: TaskIndexEntry | undefined): void {
    if (before !== undefined) this.#count(before, -1);
    if (after !== undefined) this.#count(after, 1);
  }

  /** A service changed from `before` (undefined: it is new) to `after` (undefined: it is forgotten). */
  serviceMoved(before: CommittedService | undefined, after: CommittedService | undefined): void {
    if (before !== undefined) this.#countService(before, -1);
    if (after !== undefined) this.#countService(after, 1);
  }

  /** Every cluster of which any task or service can be described, by ARN. */
  summaries(): readonly ClusterSummary[] {
    return [...this.#clusters]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([clusterArn, counts]) => ({
        clusterArn,
        clusterName: clusterArn.slice(clusterArn.indexOf('/') + 1),
        runningTasksCount: counts.running,
        pendingTasksCount: counts.pending,
        activeServicesCount: counts.activeServices,
      }));
  }

  #count(task: TaskIndexEntry, by: 1 | -1): void {
    const counts = this.#of(task.clusterArn);
    counts.tasks += by;
    if (task.lastStatus === 'RUNNING') counts.running += by;
    else if (rankOf(task.lastStatus) < rankOf('RUNNING')) counts.pending += by;
    this.#drop(task.clusterArn, counts);
  }

  /** PENDING is the sync document's word for a service that ECS calls ACTIVE. */
  #countService({ context, status }: CommittedService, by: 1 | -1): void {
    if (context.born === undefined) return;
    const { clusterArn } = context.identity;
    const counts = this.#of(clusterArn);
    counts.services += by;
    if (status === 'ACTIVE' || status === 'PENDING') counts.activeServices += by;
    this.#drop(clusterArn, counts);
  }

  #of(clusterArn: string): Counts {
    const known = this.#clusters.get(clusterArn);
    if (known !== undefined) return known;
    const counts: Counts = { running: 0, pending: 0, tasks: 0, services: 0, activeServices: 0 };
    this.#clusters.set(clusterArn, counts);
    return counts;
  }

  #drop(clusterArn: string, counts: Counts): void {
    if (counts.tasks === 0 && counts.services === 0) this.#clusters.delete(clusterArn);
  }
}

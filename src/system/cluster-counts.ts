/**
 * Owns the counts of each cluster, kept as tasks move so that nobody has to count.
 */
import { rankOf } from '../../machines/task/task.types.js';
import type { ClusterSummary, TaskIndexEntry } from './state.port.js';

interface Counts {
  running: number;
  pending: number;
  tasks: number;
}

export class ClusterCounts {
  readonly #clusters = new Map<string, Counts>();

  /** A task's entry changed from `before` (undefined: it is new) to `after` (undefined: it is forgotten). */
  moved(before: TaskIndexEntry | undefined, after: TaskIndexEntry | undefined): void {
    if (before !== undefined) this.#count(before, -1);
    if (after !== undefined) this.#count(after, 1);
  }

  /** Every cluster of which any task can be described, by ARN. */
  summaries(): readonly ClusterSummary[] {
    return [...this.#clusters]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([clusterArn, counts]) => ({
        clusterArn,
        clusterName: clusterArn.slice(clusterArn.indexOf('/') + 1),
        runningTasksCount: counts.running,
        pendingTasksCount: counts.pending,
        activeServicesCount: 0,
      }));
  }

  #count(task: TaskIndexEntry, by: 1 | -1): void {
    const counts = this.#clusters.get(task.clusterArn) ?? { running: 0, pending: 0, tasks: 0 };
    this.#clusters.set(task.clusterArn, counts);
    counts.tasks += by;
    if (task.lastStatus === 'RUNNING') counts.running += by;
    else if (rankOf(task.lastStatus) < rankOf('RUNNING')) counts.pending += by;
    if (counts.tasks === 0) this.#clusters.delete(task.clusterArn);
  }
}

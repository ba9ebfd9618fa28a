/**
 * Owns the way from what the system and the watches tell of themselves to metrics.
 */
import type { ListWatchStatus, TransitionListener } from './kubernetes/list-watch.js';
import type { WatchMetrics } from './kubernetes/watched-kind.js';
import type { SystemObserver } from './system/system.js';
import { setWatchState } from './telemetry/metrics.js';
import type { Metrics } from './telemetry/metrics.js';

/** Told when commits begin to fail, and when they succeed again. */
export interface StoreHealth {
  failing(reason: string): void;
  recovered(): void;
}

/** Counts turns, commits, transitions and set-aside actors. */
export function systemObserver(metrics: Metrics, health: StoreHealth): SystemObserver {
  let failing = false;
  return {
    turn: ({ messages, duration, commit }) => {
      metrics.turns.inc();
      metrics.turnMessages.observe(messages);
      metrics.turnDuration.observe((duration + commit) / 1000);
      metrics.commitDuration.observe(commit / 1000);
      if (failing) health.recovered();
      failing = false;
    },
    transitions: (transitions) => {
      for (const { to } of transitions) metrics.taskTransitions.inc({ to });
    },
    actorSetAside: () => metrics.actorFailures.inc(),
    commitFailed: (error) => {
      failing = true;
      health.failing(`the store cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    },
  };
}

/** Counts what one watch delivers and where it is; passes the counts on to `also`. */
export function watchObserver(
  metrics: Metrics,
  kind: string,
  also: WatchMetrics | undefined,
): { readonly counts: WatchMetrics; readonly moved: TransitionListener } {
  return {
    counts: {
      count: (counter, name, amount) => {
        if (counter === 'malformed') metrics.watchMalformed.inc({ kind }, amount);
        else if (counter === 'changes' || counter === 'bookmarks') {
          metrics.watchEvents.inc({ kind, type: counter === 'changes' ? 'CHANGE' : 'BOOKMARK' }, amount);
        }
        also?.count(counter, name, amount);
      },
    },
    moved: (status, before, message) => {
      setWatchState(metrics, kind, status.state);
      if (wasListed(status, before)) metrics.watchRelists.inc({ kind });
      if (message.type === 'WATCH_ENDED') metrics.watchReconnects.inc({ kind, reason: message.cause });
      else if (message.type === 'EXPIRED') metrics.watchReconnects.inc({ kind, reason: 'expired' });
      else if (message.type === 'FAILED') metrics.watchReconnects.inc({ kind, reason: message.error.code });
    },
  };
}

const wasListed = (status: ListWatchStatus, before: ListWatchStatus): boolean =>
  before.state === 'listing' && status.state !== 'listing' && status.context.resourceVersion !== null;

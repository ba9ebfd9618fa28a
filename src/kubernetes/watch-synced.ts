/**
 * Owns the moment at which a watch counts as synced for readiness (P1): its list is complete, or, where it goes on from a persisted version,
 * the cluster has told what came after that version, as far as can be known.
 *
 * That a watch was opened proves nothing: a cluster that has forgotten the version accepts it, and says so in its first line.
 */
import type { TransitionListener } from './list-watch.js';
import type { Clock, Timer } from '../system/clock.js';

/**
 * How long a watch that was resumed has to be silent to count as caught up, in milliseconds: what it has missed, or that its version is
 * forgotten, comes at once and without pauses. Where the cluster changes without pauses, it counts once the watch has settled.
 */
export const CAUGHT_UP_AFTER = 1_000;

/** Calls `synced` once. Listens to every transition of one watch from its start. */
export function whenSynced(clock: Clock, synced: () => void): TransitionListener {
  let isSynced = false;
  let timer: Timer | undefined;
  const disarm = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
  };
  const done = (): void => {
    isSynced = true;
    disarm();
    synced();
  };
  return ({ state }, before, message) => {
    if (isSynced) return;
    disarm();
    if (before.state === 'listing' && state === 'watching.connecting') done();
    else if (message.type === 'SETTLED') done();
    else if (state === 'watching.open') timer = clock.setTimeout(done, CAUGHT_UP_AFTER, { unref: true });
  };
}

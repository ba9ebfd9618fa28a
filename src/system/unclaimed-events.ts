/**
 * Owns Events that came before the pod they speak of: there is no order between watches. They wait in memory for their pod; until then the
 * resourceVersion of their watch is held back, so that after a crash the cluster tells of them again.
 */
import type { EpochMs } from '../../machines/task/task.types.js';
import type { PodEvent } from '../observe/event.js';
import { cursorKey } from './messages.js';
import type { WatchScope } from './messages.js';

/** How long an Event waits for its pod: longer than any watch of a live cluster lags behind another. In milliseconds. */
export const UNCLAIMED_FOR = 60_000;
/** Events of pods that are not KECS's wait in vain: no more than this many wait at all. */
export const MAX_UNCLAIMED = 20_000;

interface Waiting {
  readonly event: PodEvent;
  readonly scope: string;
  readonly until: EpochMs;
  /** The resourceVersion that its watch had reached before it; undefined before the first. */
  readonly before: string | undefined;
}

export class UnclaimedEvents {
  /** In the order of their arrival. */
  readonly #waiting = new Set<Waiting>();
  readonly #byPod = new Map<string, Waiting[]>();

  get size(): number {
    return this.#waiting.size;
  }

  add(event: PodEvent, scope: WatchScope, before: string | undefined, at: EpochMs): void {
    this.#expire(at);
    const oldest = this.#waiting.size < MAX_UNCLAIMED ? undefined : this.#waiting.values().next().value;
    if (oldest !== undefined) this.#drop(oldest);
    const waiting: Waiting = { event, scope: cursorKey(scope), until: at + UNCLAIMED_FOR, before };
    this.#waiting.add(waiting);
    const key = keyOf(event);
    const others = this.#byPod.get(key);
    if (others === undefined) this.#byPod.set(key, [waiting]);
    else others.push(waiting);
  }

  /** The Events that waited for this pod, oldest first; they wait no longer. */
  claim(podUid: string, namespace: string, podName: string): readonly PodEvent[] {
    const waiting = [...(this.#byPod.get(podUid) ?? []), ...(this.#byPod.get(`${namespace}/${podName}`) ?? [])];
    for (const entry of waiting) this.#drop(entry);
    return waiting.map((entry) => entry.event);
  }

  /** How far this watch may say that it has come: not past what still waits. */
  cursor(scope: WatchScope, reached: string, at: EpochMs): string | undefined {
    this.#expire(at);
    const key = cursorKey(scope);
    for (const entry of this.#waiting) if (entry.scope === key) return entry.before;
    return reached;
  }

  #expire(at: EpochMs): void {
    for (const entry of this.#waiting) {
      if (entry.until > at) break;
      this.#drop(entry);
    }
  }

  #drop(entry: Waiting): void {
    this.#waiting.delete(entry);
    const key = keyOf(entry.event);
    const others = this.#byPod.get(key)?.filter((other) => other !== entry) ?? [];
    if (others.length === 0) this.#byPod.delete(key);
    else this.#byPod.set(key, others);
  }
}

const keyOf = (event: PodEvent): string => event.podUid ?? `${event.namespace}/${event.podName}`;

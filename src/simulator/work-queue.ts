/**
 * Owns the queue between a change and the controller that answers it. A key waits a moment before it is worked on, as
 * in a real cluster, where a controller hears of a change through its own watch; a key that waits already is not added.
 */
import type { Timer } from '../system/clock.js';
import type { Timers } from './timers.js';

export class WorkQueue {
  readonly #timers: Timers;
  readonly #latency: number;
  readonly #work: (key: string) => void;
  readonly #waiting = new Set<string>();
  readonly #later = new Map<string, Timer>();
  #armed = false;

  /** @param latency how long a key waits, in milliseconds. */
  constructor(timers: Timers, latency: number, work: (key: string) => void) {
    this.#timers = timers;
    this.#latency = latency;
    this.#work = work;
  }

  add(key: string): void {
    this.#waiting.add(key);
    if (this.#armed) return;
    this.#armed = true;
    this.#timers.after(this.#latency, () => this.#drain());
  }

  /** Adds the key after `delay` milliseconds; a key has at most one such appointment, the earlier ones give way. */
  addAfter(key: string, delay: number): void {
    this.#timers.cancel(this.#later.get(key));
    this.#later.set(
      key,
      this.#timers.after(delay, () => {
        this.#later.delete(key);
        this.add(key);
      }),
    );
  }

  #drain(): void {
    this.#armed = false;
    const keys = [...this.#waiting];
    this.#waiting.clear();
    for (const key of keys) this.#work(key);
  }
}

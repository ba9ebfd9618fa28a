/**
 * Owns the notion of time for everything that is not pure: the wall clock and timers, behind one interface,
 * so that a replay and the tests can bring their own.
 */

/** A timer that was armed; pass it to {@link Clock.clearTimeout}. */
export type Timer = object;

/** Where time comes from. All durations and instants are in milliseconds. */
export interface Clock {
  /** The current instant, epoch milliseconds. */
  now(): number;
  /** Calls `callback` once, `delay` milliseconds from now. The timer does not keep the process alive when `unref` is set. */
  setTimeout(callback: () => void, delay: number, options?: { readonly unref?: boolean }): Timer;
  clearTimeout(timer: Timer): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delay, options) => {
    const timer = setTimeout(callback, delay);
    if (options?.unref === true) timer.unref();
    return timer;
  },
  // Only what setTimeout of this same object returned may be passed here.
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** A clock that stands still until it is moved: timers fire, in order, while it moves past them. */
export class ManualClock implements Clock {
  #now: number;
  #sequence = 0;
  readonly #timers = new Map<
    Timer,
    { readonly due: number; readonly sequence: number; readonly callback: () => void }
  >();

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const timer: Timer = {};
    this.#timers.set(timer, { due: this.#now + Math.max(0, delay), sequence: this.#sequence++, callback });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer);
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves to `instant` (never backward) and fires every timer that is due on the way, earliest first. */
  moveTo(instant: number): void {
    for (;;) {
      let next: { readonly timer: Timer; readonly due: number; readonly sequence: number } | undefined;
      for (const [timer, { due, sequence }] of this.#timers) {
        if (due > instant) continue;
        if (next === undefined || due < next.due || (due === next.due && sequence < next.sequence)) {
          next = { timer, due, sequence };
        }
      }
      if (next === undefined) break;
      const armed = this.#timers.get(next.timer);
      this.#timers.delete(next.timer);
      this.#now = Math.max(this.#now, next.due);
      armed?.callback();
    }
    this.#now = Math.max(this.#now, instant);
  }

  /** Moves forward by `duration` milliseconds. */
  advance(duration: number): void {
    this.moveTo(this.#now + duration);
  }
}

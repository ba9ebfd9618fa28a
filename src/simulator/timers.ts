/** Owns the simulator's timers: all on one clock, stretched or squeezed by one factor, and ended together. */
import type { Clock, Timer } from '../system/clock.js';

/** Timers on a clock. Durations are in milliseconds of simulated time; `scale` 0.1 makes everything ten times as quick. */
export class Timers {
  readonly #clock: Clock;
  readonly #scale: number;
  readonly #armed = new Set<Timer>();
  #stopped = false;

  constructor(clock: Clock, scale = 1) {
    this.#clock = clock;
    this.#scale = scale;
  }

  /** The instant, in epoch milliseconds. It is not scaled. */
  now(): number {
    return this.#clock.now();
  }

  /** How long a simulated duration takes on the clock. */
  scaled(duration: number): number {
    return duration * this.#scale;
  }

  /** The reverse of {@link scaled}; also for instants, when their differences are to be simulated durations. */
  unscaled(duration: number): number {
    return duration / this.#scale;
  }

  /** Calls `callback` once after a simulated duration. */
  after(duration: number, callback: () => void): Timer {
    const timer = this.#clock.setTimeout(
      () => {
        this.#armed.delete(timer);
        if (!this.#stopped) callback();
      },
      Math.round(this.scaled(duration)),
      { unref: true },
    );
    this.#armed.add(timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return;
    this.#armed.delete(timer);
    this.#clock.clearTimeout(timer);
  }

  /** Ends every timer; no callback comes after this. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#armed) this.#clock.clearTimeout(timer);
    this.#armed.clear();
  }
}

/**
 * Owns the watchdog of a stream: a connection whose other side is gone (a half-open one, a frozen server) says nothing, for ever.
 */
import type { Clock, Timer } from '../system/clock.js';

/**
 * How long a list or a watch may be silent before it is given up, in milliseconds: one and a half times the minute at which a
 * cluster sends bookmarks. A quiet watch of a cluster that sends none is merely opened anew.
 */
export const INACTIVITY_TIMEOUT = 90_000;

/** Calls back once when nothing was heard for {@link INACTIVITY_TIMEOUT}. Hearing costs no timer. */
export class InactivityWatchdog {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #timer: Timer;
  #heardAt: number;
  #paused = false;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
    this.#heardAt = clock.now();
    this.#timer = this.#arm(INACTIVITY_TIMEOUT);
  }

  /** Nothing is being read for now: silence is our own doing. */
  pause(): void {
    this.#paused = true;
  }

  /** Something was heard, or is listened for again. */
  resume(): void {
    this.#paused = false;
    this.#heardAt = this.#clock.now();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #arm(delay: number): Timer {
    return this.#clock.setTimeout(() => this.#check(), delay, { unref: true });
  }

  #check(): void {
    const left = this.#paused ? INACTIVITY_TIMEOUT : this.#heardAt + INACTIVITY_TIMEOUT - this.#clock.now();
    if (left > 0) this.#timer = this.#arm(left);
    else this.#onSilence();
  }
}

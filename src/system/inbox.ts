/**
 * Owns the one queue of the system: whoever posts waits while it is too long, so that a slow disk slows the watches and not the heap.
 */
import type { SystemMessage } from './messages.js';

/** Above this many messages a post waits: some 0.5 KB each, so about 5 MB. */
export const INBOX_HIGH_WATER = 10_000;

export class Inbox {
  #messages: SystemMessage[] = [];
  #taken = 0;
  #waiting: (() => void)[] = [];
  #arrival: (() => void) | undefined;

  get depth(): number {
    return this.#messages.length - this.#taken;
  }

  /** Resolves when there is room for more. */
  post(messages: readonly SystemMessage[]): Promise<void> | undefined {
    for (const message of messages) this.#messages.push(message);
    this.#arrival?.();
    if (this.depth <= INBOX_HIGH_WATER) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next message, or undefined. */
  take(): SystemMessage | undefined {
    const message = this.#messages[this.#taken];
    if (message === undefined) return undefined;
    this.#taken += 1;
    // An array is emptied from its end only; what was taken from its front is dropped in one go.
    if (this.#taken === this.#messages.length) {
      this.#messages = [];
      this.#taken = 0;
    }
    if (this.#waiting.length > 0 && this.depth <= INBOX_HIGH_WATER / 2) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    return message;
  }

  /** Resolves when there is a message, at once if there is one. */
  async arrival(): Promise<void> {
    if (this.depth > 0) return;
    await new Promise<void>((resolve) => {
      this.#arrival = resolve;
    });
    this.#arrival = undefined;
  }

  /** Wakes who waits for an arrival, and everyone who waits for room: nothing will be taken any more. */
  close(): void {
    this.#arrival?.();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

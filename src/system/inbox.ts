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
  #closed = false;
  /** Where the posts that must be taken whole begin and end in #messages, in order. */
  #whole: { readonly first: number; readonly end: number }[] = [];

  get depth(): number {
    return this.#messages.length - this.#taken;
  }

  /**
   * Whether a turn may end here. Not within a post that ends with a cursor: its changes and the resourceVersion that they reach are one
   * commit, since a crash between two would have the cluster tell the first ones again, to tasks that have moved on.
   */
  get divisible(): boolean {
    const [next] = this.#whole;
    return next === undefined || this.#taken <= next.first;
  }

  /** Resolves when there is room for more. */
  post(messages: readonly SystemMessage[]): Promise<void> | undefined {
    if (messages.at(-1)?.kind === 'cursor') {
      const first = this.#messages.length;
      this.#whole.push({ first, end: first + messages.length });
    }
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
    if (this.#whole[0]?.end === this.#taken) this.#whole.shift();
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

  /** Resolves when there is a message, at once if there is one, or if none will be taken any more. */
  async arrival(): Promise<void> {
    if (this.depth > 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#arrival = resolve;
    });
    this.#arrival = undefined;
  }

  /** Wakes who waits for an arrival, and everyone who waits for room: nothing will be taken any more. */
  close(): void {
    this.#closed = true;
    this.#arrival?.();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/**
 * Owns the one queue of the system: whoever posts waits while it is too long, so that a slow disk slows the watches and not the heap.
 */
import type { SystemMessage } from './messages.js';

/**
 * Above this many messages a post waits. Enough for what a watch decodes during a commit on a slow disk; what waits longer than a few
 * turns only grows old, here as in the heap.
 */
export const INBOX_HIGH_WATER = 2_000;

export class Inbox {
  /** What is to be taken, in order; of the first post a part may have been taken. */
  readonly #posts: (readonly SystemMessage[])[] = [];
  /** How many of the first post were taken. */
  #taken = 0;
  #depth = 0;
  #waiting: (() => void)[] = [];
  #arrival: (() => void) | undefined;
  #closed = false;

  get depth(): number {
    return this.#depth;
  }

  /**
   * Whether a turn may end here. Not within a post that ends with a cursor: its changes and the resourceVersion that they reach are one
   * commit, since a crash between two would have the cluster tell the first ones again, to tasks that have moved on.
   */
  get divisible(): boolean {
    return this.#taken === 0 || this.#posts[0]?.at(-1)?.kind !== 'cursor';
  }

  /** Resolves when there is room for more. The messages are kept as they are. */
  post(messages: readonly SystemMessage[]): Promise<void> | undefined {
    if (messages.length > 0) this.#posts.push(messages);
    this.#depth += messages.length;
    this.#arrival?.();
    if (this.#depth <= INBOX_HIGH_WATER) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next message, or undefined. */
  take(): SystemMessage | undefined {
    const [post] = this.#posts;
    const message = post?.[this.#taken];
    if (post === undefined || message === undefined) return undefined;
    this.#depth -= 1;
    this.#taken += 1;
    if (this.#taken === post.length) {
      this.#posts.shift();
      this.#taken = 0;
    }
    // As soon as there is room, so that the watches decode during the commit of this turn.
    if (this.#waiting.length > 0 && this.#depth <= INBOX_HIGH_WATER) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    return message;
  }

  /** Resolves when there is a message, at once if there is one, or if none will be taken any more. */
  async arrival(): Promise<void> {
    if (this.#depth > 0 || this.#closed) return;
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

/**
 * Owns the waiting of tests: things that happen are put in, and taken out one by one by whoever awaits them.
 */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  push(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** What nobody has taken yet. */
  get waiting(): readonly T[] {
    return this.#items;
  }
}

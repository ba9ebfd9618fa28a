/** Owns randomness: one seeded generator, so that two runs with the same seed make the same names, ids and delays. */

/** The characters of Kubernetes' random name suffixes: no vowels and no look-alikes, so that no words appear. */
const NAME_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A reproducible source of random values (splitmix32: small, fast, and good enough for names and delays). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    return this.#next32() / 0x1_0000_0000;
  }

  /** A whole number in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of `values`, which must not be empty. */
  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.integer(values.length)] ?? values[0];
  }

  /** `length` lower-case hexadecimal digits. */
  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.#next32().toString(16).padStart(8, '0');
    return text.slice(0, length);
  }

  uuid(): string {
    const text = this.hex(32);
    const variant = '89ab'[this.integer(4)] ?? '8';
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20)}`;
  }

  /** The random end of a generated name, such as `x7k2p`. */
  nameSuffix(): string {
    let text = '';
    for (let index = 0; index < 5; index++) text += NAME_CHARACTERS[this.integer(NAME_CHARACTERS.length)] ?? 'b';
    return text;
  }

  #next32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let value = this.#state ^ (this.#state >>> 16);
    value = Math.imul(value, 0x21f0aaad);
    value ^= value >>> 15;
    value = Math.imul(value, 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  }
}

/** The characters that Kubernetes maps the digits of a hash to, so that it is safe in a name. */
export function safeName(digits: string): string {
  let text = '';
  for (const digit of digits) text += NAME_CHARACTERS[digit.charCodeAt(0) % NAME_CHARACTERS.length] ?? 'b';
  return text;
}

/** Owns what a node is to its kubelet: its address, the images that it has, and whether anybody hears of it. */
import { fullName } from './images.js';

/** How many addresses of pods a node has before they are used again: the pods' network is a /16 a cluster. */
const ADDRESSES = 65_000;

export class KubeletNode {
  readonly name: string;
  readonly address: string;
  /** False while the node is lost: its containers run on, and nothing is reported. */
  up = true;
  readonly #images: Set<string>;
  readonly #nextAddress: () => number;

  /** @param nextAddress counts the pods of the whole cluster, so that no two have one address. */
  constructor(name: string, address: string, images: readonly string[], nextAddress: () => number) {
    this.name = name;
    this.address = address;
    this.#images = new Set(images.map(fullName));
    this.#nextAddress = nextAddress;
  }

  hasImage(image: string): boolean {
    return this.#images.has(fullName(image));
  }

  addImage(image: string): void {
    this.#images.add(fullName(image));
  }

  newPodIP(): string {
    const number = this.#nextAddress() % ADDRESSES;
    return `10.244.${Math.floor(number / 250)}.${(number % 250) + 2}`;
  }
}

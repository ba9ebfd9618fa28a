/** Owns the vocabulary between the kubelet and its workers. */
import type { EventText } from '../controllers/event-recorder.js';
import type { Pod, PodStatus } from '../objects.js';
import type { Random } from '../random.js';
import type { Timers } from '../timers.js';
import type { ScriptResolver } from './script.js';

/** Milliseconds, from (inclusive) and to (exclusive). */
export type Range = readonly [low: number, high: number];

/** Something that takes time: it yields the milliseconds until its next step. */
export type Steps<R = void> = Generator<number, R, void>;

/** What a worker needs of the kubelet. */
export interface KubeletServices {
  readonly timers: Timers;
  readonly random: Random;
  readonly resolver: ScriptResolver | undefined;
  /** Reports a status. */
  report(pod: Pod, status: PodStatus): void;
  event(pod: Pod, text: EventText): void;
  /** Removes the object: everything of the pod has ended. */
  remove(pod: Pod): void;
}

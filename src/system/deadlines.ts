/**
 * Owns what must happen later and outlive the process: rows in the store, read when they are due, and one timer for the earliest.
 */
import type { EpochMs } from '../../machines/task/task.types.js';
import type { Clock, Timer } from './clock.js';
import type { Store, Write } from './store.port.js';

/** What is to be done: forget a stopped task or an INACTIVE service (ECS's hour), or a history; tell a service's batch of events. */
const DEADLINES = ['task', 'service', 'history', 'batch'] as const;

export interface Deadline {
  readonly due: EpochMs;
  readonly what: (typeof DEADLINES)[number];
  /** The task's, or the service's. */
  readonly arn: string;
}

/** Deadlines handled in one turn; more wait for the next. */
export const DUE_PER_TURN = 500;
/** The longest that Node's timers wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

const keyOf = (deadline: Deadline): readonly (string | number)[] => [deadline.due, deadline.what, deadline.arn];

export const writeDeadline = (deadline: Deadline): Write => ({ table: 'deadlines', key: keyOf(deadline), value: '' });
export const removeDeadline = (deadline: Deadline): Write => ({ table: 'deadlines', key: keyOf(deadline) });

export class Deadlines {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #armedFor: EpochMs | undefined;

  constructor(store: Store, clock: Clock, onDue: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The deadlines that are due, earliest first. */
  due(now: EpochMs): readonly Deadline[] {
    const deadlines: Deadline[] = [];
    for (const { key } of this.#store.range('deadlines', { end: [now + 1], limit: DUE_PER_TURN })) {
      const [due, name, arn] = key;
      const what = DEADLINES.find((known) => known === name);
      if (typeof due !== 'number' || typeof arn !== 'string' || what === undefined) continue;
      deadlines.push({ due, what, arn });
    }
    return deadlines;
  }

  /** Sees to it that the earliest deadline of the store is met. Called at start, and after each commit that wrote or met one. */
  arm(): void {
    const [first] = this.#store.range('deadlines', { limit: 1 });
    const due = Array.isArray(first?.key) && typeof first.key[0] === 'number' ? first.key[0] : undefined;
    if (due === this.#armedFor) return;
    this.disarm();
    if (due === undefined) return;
    this.#armedFor = due;
    const delay = Math.min(Math.max(0, due - this.#clock.now()), LONGEST_TIMER);
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#armedFor = undefined;
        this.#timer = undefined;
        // Timers fire a millisecond early now and then, by the clock that says what is due; and none waits longer than LONGEST_TIMER.
        if (this.#clock.now() < due) this.arm();
        else this.#onDue();
      },
      delay,
      { unref: true },
    );
  }

  disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = undefined;
  }
}

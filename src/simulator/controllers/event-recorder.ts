/**
 * Owns the making of Kubernetes Events, with what client-go's recorders do to them: the same event again is the same
 * object with a higher count, too many like it are combined, and whoever says too much is silenced.
 *
 * Events of the scheduler are of the newer kind: `eventTime` instead of first and last timestamps, and no count.
 */
import type { Registry } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import { fromTimestamp, toMicroTimestamp, toTimestamp } from '../instants.js';
import type { CoreEvent, KubeObject } from '../objects.js';
import type { Random } from '../random.js';
import { EVENTS } from '../resources.js';
import type { Timers } from '../timers.js';

/** How long an Event is kept after it was last seen, in milliseconds: the API server's default. */
export const EVENT_TTL = 3_600_000;
/** How often old Events are looked for, in milliseconds. */
const SWEEP_INTERVAL = 60_000;
/** How many different messages of one reason are told apart, within {@link SIMILAR_WINDOW}, before they are combined. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW = 600_000;
/** How many events one source may record of one object at once, and how long it takes to earn another, in milliseconds. */
const BURST = 25;
const REFILL = 300_000;
/** How many of these memories are kept. */
const MEMORY = 4_096;

/** Who records. */
export interface EventSource {
  readonly component: string;
  readonly host?: string;
  /** The name in managedFields. */
  readonly manager: string;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The part of the object, such as `spec.containers{main}`. */
  readonly fieldPath?: string | undefined;
}

export class EventRecorder {
  readonly #registry: Registry;
  readonly #random: Random;
  readonly #timers: Timers;
  /** The Event that stands for each correlation key. */
  readonly #known = new Map<string, string>();
  readonly #similar = new Map<string, { messages: Set<string>; last: number }>();
  readonly #budgets = new Map<string, { left: number; at: number }>();

  constructor(registry: Registry, random: Random, timers: Timers) {
    this.#registry = registry;
    this.#random = random;
    this.#timers = timers;
  }

  /** Begins to drop Events that nobody has seen for {@link EVENT_TTL}. */
  start(): void {
    this.#timers.after(SWEEP_INTERVAL, () => {
      this.#sweep();
      this.start();
    });
  }

  /** Records an event of the kubelet's or of a controller's kind. Where the namespace is gone, nothing happens. */
  record(source: EventSource, about: KubeObject, text: EventText): void {
    const { component, host = '' } = source;
    const now = this.#timers.now();
    const object = [component, host, about.metadata.uid].join('|');
    if (!this.#allowed(object, now)) return;
    const kind = [object, text.type, text.reason].join('|');
    const combined = this.#isOneTooMany(kind, text.message, now);
    const message = combined ? `(combined from similar events): ${text.message}` : text.message;
    const key = combined ? kind : [kind, text.fieldPath ?? '', text.message].join('|');
    if (this.#repeat(key, about.metadata.namespace, source, message)) return;
    const timestamp = toTimestamp(now);
    this.#create(key, source, about, {
      ...frame(text, message, about),
      source: host === '' ? { component } : { component, host },
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    });
  }

  /**
   * Records an event of the scheduler's kind; repeats of it, about the same version of the pod, become a series.
   *
   * @param action what the scheduler was doing: `Binding` or `Scheduling`.
   */
  recordScheduling(about: KubeObject, text: EventText, action: string): void {
    const eventTime = toMicroTimestamp(this.#timers.now(), this.#random.integer(1000));
    const { uid, resourceVersion, namespace } = about.metadata;
    const key = ['scheduler', uid, resourceVersion, text.reason, text.message].join('|');
    if (this.#continueSeries(key, namespace, eventTime)) return;
    this.#create(key, SCHEDULER, about, {
      ...frame(text, text.message, about),
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime,
      action,
      reportingComponent: 'default-scheduler',
      reportingInstance: 'default-scheduler-simulator',
    });
  }

  #create(
    key: string,
    { manager }: EventSource,
    about: KubeObject,
    fields: Omit<CoreEvent, 'kind' | 'apiVersion' | 'metadata'>,
  ): void {
    const namespace = about.metadata.namespace ?? 'default';
    const nanoseconds = BigInt(this.#timers.now()) * 1_000_000n + BigInt(this.#random.integer(1_000_000));
    const name = `${about.metadata.name}.${nanoseconds.toString(16)}`;
    try {
      this.#registry.create(EVENTS, namespace, { metadata: { name }, ...fields }, { manager });
    } catch {
      // A namespace that is going or gone takes no Events; whoever records them never learns of it.
      return;
    }
    remember(this.#known, key, keyOf(namespace, name));
  }

  #repeat(key: string, namespace: string | undefined, source: EventSource, message: string): boolean {
    const known = this.#known.get(key);
    if (known === undefined || namespace === undefined) return false;
    const lastTimestamp = toTimestamp(this.#timers.now());
    const written = this.#registry.write(EVENTS, known, source.manager, (event) => ({
      ...event,
      message,
      lastTimestamp,
      count: (event.count ?? 1) + 1,
    }));
    return written !== undefined;
  }

  #continueSeries(key: string, namespace: string | undefined, lastObservedTime: string): boolean {
    const known = this.#known.get(key);
    if (known === undefined || namespace === undefined) return false;
    const written = this.#registry.write(EVENTS, known, SCHEDULER.manager, (event) => {
      const { action, reportingComponent, reportingInstance, ...rest } = event;
      const series = { count: (event.series?.count ?? 0) + 1, lastObservedTime };
      return { ...rest, series, action, reportingComponent, reportingInstance };
    });
    return written !== undefined;
  }

  #allowed(object: string, now: number): boolean {
    const budget = this.#budgets.get(object) ?? { left: BURST, at: now };
    const left = Math.min(BURST, budget.left + (now - budget.at) / REFILL);
    remember(this.#budgets, object, { left: Math.max(0, left - 1), at: now });
    return left >= 1;
  }

  #isOneTooMany(kind: string, message: string, now: number): boolean {
    const known = this.#similar.get(kind);
    const record =
      known === undefined || now - known.last > SIMILAR_WINDOW ? { messages: new Set<string>(), last: now } : known;
    record.last = now;
    record.messages.add(message);
    remember(this.#similar, kind, record);
    if (record.messages.size < SIMILAR_LIMIT) return false;
    // The set does not grow further: the oldest message is forgotten for the new one.
    const [oldest] = record.messages;
    if (oldest !== undefined) record.messages.delete(oldest);
    return true;
  }

  #sweep(): void {
    const oldest = this.#timers.now() - EVENT_TTL;
    // A copy: the list changes while it is worked on.
    const events = Array.from(this.#registry.storage.values(EVENTS));
    for (const event of events) {
      const { namespace, name, creationTimestamp } = event.metadata;
      const seen = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? creationTimestamp;
      if (fromTimestamp(seen) < oldest) this.#registry.storage.remove(EVENTS, keyOf(namespace, name));
    }
  }
}

const SCHEDULER: EventSource = { component: 'default-scheduler', manager: 'kube-scheduler' };

function frame({ type, reason, fieldPath }: EventText, message: string, about: KubeObject) {
  const { kind, apiVersion, metadata } = about;
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    involvedObject: { kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath },
    reason,
    message,
    type,
  };
}

/** Keeps the latest {@link MEMORY} entries of a map. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MEMORY) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

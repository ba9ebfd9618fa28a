/**
 * Owns the metrics of one ecstate: the objects of the catalogue on a registry of their own, and their exposition.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ROLLOUT_STATES, SERVICE_STATUSES } from '../../machines/service/service.types.js';
import { LAST_STATUSES } from '../../machines/task/task.types.js';
import { WATCH_STATES } from '../../machines/watch/watch.types.js';
import type { WatchState } from '../../machines/watch/watch.types.js';
import type { CommittedState } from '../system/state.port.js';
import { METRIC_CATALOGUE } from './catalogue.js';
import type { MetricDefinition, MetricKey } from './catalogue.js';

type Catalogue = typeof METRIC_CATALOGUE;
type LabelOf<K extends MetricKey> = Catalogue[K]['labels'][number];
type KeyOfType<T extends MetricDefinition['type']> = {
  [K in MetricKey]: Catalogue[K]['type'] extends T ? K : never;
}[MetricKey];
type GaugeKey = KeyOfType<'gauge'>;

/** One value of a gauge that is read when it is asked for. */
interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

type MetricObjects = { readonly [K in KeyOfType<'counter'>]: Counter<LabelOf<K>> } & {
  readonly [K in GaugeKey]: Gauge<LabelOf<K>>;
} & { readonly [K in KeyOfType<'histogram'>]: Histogram<LabelOf<K>> };

/** The metric objects, each under its name in the catalogue. */
export interface Metrics extends MetricObjects {
  /**
   * Has the gauge read by `read` at each exposition, in place of being set: for what is cheaper to ask than to follow.
   * When `read` throws, the gauge is left out of that exposition and the failure counted.
   */
  sample<K extends GaugeKey>(key: K, read: () => Iterable<Sample<LabelOf<K>>>): void;
  /** Everything, in Prometheus's text format. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What prom-client's own metrics of the process are called: `ecstate_process_…`, `ecstate_nodejs_…`. */
const PROCESS_PREFIX = 'ecstate_';

/**
 * Creates every metric of the catalogue on a new registry; nothing is shared with another call, and nothing is global.
 *
 * @param options.processMetrics whether memory, CPU, file descriptors, garbage collection and the event loop's lag are measured too
 */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const readers = new Map<string, () => Iterable<Sample<string>>>();
  const objects: Partial<Record<MetricKey, Counter | Gauge | Histogram>> = {};
  const sampleFailures = new Counter({ ...ofDefinition(METRIC_CATALOGUE.sampleFailures), registers: [registry] });

  for (const [key, definition] of Object.entries<MetricDefinition>(METRIC_CATALOGUE)) {
    // Object.entries widens the keys of a constant to strings.
    objects[key as MetricKey] =
      definition.name === METRIC_CATALOGUE.sampleFailures.name ? sampleFailures : create(key, definition);
  }

  function create(key: string, definition: MetricDefinition): Counter | Gauge | Histogram {
    const config = { ...ofDefinition(definition), registers: [registry] };
    if (definition.type === 'counter') return new Counter(config);
    if (definition.type === 'histogram') return new Histogram({ ...config, buckets: [...(definition.buckets ?? [])] });
    return new Gauge({
      ...config,
      collect() {
        const read = readers.get(key);
        if (read === undefined) return;
        this.reset();
        try {
          for (const { labels, value } of read()) this.set(labels, value);
        } catch {
          this.reset();
          // A gauge without labels is 0 after a reset, which would be a statement.
          if (definition.labels.length === 0) this.remove();
          sampleFailures.inc({ metric: definition.name });
        }
      },
    });
  }

  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry, prefix: PROCESS_PREFIX });

  return {
    // The loop above made one object of the catalogued type for each key; TypeScript cannot follow it from key to type.
    ...(objects as unknown as MetricObjects),
    sample: (key, read) => {
      readers.set(key, read);
    },
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

const ofDefinition = ({
  name,
  help,
  labels,
}: MetricDefinition): { name: string; help: string; labelNames: string[] } => ({
  name,
  help,
  labelNames: [...labels],
});

/** Has `ecstate_tasks` counted from committed state at each exposition; a status that no task has is 0. */
export function sampleTasks(metrics: Metrics, state: Pick<CommittedState, 'tasks'>): void {
  metrics.sample('tasks', () => {
    const counts = new Map<string, number>(LAST_STATUSES.map((status) => [status, 0]));
    for (const { lastStatus } of state.tasks()) counts.set(lastStatus, (counts.get(lastStatus) ?? 0) + 1);
    return Array.from(counts, ([lastStatus, value]) => ({ labels: { last_status: lastStatus }, value }));
  });
}

/** Has services and their deployments counted from committed state at each exposition; a status that none has is 0. */
export function sampleServices(metrics: Metrics, state: Pick<CommittedState, 'services'>): void {
  metrics.sample('services', () => {
    const counts = new Map<string, number>(SERVICE_STATUSES.map((status) => [status, 0]));
    for (const { status } of state.services()) counts.set(status, (counts.get(status) ?? 0) + 1);
    return Array.from(counts, ([status, value]) => ({ labels: { status }, value }));
  });
  metrics.sample('serviceDeployments', () => {
    const counts = new Map<string, number>(ROLLOUT_STATES.map((rollout) => [rollout, 0]));
    for (const { deployments } of state.services())
      for (const { rollout } of deployments) counts.set(rollout, (counts.get(rollout) ?? 0) + 1);
    return Array.from(counts, ([rollout, value]) => ({ labels: { rollout_state: rollout }, value }));
  });
}

/** Says where the watch of a kind is now. */
export function setWatchState(metrics: Metrics, kind: string, current: WatchState): void {
  for (const state of WATCH_STATES) metrics.watchState.set({ kind, state }, state === current ? 1 : 0);
}

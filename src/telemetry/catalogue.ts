/**
 * Owns the names of ecstate's metrics: each with its type, its labels and what it says. Names are stable: dashboards and alerts are built on them.
 *
 * Units are in the names, in Prometheus's base units. No label carries an ARN, an id or anything else that grows with the cluster.
 * Beside these there are prom-client's own of the process, `ecstate_process_*` and `ecstate_nodejs_*`; among them the event loop's lag
 * (`ecstate_nodejs_eventloop_lag_*_seconds`), which perf_hooks' monitorEventLoopDelay measures.
 */

export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** From a turn that touches one task (a tenth of a millisecond) to one that commits a relist of thousands. */
const TURN_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** A commit waits for the disk: from a fast NVMe to a disk that is in trouble. */
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const HTTP_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const MESSAGES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

/** Every metric that ecstate sets itself, by the name under which {@link Metrics} has it. */
export const METRIC_CATALOGUE = {
  watchEvents: {
    name: 'ecstate_watch_events_total',
    type: 'counter',
    help: 'Lines taken from Kubernetes watches, by watched kind and type: CHANGE (an object was added, modified or deleted) or BOOKMARK.',
    labels: ['kind', 'type'],
  },
  watchMalformed: {
    name: 'ecstate_watch_malformed_total',
    type: 'counter',
    help: 'Watch lines and listed objects that could not be read, and were passed over.',
    labels: ['kind'],
  },
  watchReconnects: {
    name: 'ecstate_watch_reconnects_total',
    type: 'counter',
    help: 'Times a watch was opened again, by why the one before it was over (ended, silent, expired, or an error code).',
    labels: ['kind', 'reason'],
  },
  watchState: {
    name: 'ecstate_watch_state',
    type: 'gauge',
    help: 'Where each watch is: 1 for its state, 0 for the others.',
    labels: ['kind', 'state'],
  },
  watchLastEventAge: {
    name: 'ecstate_watch_last_event_age_seconds',
    type: 'gauge',
    help: 'Time since anything, a bookmark included, was heard on a watch.',
    labels: ['kind'],
  },
  watchRelists: {
    name: 'ecstate_watch_relists_total',
    type: 'counter',
    help: 'Complete lists taken of a kind, the first one included.',
    labels: ['kind'],
  },
  turns: {
    name: 'ecstate_turns_total',
    type: 'counter',
    help: 'Committed turns.',
    labels: [],
  },
  turnDuration: {
    name: 'ecstate_turn_duration_seconds',
    type: 'histogram',
    help: 'Time of a turn, from the first message taken to its commit.',
    labels: [],
    buckets: TURN_SECONDS,
  },
  turnMessages: {
    name: 'ecstate_turn_messages',
    type: 'histogram',
    help: 'Messages taken in one turn.',
    labels: [],
    buckets: MESSAGES,
  },
  commitDuration: {
    name: 'ecstate_commit_duration_seconds',
    type: 'histogram',
    help: 'Time until a turn was durable in the store.',
    labels: [],
    buckets: COMMIT_SECONDS,
  },
  inboxMessages: {
    name: 'ecstate_inbox_messages',
    type: 'gauge',
    help: 'Messages that wait for the next turn.',
    labels: [],
  },
  tasks: {
    name: 'ecstate_tasks',
    type: 'gauge',
    help: 'Tasks that can be described, by lastStatus.',
    labels: ['last_status'],
  },
  services: {
    name: 'ecstate_services',
    type: 'gauge',
    help: 'Services that can be described, by status.',
    labels: ['status'],
  },
  serviceDeployments: {
    name: 'ecstate_service_deployments',
    type: 'gauge',
    help: 'Deployments in the lists of services, by rolloutState; one that stays IN_PROGRESS or FAILED is a rollout that hangs.',
    labels: ['rollout_state'],
  },
  actors: {
    name: 'ecstate_live_actors',
    type: 'gauge',
    help: 'Actors held in memory.',
    labels: [],
  },
  actorFailures: {
    name: 'ecstate_actor_failures_total',
    type: 'counter',
    help: 'Actors that failed, were set aside and were rebuilt from the cluster.',
    labels: [],
  },
  taskTransitions: {
    name: 'ecstate_task_transitions_total',
    type: 'counter',
    help: 'Committed changes of a lastStatus, by the new one.',
    labels: ['to'],
  },
  unclaimedEvents: {
    name: 'ecstate_unclaimed_events',
    type: 'gauge',
    help: 'Kubernetes Events held until the pod that they speak of is seen.',
    labels: [],
  },
  storeSize: {
    name: 'ecstate_store_size_bytes',
    type: 'gauge',
    help: 'Size of the store on disk.',
    labels: [],
  },
  storeRows: {
    name: 'ecstate_store_rows',
    type: 'gauge',
    help: 'Rows in each table of the store.',
    labels: ['table'],
  },
  httpRequests: {
    name: 'ecstate_http_requests_total',
    type: 'counter',
    help: 'HTTP requests answered, by operation and HTTP status (`aborted`: the client left first).',
    labels: ['operation', 'status'],
  },
  httpDuration: {
    name: 'ecstate_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time until an HTTP request was answered; streams are left out.',
    labels: ['operation'],
    buckets: HTTP_SECONDS,
  },
  httpStreams: {
    name: 'ecstate_http_streams',
    type: 'gauge',
    help: 'Event streams that are open.',
    labels: [],
  },
  sampleFailures: {
    name: 'ecstate_metric_sample_failures_total',
    type: 'counter',
    help: 'Times a metric could not be read when it was asked for; it is left out of that answer.',
    labels: ['metric'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricKey = keyof typeof METRIC_CATALOGUE;

/** The catalogue by name, in alphabetical order: what a page about the metrics is made from. */
export function listMetrics(): readonly MetricDefinition[] {
  return Object.values<MetricDefinition>(METRIC_CATALOGUE).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

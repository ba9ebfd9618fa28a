/**
 * Owns the catalogue of watches: for each, the kind that it lists and the messages that its objects become. RBAC is made from it.
 */
import { observeDeployment, observeReplicaSet, observeTaskSet } from '../../observe/deployment.js';
import type {
  DeploymentFacts,
  ReplicaSetFacts,
  ServiceIdentity,
  TaskSetFacts,
} from '../../../machines/service/service.types.js';
import type { ArnDefaults } from '../../observe/arn.js';
import { observePodEvent } from '../../observe/event.js';
import type { PodEvent } from '../../observe/event.js';
import { observeNotice, replicaSetOf } from '../../observe/service-event.js';
import type { Notice } from '../../observe/service-event.js';
import { SERVICE_SELECTORS, observeServiceIdentity } from '../../observe/service-identity.js';
import type { RawObject } from '../../observe/raw.js';
import type { Clock } from '../../system/clock.js';
import type { WatchScope } from '../../system/messages.js';
import { decodeLine, decodeObject } from '../lines.js';
import type { WatchSink, WatchedKind } from '../watched-kind.js';
import { podKind } from './pods.js';
import type { KnownPods } from './pods.js';
import { sinkOf } from './sinks.js';
import type { Intake, ToMessage } from './sinks.js';

/** A watch, ready to be run: calls back with its kind and its sink, whatever the type of their values. */
export type OpenWatch = <Result>(open: <T>(kind: WatchedKind<T>, sink: WatchSink<T>) => Result) => Result;

export interface WatchParts {
  readonly known: KnownPods;
  readonly defaults: ArnDefaults;
  readonly intake: Intake;
  readonly clock: Clock;
}

/** The watch of this scope. */
export function watchOf(scope: WatchScope, { known, defaults, intake, clock }: WatchParts): OpenWatch {
  const watch =
    <T>(kind: WatchedKind<T>, toMessage: ToMessage<T>): OpenWatch =>
    (open) =>
      open(kind, sinkOf(scope, intake, clock, toMessage));
  switch (scope.kind) {
    case 'pods':
    case 'taskset-pods':
      return watch(podKind(scope.kind === 'pods' ? 'kecs' : 'taskSet', known, defaults), (pod, change, at) =>
        pod === undefined ? undefined : { kind: 'pod', change, pod, at },
      );
    case 'deployments':
      return watch(deploymentKind(defaults), (value, change, at) =>
        value === undefined ? undefined : { kind: 'deployment', change, ...value, at },
      );
    case 'taskset-deployments':
      return watch(taskSetKind(defaults), (value, change, at) =>
        value === undefined ? undefined : { kind: 'taskset', change, ...value, at },
      );
    case 'replicasets':
      return watch(replicaSetKind(defaults), (value, change, at) =>
        value === undefined ? undefined : { kind: 'replicaset', change, ...value, at },
      );
    // An Event that is deleted has only grown old.
    case 'events':
      return watch(podEventKind, (event, change, at) =>
        event === undefined || change === 'deleted' ? undefined : { kind: 'event', event, scope, at },
      );
    case 'replicaset-events':
      return watch(replicaSetEventKind, (value, change, at) =>
        value === undefined || change === 'deleted' ? undefined : { kind: 'notice', ...value, at },
      );
  }
}

/** A kind whose objects are parsed whole: there are few of them, or they are small. */
function wholeKind<T>(
  name: string,
  api: string,
  selector: { readonly labelSelector?: string; readonly fieldSelector?: string },
  observe: (item: RawObject) => T,
): WatchedKind<T> {
  return {
    name,
    path: `${api}/${name}`,
    namespacedPath: (namespace) => `${api}/namespaces/${namespace}/${name}`,
    ...selector,
    decodeLine: (line) => decodeLine(line, observe),
    decodeItem: (item) => decodeObject(item, observe),
  };
}

type OfService<Facts> = { readonly identity: ServiceIdentity; readonly facts: Facts } | undefined;

/** The facts of an object, with the service whose it is; undefined when it is no service's. */
const ofService =
  <Facts>(kind: string, defaults: ArnDefaults, observe: (item: RawObject) => Facts | undefined) =>
  (item: RawObject): OfService<Facts> => {
    const identity = observeServiceIdentity(kind, item, defaults);
    const facts = identity === undefined ? undefined : observe(item);
    return identity === undefined || facts === undefined ? undefined : { identity, facts };
  };

const APPS = '/apis/apps/v1';
const CORE = '/api/v1';

const deploymentKind = (defaults: ArnDefaults): WatchedKind<OfService<DeploymentFacts>> =>
  wholeKind(
    'deployments',
    APPS,
    { labelSelector: SERVICE_SELECTORS.deployments.kecs },
    ofService('Deployment', defaults, observeDeployment),
  );

const taskSetKind = (defaults: ArnDefaults): WatchedKind<OfService<TaskSetFacts>> =>
  wholeKind(
    'deployments',
    APPS,
    { labelSelector: SERVICE_SELECTORS.deployments.taskSet },
    ofService('Deployment', defaults, observeTaskSet),
  );

const replicaSetKind = (defaults: ArnDefaults): WatchedKind<OfService<ReplicaSetFacts>> =>
  wholeKind(
    'replicasets',
    APPS,
    { labelSelector: SERVICE_SELECTORS.replicasets.kecs },
    ofService('ReplicaSet', defaults, observeReplicaSet),
  );

/** Events carry no labels: every Event about a pod in these namespaces is taken, and what tells nobody anything is dropped. */
const podEventKind: WatchedKind<PodEvent | undefined> = wholeKind(
  'events',
  CORE,
  { fieldSelector: 'involvedObject.kind=Pod' },
  observePodEvent,
);

const replicaSetEventKind: WatchedKind<({ readonly replicaSetUid: string } & Notice) | undefined> = wholeKind(
  'events',
  CORE,
  { fieldSelector: 'involvedObject.kind=ReplicaSet' },
  (event) => {
    const notice = observeNotice(event);
    const replicaSetUid = replicaSetOf(event);
    return notice === undefined || replicaSetUid === undefined ? undefined : { replicaSetUid, ...notice };
  },
);

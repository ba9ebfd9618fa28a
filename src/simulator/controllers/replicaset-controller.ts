/**
 * Owns ReplicaSets: as many pods as wanted, no more and no fewer, and a status that says how many there are.
 *
 * Order of a sync: the pods are counted, then created or deleted, then the status is written from the count that was
 * made *before*; the pods that it made come back as changes, and with the next sync into the status. So a generation is
 * observed before its replicas are there, as in a real cluster.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Registry } from '../api/registry.js';
import { withMetadata } from '../api/registry.js';
import { selectorMatches } from '../api/selectors.js';
import { ApiError } from '../api/status.js';
import { keyOf } from '../api/storage.js';
import { toTimestamp } from '../instants.js';
import type { OwnerReference, Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../objects.js';
import { PODS, REPLICASETS } from '../resources.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../work-queue.js';
import type { EventRecorder, EventSource } from './event-recorder.js';
import { byLeastLoss, isActive, isReady, readySince } from './pod-state.js';

/** How long a change waits for the controller, in milliseconds. */
const LATENCY = 12;
/** How long after a refused creation the next attempt comes, in milliseconds; it doubles, up to {@link RETRY_LIMIT}. */
const RETRY = 500;
const RETRY_LIMIT = 300_000;

const SOURCE: EventSource = { component: 'replicaset-controller', manager: 'kube-controller-manager' };
const { manager: MANAGER } = SOURCE;

/** The pods that a ReplicaSet has at once after a sync are limited, so that a mistake does not flood a cluster. */
const BURST_REPLICAS = 500;

export class ReplicaSetController {
  readonly #registry: Registry;
  readonly #recorder: EventRecorder;
  readonly #timers: Timers;
  readonly #queue: WorkQueue;
  readonly #retries = new Map<string, number>();

  constructor(registry: Registry, recorder: EventRecorder, timers: Timers) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#timers = timers;
    this.#queue = new WorkQueue(timers, LATENCY, (key) => this.#sync(key));
  }

  start(): void {
    const { storage } = this.#registry;
    storage.subscribe(REPLICASETS, ({ object }) =>
      this.#queue.add(keyOf(object.metadata.namespace, object.metadata.name)),
    );
    storage.subscribe(PODS, ({ type, object, previous }) => {
      const owner = controllerOf(object) ?? (previous === undefined ? undefined : controllerOf(previous));
      if (owner !== undefined) this.#queue.add(keyOf(object.metadata.namespace, owner.name));
      else if (type === 'ADDED') this.#offer(object);
    });
  }

  /** A pod without an owner may belong to a ReplicaSet that selects it. */
  #offer(pod: Pod): void {
    for (const { metadata, spec } of this.#registry.storage.values(REPLICASETS)) {
      if (metadata.namespace === pod.metadata.namespace && selectorMatches(spec.selector, pod.metadata.labels)) {
        this.#queue.add(keyOf(metadata.namespace, metadata.name));
      }
    }
  }

  #sync(key: string): void {
    const replicaSet = this.#registry.storage.get(REPLICASETS, key);
    if (replicaSet === undefined) {
      this.#retries.delete(key);
      return;
    }
    const pods = this.#claim(replicaSet).filter(isActive);
    const refusal =
      replicaSet.metadata.deletionTimestamp === undefined ? this.#manage(key, replicaSet, pods) : undefined;
    this.#writeStatus(key, replicaSet, this.#statusOf(replicaSet, pods, refusal));
    this.#awaitAvailability(key, replicaSet, pods);
  }

  /** Its pods; a ReplicaSet that has none yet adopts those that nobody owns and that it selects. */
  #claim(replicaSet: ReplicaSet): Pod[] {
    const { uid, namespace } = replicaSet.metadata;
    const owned = this.#registry.storage.ownedBy(PODS, uid);
    if (replicaSet.metadata.deletionTimestamp !== undefined || owned.length > 0 || replicaSet.spec.replicas === 0)
      return owned;
    for (const pod of this.#registry.storage.values(PODS)) {
      if (pod.metadata.namespace !== namespace || controllerOf(pod) !== undefined || !isActive(pod)) continue;
      if (!selectorMatches(replicaSet.spec.selector, pod.metadata.labels)) continue;
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), ownerReference(replicaSet)];
      const key = keyOf(namespace, pod.metadata.name);
      const adopted = this.#registry.write(PODS, key, MANAGER, (current) => withMetadata(current, { ownerReferences }));
      if (adopted !== undefined) owned.push(adopted);
    }
    return owned;
  }

  /** Creates or deletes. Returns why the creation of pods was refused. */
  #manage(key: string, replicaSet: ReplicaSet, pods: readonly Pod[]): string | undefined {
    const missing = replicaSet.spec.replicas - pods.length;
    if (missing > 0) return this.#create(key, replicaSet, Math.min(missing, BURST_REPLICAS));
    if (missing < 0) this.#delete(replicaSet, pods, -missing);
    return undefined;
  }

  #create(key: string, replicaSet: ReplicaSet, missing: number): string | undefined {
    const { namespace, name } = replicaSet.metadata;
    const { metadata = {}, spec } = replicaSet.spec.template;
    const manifest = {
      metadata: {
        generateName: `${name}-`,
        labels: metadata.labels,
        annotations: metadata.annotations,
        ownerReferences: [ownerReference(replicaSet)],
      },
      spec,
    };
    for (let count = 0; count < missing; count++) {
      try {
        const pod = this.#registry.create(PODS, namespace, manifest, { manager: MANAGER });
        this.#recorder.record(SOURCE, replicaSet, {
          type: 'Normal',
          reason: 'SuccessfulCreate',
          message: `Created pod: ${pod.metadata.name}`,
        });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const message = `Error creating: ${error.message}`;
        this.#recorder.record(SOURCE, replicaSet, { type: 'Warning', reason: 'FailedCreate', message });
        const retries = this.#retries.get(key) ?? 0;
        this.#retries.set(key, retries + 1);
        this.#queue.addAfter(key, Math.min(RETRY * 2 ** retries, RETRY_LIMIT));
        return error.message;
      }
    }
    this.#retries.delete(key);
    return undefined;
  }

  #delete(replicaSet: ReplicaSet, pods: readonly Pod[], surplus: number): void {
    const onNode = new Map<string, number>();
    for (const { spec } of pods) onNode.set(spec.nodeName ?? '', (onNode.get(spec.nodeName ?? '') ?? 0) + 1);
    const chosen = [...pods].sort(byLeastLoss((node) => onNode.get(node) ?? 0)).slice(0, surplus);
    for (const { metadata } of chosen) {
      this.#registry.delete(PODS, metadata.namespace, metadata.name, {}, { manager: MANAGER });
      this.#recorder.record(SOURCE, replicaSet, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: `Deleted pod: ${metadata.name}`,
      });
    }
  }

  #statusOf(replicaSet: ReplicaSet, pods: readonly Pod[], refusal: string | undefined): ReplicaSetStatus {
    const templateLabels = Object.entries(replicaSet.spec.template.metadata?.labels ?? {});
    const labelled = pods.filter(({ metadata }) =>
      templateLabels.every(([name, value]) => metadata.labels?.[name] === value),
    );
    const ready = pods.filter(isReady);
    const available = ready.filter((pod) => this.#availableIn(replicaSet, pod) <= 0);
    return {
      replicas: pods.length,
      fullyLabeledReplicas: absentIfZero(labelled.length),
      readyReplicas: absentIfZero(ready.length),
      availableReplicas: absentIfZero(available.length),
      observedGeneration: replicaSet.metadata.generation,
      conditions: this.#failure(replicaSet, refusal),
    };
  }

  #failure(replicaSet: ReplicaSet, refusal: string | undefined): readonly ReplicaSetCondition[] | undefined {
    if (refusal === undefined) return undefined;
    const old = replicaSet.status.conditions?.[0];
    if (old?.message === refusal) return [old];
    const lastTransitionTime = toTimestamp(this.#timers.now());
    return [{ type: 'ReplicaFailure', status: 'True', lastTransitionTime, reason: 'FailedCreate', message: refusal }];
  }

  /** How long until a pod that is ready counts as available, in milliseconds. */
  #availableIn({ spec }: ReplicaSet, pod: Pod): number {
    const wait = this.#timers.scaled((spec.minReadySeconds ?? 0) * 1000);
    return wait === 0 ? 0 : readySince(pod) + wait - this.#timers.now();
  }

  #awaitAvailability(key: string, replicaSet: ReplicaSet, pods: readonly Pod[]): void {
    const waits = pods.filter(isReady).map((pod) => this.#availableIn(replicaSet, pod));
    const next = Math.min(...waits.filter((wait) => wait > 0));
    if (Number.isFinite(next)) this.#queue.addAfter(key, this.#timers.unscaled(next) + 1);
  }

  #writeStatus(key: string, replicaSet: ReplicaSet, status: ReplicaSetStatus): void {
    if (isDeepStrictEqual(withoutAbsent(status), withoutAbsent(replicaSet.status))) return;
    this.#registry.writeStatus(REPLICASETS, key, MANAGER, status);
  }
}

/** The owner that manages an object. */
function controllerOf({ metadata }: Pod): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function ownerReference({ apiVersion, kind, metadata }: ReplicaSet): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

/** Counters at 0 are not on the wire. */
function absentIfZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

function withoutAbsent(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/** Owns what a Deployment's controller writes into its ReplicaSets: their size, and the end of old ones. */
import { isDeepStrictEqual } from 'node:util';
import type { Registry } from '../api/registry.js';
import { withMetadata } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import type { Deployment, Labels, ReplicaSet } from '../objects.js';
import { REPLICASETS } from '../resources.js';
import type { EventRecorder, EventSource } from './event-recorder.js';
import { sizeAnnotations } from './revisions.js';
import { byAge } from './rollout.js';

export class ReplicaSetWriter {
  readonly #registry: Registry;
  readonly #recorder: EventRecorder;
  readonly #source: EventSource;

  constructor(registry: Registry, recorder: EventRecorder, source: EventSource) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#source = source;
  }

  /** Gives a ReplicaSet another number of replicas, and says so in an Event of the Deployment. */
  resize(deployment: Deployment, replicaSet: ReplicaSet, replicas: number): void {
    const direction = replicas > replicaSet.spec.replicas ? 'up' : 'down';
    const resized = this.#write(replicaSet, (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: withSizes(deployment, current) },
      spec: { ...current.spec, replicas },
    }));
    if (resized !== undefined) this.recordScaling(deployment, resized, direction, replicas);
  }

  /** Notes in a ReplicaSet how many replicas the Deployment wants now. */
  annotate(deployment: Deployment, replicaSet: ReplicaSet): void {
    this.#write(replicaSet, (current) => {
      const annotations = withSizes(deployment, current);
      return isDeepStrictEqual(annotations, current.metadata.annotations)
        ? current
        : withMetadata(current, { annotations });
    });
  }

  recordScaling(deployment: Deployment, replicaSet: ReplicaSet, direction: 'up' | 'down', replicas: number): void {
    const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} to ${replicas}`;
    this.#recorder.record(this.#source, deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  /** Lets old ReplicaSets without replicas go, but for the latest few that a rollback may want. */
  cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const limit = deployment.spec.revisionHistoryLimit;
    if (limit === undefined) return;
    const surplus = [...old].sort(byAge).slice(0, Math.max(0, old.length - limit));
    for (const { metadata, spec, status } of surplus) {
      const idle = spec.replicas === 0 && status.replicas === 0;
      const unobserved = (metadata.generation ?? 0) > (status.observedGeneration ?? 0);
      if (!idle || unobserved || metadata.deletionTimestamp !== undefined) continue;
      this.#registry.delete(REPLICASETS, metadata.namespace, metadata.name, {}, { manager: this.#source.manager });
    }
  }

  #write({ metadata }: ReplicaSet, change: (current: ReplicaSet) => ReplicaSet): ReplicaSet | undefined {
    return this.#registry.write(REPLICASETS, keyOf(metadata.namespace, metadata.name), this.#source.manager, change);
  }
}

function withSizes(deployment: Deployment, { metadata }: ReplicaSet): Labels {
  const annotations = { ...metadata.annotations, ...sizeAnnotations(deployment) };
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

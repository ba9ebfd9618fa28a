/**
 * Owns Deployments: their ReplicaSets, one a revision, and the way from one to the next.
 *
 * Order of a sync: deletion (status only), pause, a changed size (scale, then status), then the strategy. Within a
 * rolling update a sync makes one step: it scales the new ReplicaSet up, or the old ones down, or cleans up, and writes
 * the status. Every write comes back as a change and makes the next sync, as in a real cluster.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Registry } from '../api/registry.js';
import { withMetadata } from '../api/registry.js';
import { selectorMatches } from '../api/selectors.js';
import { ApiError } from '../api/status.js';
import { keyOf } from '../api/storage.js';
import { fromTimestamp } from '../instants.js';
import type { Deployment, DeploymentStatus, OwnerReference, ReplicaSet } from '../objects.js';
import { DEPLOYMENTS, PODS, REPLICASETS } from '../resources.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../work-queue.js';
import type { ConditionText, Revisions } from './deployment-status.js';
import {
  conditionOf,
  countedStatus,
  hasDeadline,
  isComplete,
  rolloutStatus,
  withCondition,
} from './deployment-status.js';
import type { EventRecorder, EventSource } from './event-recorder.js';
import { isActive } from './pod-state.js';
import { ReplicaSetWriter } from './replicaset-writer.js';
import {
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  nextRevision,
  revisionAnnotations,
  revisionsOf,
  TEMPLATE_HASH,
  templateHash,
} from './revisions.js';
import { actualOf, newReplicaCount, REVISION, revisionOf, scaleDownOld, scaleInProportion } from './rollout.js';

/** How long a change waits for the controller, in milliseconds. */
const LATENCY = 10;

const SOURCE: EventSource = { component: 'deployment-controller', manager: 'kube-controller-manager' };
const { manager: MANAGER } = SOURCE;

export class DeploymentController {
  readonly #registry: Registry;
  readonly #replicaSets: ReplicaSetWriter;
  readonly #timers: Timers;
  readonly #queue: WorkQueue;

  constructor(registry: Registry, recorder: EventRecorder, timers: Timers) {
    this.#registry = registry;
    this.#replicaSets = new ReplicaSetWriter(registry, recorder, SOURCE);
    this.#timers = timers;
    this.#queue = new WorkQueue(timers, LATENCY, (key) => this.#sync(key));
  }

  start(): void {
    const { storage } = this.#registry;
    storage.subscribe(DEPLOYMENTS, ({ object }) =>
      this.#queue.add(keyOf(object.metadata.namespace, object.metadata.name)),
    );
    storage.subscribe(REPLICASETS, ({ object, previous }) => {
      const owner = controllerOf(object) ?? (previous === undefined ? undefined : controllerOf(previous));
      if (owner !== undefined) this.#queue.add(keyOf(object.metadata.namespace, owner.name));
    });
    // A rollout that first takes everything down waits for the last old pod.
    storage.subscribe(PODS, ({ type, object }) => {
      if (type !== 'DELETED') return;
      const { namespace, ownerReferences } = object.metadata;
      const replicaSet = storage.get(REPLICASETS, keyOf(namespace, ownerReferences?.[0]?.name ?? ''));
      const owner = replicaSet === undefined ? undefined : controllerOf(replicaSet);
      if (owner !== undefined) this.#queue.add(keyOf(namespace, owner.name));
    });
  }

  #sync(key: string): void {
    const deployment = this.#registry.storage.get(DEPLOYMENTS, key);
    if (deployment === undefined) return;
    const revisions = revisionsOf(deployment, this.#claim(deployment));
    if (deployment.metadata.deletionTimestamp !== undefined) {
      this.#write(key, deployment, countedStatus(deployment, revisions, this.#timers.now()));
      return;
    }
    const noted = this.#notePause(key, deployment);
    if (noted.spec.paused === true || this.#isResized(noted, revisions)) {
      const numbered = this.#renumber(key, noted, revisions);
      if (numbered === undefined) return;
      this.#scale(noted, numbered);
      this.#write(key, noted, countedStatus(noted, numbered, this.#timers.now()));
    } else if (noted.spec.strategy.type === 'Recreate') this.#recreate(key, noted, revisions);
    else this.#roll(key, noted, revisions);
  }

  /** Its ReplicaSets; a Deployment that has none yet adopts those that nobody owns and that it selects. */
  #claim(deployment: Deployment): ReplicaSet[] {
    const { uid, namespace, deletionTimestamp } = deployment.metadata;
    const owned = this.#registry.storage.ownedBy(REPLICASETS, uid);
    if (deletionTimestamp !== undefined || owned.length > 0) return owned;
    for (const replicaSet of this.#registry.storage.values(REPLICASETS)) {
      const { metadata } = replicaSet;
      if (metadata.namespace !== namespace || controllerOf(replicaSet) !== undefined) continue;
      if (!selectorMatches(deployment.spec.selector, metadata.labels)) continue;
      const ownerReferences = [...(metadata.ownerReferences ?? []), ownerReference(deployment)];
      const key = keyOf(namespace, metadata.name);
      const adopted = this.#registry.write(REPLICASETS, key, MANAGER, (current) =>
        withMetadata(current, { ownerReferences }),
      );
      if (adopted !== undefined) owned.push(adopted);
    }
    return owned;
  }

  // ---------------------------------------------------------------- pause and size

  #notePause(key: string, deployment: Deployment): Deployment {
    const progressing = conditionOf(deployment.status, 'Progressing');
    if (!hasDeadline(deployment) || progressing?.reason === 'ProgressDeadlineExceeded') return deployment;
    const noted = progressing?.reason === 'DeploymentPaused';
    const paused = deployment.spec.paused === true;
    if (noted === paused) return deployment;
    const text: ConditionText = {
      type: 'Progressing',
      status: 'Unknown',
      reason: paused ? 'DeploymentPaused' : 'DeploymentResumed',
      message: paused ? 'Deployment is paused' : 'Deployment is resumed',
    };
    const conditions = withCondition(deployment.status.conditions ?? [], text, this.#timers.now());
    return this.#write(key, deployment, { ...deployment.status, conditions });
  }

  /** Whether the wanted number changed since a ReplicaSet that is in use was last scaled. */
  #isResized(deployment: Deployment, { current, old }: Revisions): boolean {
    const wanted = String(deployment.spec.replicas);
    return active([...old, ...listOf(current)]).some(({ metadata }) => {
      const noted = metadata.annotations?.[DESIRED_REPLICAS];
      return noted !== undefined && noted !== wanted;
    });
  }

  #scale(deployment: Deployment, { current, old }: Revisions): void {
    const { replicas } = deployment.spec;
    const inUse = active([...old, ...listOf(current)]);
    const only = inUse.length > 1 ? undefined : (inUse[0] ?? current ?? old.at(-1));
    if (only !== undefined) {
      if (only.spec.replicas !== replicas) this.#replicaSets.resize(deployment, only, replicas);
      else this.#replicaSets.annotate(deployment, only);
    } else if (current !== undefined && isSaturated(deployment, current)) {
      for (const replicaSet of active(old)) this.#replicaSets.resize(deployment, replicaSet, 0);
    } else if (deployment.spec.strategy.type === 'RollingUpdate') {
      const before = ({ metadata }: ReplicaSet): number | undefined => numberOf(metadata.annotations?.[MAX_REPLICAS]);
      for (const { replicaSet, replicas: count } of scaleInProportion(deployment, inUse, before)) {
        if (count === replicaSet.spec.replicas) this.#replicaSets.annotate(deployment, replicaSet);
        else this.#replicaSets.resize(deployment, replicaSet, count);
      }
    }
  }

  // ---------------------------------------------------------------- strategies

  #roll(key: string, deployment: Deployment, revisions: Revisions): void {
    const found = this.#ensureCurrent(key, deployment, revisions);
    if (found === undefined) return;
    const { current, old } = found;
    const wanted = deployment.spec.replicas;
    const count =
      current.spec.replicas > wanted ? wanted : newReplicaCount(deployment, [...old, current], current.spec.replicas);
    if (count !== current.spec.replicas) {
      this.#replicaSets.resize(deployment, current, count);
    } else {
      const steps = scaleDownOld(deployment, active(old), current);
      for (const { replicaSet, replicas } of steps) this.#replicaSets.resize(deployment, replicaSet, replicas);
      if (steps.length === 0 && isComplete(deployment, deployment.status)) this.#replicaSets.cleanUp(deployment, old);
    }
    this.#report(key, deployment, found);
  }

  #recreate(key: string, deployment: Deployment, revisions: Revisions): void {
    const numbered = this.#renumber(key, deployment, revisions);
    if (numbered === undefined) return;
    const inUse = active(numbered.old);
    for (const replicaSet of inUse) this.#replicaSets.resize(deployment, replicaSet, 0);
    if (inUse.length > 0 || this.#oldPodsRemain(numbered.old)) {
      this.#report(key, deployment, numbered);
      return;
    }
    const found = this.#ensureCurrent(key, deployment, numbered);
    if (found === undefined) return;
    const { replicas } = deployment.spec;
    if (found.current.spec.replicas !== replicas) this.#replicaSets.resize(deployment, found.current, replicas);
    if (isComplete(deployment, deployment.status)) this.#replicaSets.cleanUp(deployment, found.old);
    this.#report(key, deployment, found);
  }

  #oldPodsRemain(old: readonly ReplicaSet[]): boolean {
    if (actualOf(old) > 0) return true;
    const { storage } = this.#registry;
    const pods = old.flatMap(({ metadata }) => storage.ownedBy(PODS, metadata.uid));
    return pods.some((pod) => isActive(pod) || pod.metadata.deletionTimestamp !== undefined);
  }

  // ---------------------------------------------------------------- revisions

  /** The current ReplicaSet, made when there is none; nothing when the sync ends here. */
  #ensureCurrent(
    key: string,
    deployment: Deployment,
    revisions: Revisions,
  ): (Revisions & { readonly current: ReplicaSet }) | undefined {
    const numbered = this.#renumber(key, deployment, revisions);
    if (numbered === undefined) return undefined;
    const current = numbered.current ?? this.#createCurrent(key, deployment, numbered.old);
    return current === undefined ? undefined : { current, old: numbered.old };
  }

  /**
   * Puts the annotations of the current ReplicaSet in order, and the Deployment's revision. A ReplicaSet that had to be
   * written ends the sync (nothing is returned): the write comes back as a change.
   */
  #renumber(key: string, deployment: Deployment, { current, old }: Revisions): Revisions | undefined {
    if (current === undefined) return { current, old };
    const annotations = revisionAnnotations(deployment, current, nextRevision(old));
    const { minReadySeconds } = deployment.spec;
    if (
      isDeepStrictEqual(annotations, current.metadata.annotations) &&
      current.spec.minReadySeconds === minReadySeconds
    ) {
      this.#setRevision(key, deployment, revisionOf(current), undefined);
      return { current, old };
    }
    this.#registry.write(
      REPLICASETS,
      keyOf(current.metadata.namespace, current.metadata.name),
      MANAGER,
      (replicaSet) => ({
        ...replicaSet,
        metadata: { ...replicaSet.metadata, annotations },
        spec:
          replicaSet.spec.minReadySeconds === minReadySeconds
            ? replicaSet.spec
            : { ...replicaSet.spec, minReadySeconds },
      }),
    );
    return undefined;
  }

  #createCurrent(key: string, deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet | undefined {
    const { namespace, name } = deployment.metadata;
    const { template, selector, minReadySeconds } = deployment.spec;
    const hash = templateHash(template);
    const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
    const revision = nextRevision(old);
    const replicas = newReplicaCount(deployment, old, 0);
    const manifest = {
      metadata: {
        name: `${name}-${hash}`,
        labels,
        annotations: revisionAnnotations(deployment, undefined, revision),
        ownerReferences: [ownerReference(deployment)],
      },
      spec: {
        replicas,
        minReadySeconds,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    try {
      const made = this.#registry.create(REPLICASETS, namespace, manifest, { manager: MANAGER });
      if (replicas > 0) this.#replicaSets.recordScaling(deployment, made, 'up', replicas);
      this.#setRevision(key, deployment, revision, {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetCreated',
        message: `Created new replica set "${made.metadata.name}"`,
      });
      return made;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#setRevision(key, deployment, revisionNumber(deployment), {
        type: 'Progressing',
        status: 'False',
        reason: 'ReplicaSetCreateError',
        message: error.message,
      });
      this.#queue.addAfter(key, 1_000);
      return undefined;
    }
  }

  /** Writes the revision into the Deployment, with a condition where there is news; one write for both. */
  #setRevision(key: string, deployment: Deployment, revision: number, news: ConditionText | undefined): void {
    const text = news !== undefined && hasDeadline(deployment) ? news : undefined;
    this.#registry.write(DEPLOYMENTS, key, MANAGER, (current) => {
      const known = current.metadata.annotations ?? {};
      const old = current.status.conditions ?? [];
      const conditions = text === undefined ? old : withCondition(old, text, this.#timers.now());
      const numbered = known[REVISION] === String(revision) || revision === 0;
      if (numbered && conditions === old) return current;
      const annotations = numbered ? known : sorted({ ...known, [REVISION]: String(revision) });
      const status = conditions === old ? current.status : { ...current.status, conditions };
      return { ...current, metadata: { ...current.metadata, annotations }, status };
    });
  }

  // ---------------------------------------------------------------- writes

  #report(key: string, deployment: Deployment, revisions: Revisions): void {
    const deadline = this.#timers.scaled((deployment.spec.progressDeadlineSeconds ?? 0) * 1000);
    const status = rolloutStatus(deployment, revisions, this.#timers.now(), deadline);
    if (this.#write(key, deployment, status) === deployment) this.#awaitDeadline(key, deployment, status, deadline);
  }

  /** Where nothing moves, the deadline is what comes next. */
  #awaitDeadline(key: string, deployment: Deployment, status: DeploymentStatus, deadline: number): void {
    const progressing = conditionOf(deployment.status, 'Progressing');
    if (!hasDeadline(deployment) || progressing === undefined) return;
    if (isComplete(deployment, status) || progressing.reason === 'ProgressDeadlineExceeded') return;
    const left = fromTimestamp(progressing.lastUpdateTime) + deadline - this.#timers.now();
    this.#queue.addAfter(key, Math.max(this.#timers.unscaled(left), 0) + 500);
  }

  /**
   * Writes a status, unless the Deployment has been written since the sync began: a real controller would meet a conflict
   * there, and begin anew. Returns the version that stands now.
   */
  #write(key: string, deployment: Deployment, status: DeploymentStatus): Deployment {
    const latest = this.#registry.storage.get(DEPLOYMENTS, key);
    if (latest?.metadata.resourceVersion !== deployment.metadata.resourceVersion) return latest ?? deployment;
    if (isDeepStrictEqual(withoutAbsent(status), withoutAbsent(deployment.status))) return deployment;
    return this.#registry.writeStatus(DEPLOYMENTS, key, MANAGER, status) ?? deployment;
  }
}

function active(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter(({ spec }) => spec.replicas > 0);
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** Has all the replicas that the Deployment wants, and they are available. */
function isSaturated(deployment: Deployment, { metadata, spec, status }: ReplicaSet): boolean {
  const { replicas } = deployment.spec;
  const noted = numberOf(metadata.annotations?.[DESIRED_REPLICAS]);
  return spec.replicas === replicas && noted === replicas && (status.availableReplicas ?? 0) === replicas;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function revisionNumber({ metadata }: Deployment): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

function controllerOf({ metadata }: ReplicaSet): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function ownerReference({ apiVersion, kind, metadata }: Deployment): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

function sorted(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withoutAbsent(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

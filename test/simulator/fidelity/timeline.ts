/**
 * Writes down what a cluster does as short lines, so that a run of the simulator can be held against a recording of a
 * real cluster. Identities, times, versions and bookmarks are left out.
 *
 * A pod: `pod MODIFIED Running DEL(30) Ready:T main=running(x1)<exited Error 1>`; only what is there is shown.
 */
import type {
  ContainerState,
  ContainerStatus,
  CoreEvent,
  Deployment,
  KubeObject,
  Pod,
  PodCondition,
  ReplicaSet,
} from '../../../src/simulator/objects.js';
import { DEPLOYMENTS, EVENTS, PODS, REPLICASETS } from '../../../src/simulator/resources.js';
import type { Simulator } from '../../../src/simulator/simulator.js';

/** One watch event, from wherever it comes. */
export interface Seen<T extends KubeObject = KubeObject> {
  readonly type: string;
  readonly object: T;
}

/** What the simulator does, as lines, by kind. */
export class Timeline {
  readonly pods: Seen<Pod>[] = [];
  readonly deployments: Seen<Deployment>[] = [];
  readonly replicaSets: Seen<ReplicaSet>[] = [];
  readonly events: Seen<CoreEvent>[] = [];

  constructor(simulator: Simulator) {
    simulator.objects.subscribe(PODS, (change) => this.pods.push(change));
    simulator.objects.subscribe(DEPLOYMENTS, (change) => this.deployments.push(change));
    simulator.objects.subscribe(REPLICASETS, (change) => this.replicaSets.push(change));
    simulator.objects.subscribe(EVENTS, (change) => this.events.push(change));
  }
}

function head({ type, object }: Seen): string {
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  return deletionTimestamp === undefined ? type : `${type} DEL(${deletionGracePeriodSeconds ?? '-'})`;
}

export function podLine(change: Seen<Pod>): string {
  const { status, spec } = change.object;
  const parts = [head(change), status.phase ?? '-'];
  if (status.reason !== undefined) parts.push(`reason:${status.reason}`);
  if (spec.nodeName !== undefined) parts.push('node');
  if (status.startTime !== undefined) parts.push('start');
  if (status.podIP !== undefined) parts.push('ip');
  const conditions = (status.conditions ?? []).map(conditionText);
  const init = (status.initContainerStatuses ?? []).map(containerText).map((text) => `init:${text}`);
  const main = (status.containerStatuses ?? []).map(containerText);
  return [...parts, '|', ...conditions, '|', ...init, ...main].join(' ').replace(/( \|)+$/, '');
}

const SHORT: Readonly<Record<string, string>> = {
  Initialized: 'Init',
  Ready: 'Ready',
  ContainersReady: 'CR',
  PodScheduled: 'Sch',
};

function conditionText({ type, status, reason }: Pick<PodCondition, 'type' | 'status' | 'reason'>): string {
  return `${SHORT[type] ?? type}:${status.slice(0, 1)}${reason === undefined ? '' : `(${reason})`}`;
}

function containerText({ name, state, lastState, ready, restartCount, imageID }: ContainerStatus): string {
  const last = Object.keys(lastState).length === 0 ? '' : `<${stateText(lastState)}>`;
  const flags = `${ready ? ' rdy' : ''}${restartCount > 0 ? ` x${restartCount}` : ''}${imageID === '' ? ' noid' : ''}`;
  return `${name}=${stateText(state)}${last}${flags}`;
}

function stateText({ waiting, running, terminated }: ContainerState): string {
  if (waiting !== undefined) return `W:${waiting.reason}`;
  if (running !== undefined) return 'R';
  return terminated === undefined ? '-' : `T:${terminated.reason}/${terminated.exitCode}`;
}

/** A counter: `-` where it is absent. */
const count = (value: number | undefined): string => String(value ?? '-');

export function deploymentLine(change: Seen<Deployment>): string {
  const { metadata, spec, status } = change.object;
  const revision = metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '-';
  const counts = `rep${count(status.replicas)} upd${count(status.updatedReplicas)} rdy${count(status.readyReplicas)} av${count(status.availableReplicas)} un${count(status.unavailableReplicas)}`;
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason }) =>
    conditionText({
      type: type === 'Progressing' ? 'Progr' : type === 'Available' ? 'Avail' : type,
      status: value,
      reason,
    }),
  );
  return [
    `${head(change)} gen${count(metadata.generation)}/obs${count(status.observedGeneration)} rev${revision} want${spec.replicas}`,
    counts,
    '|',
    ...conditions,
  ].join(' ');
}

export function replicaSetLine(change: Seen<ReplicaSet>): string {
  const { metadata, spec, status } = change.object;
  const revision = metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '-';
  const counts = `rep${status.replicas} full${count(status.fullyLabeledReplicas)} rdy${count(status.readyReplicas)} av${count(status.availableReplicas)}`;
  return `${head(change)} gen${count(metadata.generation)}/obs${count(status.observedGeneration)} rev${revision} want${spec.replicas} ${counts}`;
}

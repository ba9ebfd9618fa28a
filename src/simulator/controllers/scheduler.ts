/** Owns placement: which node a new pod goes to, or why none will have it. */
import type { Registry } from '../api/registry.js';
import { requirementMatches } from '../api/selectors.js';
import { inOrder } from '../api/field-order.js';
import { keyOf } from '../api/storage.js';
import { toTimestamp } from '../instants.js';
import type { Node, Pod, PodCondition, Toleration } from '../objects.js';
import { quantity } from '../quantities.js';
import { NODES, PODS } from '../resources.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../work-queue.js';
import type { EventRecorder } from './event-recorder.js';

/** How long a pod waits for the scheduler, in milliseconds. */
const LATENCY = 8;
/** After how long a pod that fits nowhere is tried again without a cause, in milliseconds. */
const RETRY = 60_000;
/** After how long one is tried again when something changed that may help, in milliseconds. */
const RETRY_ON_CHANGE = 1_000;

/** What a pod takes of a node. */
interface Claim {
  readonly node: string;
  readonly cpu: number;
  readonly memory: number;
}

export class Scheduler {
  readonly #registry: Registry;
  readonly #recorder: EventRecorder;
  readonly #timers: Timers;
  readonly #queue: WorkQueue;
  readonly #claims = new Map<string, Claim>();
  readonly #used = new Map<string, { cpu: number; memory: number; pods: number }>();
  readonly #unschedulable = new Set<string>();

  constructor(registry: Registry, recorder: EventRecorder, timers: Timers) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#timers = timers;
    this.#queue = new WorkQueue(timers, LATENCY, (key) => this.#schedule(key));
  }

  start(): void {
    const { storage } = this.#registry;
    for (const pod of storage.values(PODS)) this.#observe(keyOf(pod.metadata.namespace, pod.metadata.name), pod);
    storage.subscribe(PODS, ({ type, object, previous }) => {
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      this.#observe(key, type === 'DELETED' ? undefined : object);
      if (type === 'DELETED') this.#deleted(key, object);
      else if (type === 'ADDED' && object.spec.nodeName === undefined) this.#queue.add(key);
      if (type === 'DELETED' || isOver(object) !== (previous !== undefined && isOver(previous))) this.#tryAgain();
    });
    storage.subscribe(NODES, () => this.#tryAgain());
  }

  /** Keeps the account of what is taken. */
  #observe(key: string, pod: Pod | undefined): void {
    const old = this.#claims.get(key);
    const node = pod === undefined || isOver(pod) ? undefined : pod.spec.nodeName;
    if (old?.node === node) return;
    if (old !== undefined) this.#account(old, -1);
    this.#claims.delete(key);
    if (node === undefined || pod === undefined) return;
    const claim = { node, ...requests(pod) };
    this.#claims.set(key, claim);
    this.#account(claim, 1);
  }

  #account({ node, cpu, memory }: Claim, sign: 1 | -1): void {
    const used = this.#used.get(node) ?? { cpu: 0, memory: 0, pods: 0 };
    this.#used.set(node, { cpu: used.cpu + sign * cpu, memory: used.memory + sign * memory, pods: used.pods + sign });
  }

  #deleted(key: string, pod: Pod): void {
    if (!this.#unschedulable.delete(key)) return;
    const message = `skip schedule deleting pod: ${key}`;
    this.#recorder.recordScheduling(pod, { type: 'Warning', reason: 'FailedScheduling', message }, 'Scheduling');
  }

  #tryAgain(): void {
    for (const key of this.#unschedulable) this.#queue.addAfter(key, RETRY_ON_CHANGE);
  }

  #schedule(key: string): void {
    const pod = this.#registry.storage.get(PODS, key);
    if (pod === undefined || pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const nodes = [...this.#registry.storage.values(NODES)];
    const refusals = new Map<string, number>();
    const fitting: Node[] = [];
    for (const node of nodes) {
      const reasons = this.#refusals(pod, node);
      if (reasons.length === 0) fitting.push(node);
      for (const reason of reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    }
    const chosen = fitting.sort((a, b) => this.#load(a) - this.#load(b))[0];
    if (chosen !== undefined) this.#bind(key, pod, chosen.metadata.name);
    else this.#refuse(key, pod, nodes.length, refusals);
  }

  #load(node: Node): number {
    return this.#used.get(node.metadata.name)?.pods ?? 0;
  }

  #refusals(pod: Pod, node: Node): string[] {
    if (node.spec.unschedulable === true) return ['node(s) were unschedulable'];
    const labels = node.metadata.labels ?? {};
    const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const affine =
      Object.entries(pod.spec.nodeSelector ?? {}).every(([name, value]) => labels[name] === value) &&
      (terms?.some((term) => (term.matchExpressions ?? []).every((each) => requirementMatches(each, labels))) ?? true);
    if (!affine) return ["node(s) didn't match Pod's node affinity"];
    const taint = node.spec.taints?.find(
      (candidate) =>
        candidate.effect !== 'PreferNoSchedule' &&
        !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, candidate)),
    );
    if (taint !== undefined) {
      return [`node(s) had taint {${taint.key}: ${taint.value ?? ''}}, that the pod didn't tolerate`];
    }
    const { allocatable } = node.status;
    const used = this.#used.get(node.metadata.name) ?? { cpu: 0, memory: 0, pods: 0 };
    const { cpu, memory } = requests(pod);
    const reasons: string[] = [];
    if (used.pods + 1 > quantity(allocatable['pods'])) reasons.push('Too many pods');
    if (cpu > 0 && used.cpu + cpu > quantity(allocatable['cpu'])) reasons.push('Insufficient cpu');
    if (memory > 0 && used.memory + memory > quantity(allocatable['memory'])) reasons.push('Insufficient memory');
    return reasons;
  }

  #bind(key: string, pod: Pod, nodeName: string): void {
    this.#unschedulable.delete(key);
    const conditions = [this.#condition({ status: 'True' })];
    // A binding is not tracked in managedFields.
    this.#registry.storage.put(PODS, {
      ...pod,
      spec: inOrder({ ...pod.spec, nodeName }, 'PodSpec'),
      status: { phase: pod.status.phase, conditions, qosClass: pod.status.qosClass },
    });
    const message = `Successfully assigned ${key} to ${nodeName}`;
    this.#recorder.recordScheduling(pod, { type: 'Normal', reason: 'Scheduled', message }, 'Binding');
  }

  #refuse(key: string, pod: Pod, nodes: number, refusals: ReadonlyMap<string, number>): void {
    const parts = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort();
    const message =
      nodes === 0 ? 'no nodes available to schedule pods' : `0/${nodes} nodes are available: ${parts.join(', ')}.`;
    const text = { type: 'Warning', reason: 'FailedScheduling', message } as const;
    this.#recorder.recordScheduling(pod, text, 'Scheduling');
    const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (known?.message !== message) {
      const conditions = [this.#condition({ status: 'False', reason: 'Unschedulable', message })];
      const { phase, qosClass } = pod.status;
      this.#registry.writeStatus(PODS, key, 'kube-scheduler', { phase, conditions, qosClass });
      // The status that was just written is a change: the scheduler tries at once, in vain, and says so again.
      if (!this.#unschedulable.has(key)) this.#queue.add(key);
    }
    this.#unschedulable.add(key);
    this.#queue.addAfter(key, RETRY);
  }

  #condition(fields: Pick<PodCondition, 'status' | 'reason' | 'message'>): PodCondition {
    const lastTransitionTime = toTimestamp(this.#timers.now());
    const { status, reason, message } = fields;
    return { type: 'PodScheduled', status, lastProbeTime: null, lastTransitionTime, reason, message };
  }
}

function isOver({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}

/** What the scheduler reckons with: the sum of the containers, or the largest init container if that is more. */
function requests(pod: Pod): { cpu: number; memory: number } {
  const total = (name: string): number => {
    const of = (container: Pod['spec']['containers'][number]): number =>
      quantity(container.resources?.requests?.[name]);
    const sum = pod.spec.containers.reduce((all, container) => all + of(container), 0);
    return Math.max(sum, ...(pod.spec.initContainers ?? []).map(of));
  };
  return { cpu: total('cpu'), memory: total('memory') };
}

/** Whether a toleration covers a taint. */
export function tolerates(
  toleration: Toleration,
  taint: { key: string; value?: string | undefined; effect: string },
): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

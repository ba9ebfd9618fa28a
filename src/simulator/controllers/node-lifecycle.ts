/**
 * Owns the nodes: their objects, their heartbeats, and what happens to a node that is lost and to its pods: not ready
 * after 40 s, evicted by taint when their tolerations are over, terminating until the kubelet is back.
 */
import type { Registry } from '../api/registry.js';
import { keyOf } from '../api/storage.js';
import { toTimestamp } from '../instants.js';
import type { ConditionStatus, Node, NodeCondition, Taint } from '../objects.js';
import { NODES, PODS } from '../resources.js';
import type { Timers } from '../timers.js';
import type { Timer } from '../../system/clock.js';
import { KUBERNETES_VERSION } from '../api/discovery.js';
import type { Kubelets } from '../kubelet/kubelet.js';
import type { EventRecorder, EventSource } from './event-recorder.js';

/** How long after its last sign a node is taken for lost, in milliseconds. */
export const NODE_GRACE = 40_000;
/** How often a node that is well says so, in milliseconds. */
export const HEARTBEAT = 300_000;

const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** How large each node is; enough for load tests, and less than a pod that is meant to fit nowhere asks for. */
export const DEFAULT_CAPACITY: Readonly<Record<string, string>> = {
  cpu: '64',
  'ephemeral-storage': '264212084Ki',
  memory: '256Gi',
  pods: '20000',
};

const SOURCE: EventSource = { component: 'taint-controller', manager: 'kube-controller-manager' };
const MANAGER = 'kube-controller-manager';

export interface NodeLifecycleOptions {
  readonly registry: Registry;
  readonly recorder: EventRecorder;
  readonly timers: Timers;
  readonly kubelets: Kubelets;
}

export class NodeLifecycle {
  readonly #registry: Registry;
  readonly #recorder: EventRecorder;
  readonly #timers: Timers;
  readonly #kubelets: Kubelets;
  readonly #pending = new Map<string, Timer[]>();

  constructor(options: NodeLifecycleOptions) {
    this.#registry = options.registry;
    this.#recorder = options.recorder;
    this.#timers = options.timers;
    this.#kubelets = options.kubelets;
  }

  /** Adds a node that is well. */
  add(name: string, address: string, capacity: Readonly<Record<string, string>>, images: readonly string[]): void {
    this.#kubelets.addNode(name, address, images);
    const labels = {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
    };
    const now = toTimestamp(this.#timers.now());
    const status: Node['status'] = {
      capacity,
      allocatable: capacity,
      conditions: CONDITIONS.map(([type, value, reason, message]) => ({
        type,
        status: value,
        lastHeartbeatTime: now,
        lastTransitionTime: now,
        reason,
        message,
      })),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        osImage: 'Simulated',
        containerRuntimeVersion: 'containerd://1.6.20',
        kubeletVersion: KUBERNETES_VERSION,
        kubeProxyVersion: KUBERNETES_VERSION,
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    };
    this.#registry.create(NODES, undefined, { metadata: { name, labels }, spec: {}, status }, { manager: 'kubelet' });
    this.#beat(name);
  }

  /** Cuts a node off: its containers run on, and nobody hears of it. */
  lose(name: string): void {
    this.#kubelets.setNodeUp(name, false);
    this.#after(name, NODE_GRACE, () => this.#markLost(name));
  }

  /** Brings a node back. */
  recover(name: string): void {
    for (const timer of this.#pending.get(name) ?? []) this.#timers.cancel(timer);
    this.#pending.delete(name);
    this.#setReady(name, 'True', 'KubeletReady', 'kubelet is posting ready status', []);
    this.#kubelets.setNodeUp(name, true);
  }

  #beat(name: string): void {
    this.#timers.after(HEARTBEAT, () => {
      const lastHeartbeatTime = toTimestamp(this.#timers.now());
      this.#registry.write(NODES, name, 'kubelet', (node) => {
        const lost = node.status.conditions.some(({ type, status }) => type === 'Ready' && status !== 'True');
        if (lost) return node;
        const conditions = node.status.conditions.map((condition) => ({ ...condition, lastHeartbeatTime }));
        return { ...node, status: { ...node.status, conditions } };
      });
      this.#beat(name);
    });
  }

  #markLost(name: string): void {
    const timeAdded = toTimestamp(this.#timers.now());
    const taints: Taint[] = [
      { key: UNREACHABLE, effect: 'NoSchedule', timeAdded },
      { key: UNREACHABLE, effect: 'NoExecute', timeAdded },
    ];
    this.#setReady(name, 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.', taints);
    const pods = [...this.#registry.storage.values(PODS)].filter(({ spec }) => spec.nodeName === name);
    for (const { metadata, spec } of pods) {
      const key = keyOf(metadata.namespace, metadata.name);
      this.#markPodNotReady(key);
      const toleration = spec.tolerations?.find(
        ({ key: taint, effect }) => taint === UNREACHABLE && effect === 'NoExecute',
      );
      if (toleration !== undefined && toleration.tolerationSeconds === undefined) continue;
      this.#after(name, (toleration?.tolerationSeconds ?? 0) * 1000, () => this.#evict(key, metadata.uid));
    }
  }

  /** The one thing that changes: the condition Ready. The containers stay ready in the report, for nobody has asked them. */
  #markPodNotReady(key: string): void {
    const now = toTimestamp(this.#timers.now());
    this.#registry.write(PODS, key, MANAGER, (pod) => {
      const ready = pod.status.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') return pod;
      const conditions = pod.status.conditions?.map((condition) =>
        condition === ready ? { ...condition, status: 'False' as const, lastTransitionTime: now } : condition,
      );
      return { ...pod, status: { ...pod.status, conditions } };
    });
    const pod = this.#registry.storage.get(PODS, key);
    if (pod === undefined) return;
    const text = { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' } as const;
    this.#recorder.record({ component: 'node-controller', manager: MANAGER }, pod, text);
  }

  #evict(key: string, uid: string): void {
    const pod = this.#registry.storage.get(PODS, key);
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    const message = `Marking for deletion Pod ${key}`;
    this.#recorder.record(SOURCE, pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
    this.#registry.delete(PODS, pod.metadata.namespace, pod.metadata.name, {}, { manager: MANAGER });
  }

  #setReady(name: string, status: ConditionStatus, reason: string, message: string, taints: readonly Taint[]): void {
    const now = toTimestamp(this.#timers.now());
    this.#registry.write(NODES, name, MANAGER, (node) => {
      const old = node.status.conditions.find(({ type }) => type === 'Ready');
      if (old?.status === status) return node;
      const changed = ({ lastHeartbeatTime }: NodeCondition): NodeCondition => ({
        type: 'Ready',
        status,
        lastHeartbeatTime: status === 'True' ? now : lastHeartbeatTime,
        lastTransitionTime: now,
        reason,
        message,
      });
      const conditions = node.status.conditions.map((each) => (each === old ? changed(each) : each));
      return {
        ...node,
        spec: { ...node.spec, taints: taints.length === 0 ? undefined : taints },
        status: { ...node.status, conditions },
      };
    });
  }

  #after(name: string, delay: number, action: () => void): void {
    const timers = this.#pending.get(name) ?? [];
    timers.push(this.#timers.after(delay, action));
    this.#pending.set(name, timers);
  }
}

const CONDITIONS = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
] as const;

/**
 * Owns the shapes of the Kubernetes objects that the simulator keeps: the fields that its controllers read or write,
 * under Kubernetes' own names. An object may carry more fields than are listed here; they are kept as they came.
 *
 * Objects are immutable: a change is a new object, and what did not change is shared with the old one.
 * Instants are RFC 3339 strings, as on the wire.
 */

export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string | undefined;
  /** Empty for cluster-scoped objects. */
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number | undefined;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string | undefined;
  readonly deletionGracePeriodSeconds?: number | undefined;
  readonly labels?: Labels | undefined;
  readonly annotations?: Labels | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined;
}

/** Labels, annotations, and other maps from string to string. */
export type Labels = Readonly<Record<string, string>>;

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** Who owns which fields: `fieldsV1` is a tree whose keys are `f:<field>`, `k:<merge key>`, `v:<value>` and `.`. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
}

export interface FieldSet {
  readonly [key: string]: FieldSet;
}

/** What every kind has. */
export interface KubeObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface LabelSelector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly LabelSelectorRequirement[] | undefined;
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | undefined;
}

// ---------------------------------------------------------------- pods

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface PodSpec {
  readonly volumes?: readonly unknown[] | undefined;
  readonly initContainers?: readonly Container[] | undefined;
  readonly containers: readonly Container[];
  readonly restartPolicy?: RestartPolicy | undefined;
  readonly terminationGracePeriodSeconds?: number | undefined;
  readonly activeDeadlineSeconds?: number | undefined;
  readonly nodeName?: string | undefined;
  readonly nodeSelector?: Labels | undefined;
  readonly affinity?: Affinity | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly [field: string]: unknown;
}

export interface Affinity {
  readonly nodeAffinity?:
    | {
        readonly requiredDuringSchedulingIgnoredDuringExecution?:
          | {
              readonly nodeSelectorTerms: readonly {
                readonly matchExpressions?: readonly LabelSelectorRequirement[];
              }[];
            }
          | undefined;
      }
    | undefined;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  readonly tolerationSeconds?: number | undefined;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  readonly resources?: { readonly requests?: Labels | undefined; readonly limits?: Labels | undefined } | undefined;
  readonly livenessProbe?: Probe | undefined;
  readonly readinessProbe?: Probe | undefined;
  /** `Always` on an init container makes it a native sidecar. */
  readonly restartPolicy?: 'Always' | undefined;
  readonly [field: string]: unknown;
}

export interface Probe {
  readonly initialDelaySeconds?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly periodSeconds?: number | undefined;
  readonly successThreshold?: number | undefined;
  readonly failureThreshold?: number | undefined;
  readonly [field: string]: unknown;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface PodStatus {
  readonly phase?: PodPhase | undefined;
  readonly conditions?: readonly PodCondition[] | undefined;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly hostIP?: string | undefined;
  readonly podIP?: string | undefined;
  readonly podIPs?: readonly { readonly ip: string }[] | undefined;
  readonly startTime?: string | undefined;
  readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
  readonly containerStatuses?: readonly ContainerStatus[] | undefined;
  readonly qosClass?: string | undefined;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface PodCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly lastProbeTime: string | null;
  readonly lastTransitionTime: string | null;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface ContainerStatus {
  readonly name: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string | undefined;
  readonly started?: boolean | undefined;
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string | undefined } | undefined;
  readonly running?: { readonly startedAt: string } | undefined;
  readonly terminated?: ContainerTerminated | undefined;
}

export interface ContainerTerminated {
  readonly exitCode: number;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly containerID?: string | undefined;
}

// ---------------------------------------------------------------- workloads

export interface PodTemplate {
  readonly metadata?:
    | {
        readonly creationTimestamp?: null | undefined;
        readonly labels?: Labels | undefined;
        readonly annotations?: Labels | undefined;
      }
    | undefined;
  readonly spec: PodSpec;
}

export interface Deployment extends KubeObject {
  readonly spec: DeploymentSpec;
  readonly status: DeploymentStatus;
}

/** A number, or a percentage such as `"25%"`. */
export type IntOrPercent = number | string;

export interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly strategy: {
    readonly type: 'RollingUpdate' | 'Recreate';
    readonly rollingUpdate?: { readonly maxUnavailable?: IntOrPercent; readonly maxSurge?: IntOrPercent } | undefined;
  };
  readonly minReadySeconds?: number | undefined;
  readonly revisionHistoryLimit?: number | undefined;
  readonly paused?: boolean | undefined;
  readonly progressDeadlineSeconds?: number | undefined;
}

/** Counters at 0 are absent, as Kubernetes sends them. */
export interface DeploymentStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly unavailableReplicas?: number | undefined;
  readonly conditions?: readonly DeploymentCondition[] | undefined;
}

export interface DeploymentCondition {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure';
  readonly status: ConditionStatus;
  readonly lastUpdateTime: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface ReplicaSet extends KubeObject {
  readonly spec: ReplicaSetSpec;
  readonly status: ReplicaSetStatus;
}

export interface ReplicaSetSpec {
  readonly replicas: number;
  readonly minReadySeconds?: number | undefined;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
}

/** Counters at 0 are absent, except `replicas`. */
export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly ReplicaSetCondition[] | undefined;
}

export interface ReplicaSetCondition {
  readonly type: 'ReplicaFailure';
  readonly status: ConditionStatus;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

// ---------------------------------------------------------------- events, nodes, namespaces, leases

export interface ObjectReference {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly resourceVersion?: string | undefined;
  readonly fieldPath?: string | undefined;
}

/** A Kubernetes Event (core/v1); named so because `Event` means something else in JavaScript. */
export interface CoreEvent extends KubeObject {
  readonly involvedObject: ObjectReference;
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component?: string | undefined; readonly host?: string | undefined };
  readonly firstTimestamp: string | null;
  readonly lastTimestamp: string | null;
  readonly count?: number | undefined;
  readonly type: 'Normal' | 'Warning';
  readonly eventTime: string | null;
  readonly series?: { readonly count: number; readonly lastObservedTime: string } | undefined;
  readonly action?: string | undefined;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly timeAdded?: string | undefined;
}

export interface Node extends KubeObject {
  readonly spec: { readonly unschedulable?: boolean | undefined; readonly taints?: readonly Taint[] | undefined };
  readonly status: {
    readonly capacity: Labels;
    readonly allocatable: Labels;
    readonly conditions: readonly NodeCondition[];
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly [field: string]: unknown;
  };
}

export interface NodeCondition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface Namespace extends KubeObject {
  readonly spec: { readonly finalizers?: readonly string[] | undefined };
  readonly status: { readonly phase: 'Active' | 'Terminating' };
}

export interface Lease extends KubeObject {
  readonly spec?:
    | {
        readonly holderIdentity?: string | undefined;
        readonly leaseDurationSeconds?: number | undefined;
        readonly acquireTime?: string | undefined;
        readonly renewTime?: string | undefined;
        readonly leaseTransitions?: number | undefined;
      }
    | undefined;
}

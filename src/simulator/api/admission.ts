/**
 * Owns what happens to a new object between its defaults and its storage: the pod's service account and tolerations,
 * KECS's mutating webhook, and the hooks of whoever runs the simulator (a quota, a policy).
 */
import type { Container, KubeObject, Pod } from '../objects.js';
import type { Random } from '../random.js';
import type { Resource } from '../resources.js';
import { qosClass } from './defaults.js';
import type { ApiError } from './status.js';
import { forbidden } from './status.js';

/**
 * Sees each new object after its defaults; returns it, changed or not, or throws an {@link ApiError} to refuse it.
 * Made for quotas (`throw quotaExceeded(…)`) and for playing admission webhooks.
 */
export type AdmissionHook = (resource: Resource, object: KubeObject) => KubeObject;

/** The label that the webhook of KECS gives to the pods of services; RunTask pods have it from KECS itself. */
const TASK_ID_LABEL = 'kecs.dev/task-id';
const SERVICE_LABEL = 'kecs.dev/service';

/** How long a pod stays bound to a node that is not ready or not reachable, in seconds: Kubernetes' default. */
export const NODE_TOLERATION_SECONDS = 300;

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A new pod as the built-in admission plugins and the pod strategy leave it. */
export function admitPod(pod: Pod, random: Random): Pod {
  const volume = `kube-api-access-${random.nameSuffix()}`;
  const mount = { name: volume, readOnly: true, mountPath: TOKEN_PATH };
  const mounted = (container: Container): Container => ({
    ...container,
    volumeMounts: [...asList(container['volumeMounts']), mount],
  });
  const tolerations = pod.spec.tolerations ?? [];
  return {
    ...pod,
    spec: {
      ...pod.spec,
      volumes: [...(pod.spec.volumes ?? []), serviceAccountVolume(volume)],
      initContainers: pod.spec.initContainers?.map(mounted),
      containers: pod.spec.containers.map(mounted),
      serviceAccountName: pod.spec['serviceAccountName'] ?? 'default',
      serviceAccount: pod.spec['serviceAccountName'] ?? 'default',
      tolerations: [
        ...tolerations,
        ...['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
          .filter((key) => !tolerations.some((toleration) => toleration.key === key))
          .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: NODE_TOLERATION_SECONDS })),
      ],
      priority: pod.spec['priority'] ?? 0,
      preemptionPolicy: pod.spec['preemptionPolicy'] ?? 'PreemptLowerPriority',
    },
    status: { phase: 'Pending', qosClass: qosClass(pod.spec) },
  };
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function serviceAccountVolume(name: string): object {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}

/** What a quota answers to an object too many. */
export function quotaExceeded(object: KubeObject, plural: string, limit: number): ApiError {
  const resource = { group: '', plural, kind: object.kind };
  const usage = `requested: ${plural}=1, used: ${plural}=${limit}, limited: ${plural}=${limit}`;
  return forbidden(resource, object.metadata.name, `exceeded quota: ${plural}, ${usage}`);
}

/** KECS's webhook: a pod of a service gets a random task id, which is all that makes it one ECS task. */
export function kecsWebhook(random: Random): AdmissionHook {
  return (resource, object) => {
    const labels = object.metadata.labels;
    if (resource.kind !== 'Pod' || labels?.[SERVICE_LABEL] === undefined || labels[TASK_ID_LABEL] !== undefined) {
      return object;
    }
    return { ...object, metadata: { ...object.metadata, labels: { ...labels, [TASK_ID_LABEL]: random.hex(32) } } };
  };
}

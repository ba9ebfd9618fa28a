/**
 * Owns what the API server adds to an object that leaves it out, as far as a client or a controller can tell the
 * difference. Sources: the defaulting functions of core/v1 and apps/v1, as the recordings show their results.
 */
import type {
  Container,
  Deployment,
  KubeObject,
  Labels,
  Namespace,
  Pod,
  PodSpec,
  PodTemplate,
  Probe,
  ReplicaSet,
} from '../objects.js';

/** `object` with its defaults filled in. What is set stays, also where it equals no default. */
export function withDefaults(object: KubeObject): KubeObject {
  switch (object.kind) {
    case 'Pod':
      return defaultPod(object as Pod); // the kind says so
    case 'Deployment':
      return defaultDeployment(object as Deployment);
    case 'ReplicaSet':
      return defaultReplicaSet(object as ReplicaSet);
    case 'Namespace':
      return defaultNamespace(object as Namespace);
    default:
      return object;
  }
}

function defaultPod(pod: Pod): Pod {
  const spec: PodSpec = { ...defaultPodSpec(pod.spec), enableServiceLinks: pod.spec['enableServiceLinks'] ?? true };
  return { ...pod, spec, status: pod.status ?? {} };
}

function defaultDeployment(deployment: Deployment): Deployment {
  const spec = deployment.spec;
  const type = spec.strategy?.type ?? 'RollingUpdate';
  const rolling =
    type === 'RollingUpdate' ? { maxUnavailable: '25%', maxSurge: '25%', ...spec.strategy?.rollingUpdate } : undefined;
  return {
    ...deployment,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      template: defaultTemplate(spec.template),
      strategy: { type, rollingUpdate: rolling },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
    },
    status: deployment.status ?? {},
  };
}

function defaultReplicaSet(replicaSet: ReplicaSet): ReplicaSet {
  const spec = replicaSet.spec;
  return {
    ...replicaSet,
    spec: { ...spec, replicas: spec.replicas ?? 1, template: defaultTemplate(spec.template) },
    status: replicaSet.status ?? { replicas: 0 },
  };
}

function defaultNamespace(namespace: Namespace): Namespace {
  return {
    ...namespace,
    spec: { finalizers: ['kubernetes'], ...namespace.spec },
    status: namespace.status ?? { phase: 'Active' },
  };
}

function defaultTemplate(template: PodTemplate): PodTemplate {
  return { ...template, spec: defaultPodSpec(template.spec) };
}

function defaultPodSpec(spec: PodSpec): PodSpec {
  return {
    ...spec,
    initContainers: spec.initContainers?.map(defaultContainer),
    containers: spec.containers.map(defaultContainer),
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec['dnsPolicy'] ?? 'ClusterFirst',
    securityContext: spec['securityContext'] ?? {},
    schedulerName: spec['schedulerName'] ?? 'default-scheduler',
  };
}

function defaultContainer(container: Container): Container {
  const { limits, requests } = container.resources ?? {};
  return {
    ...container,
    // A limit without a request is also the request.
    resources: limits === undefined ? { requests } : { limits, requests: { ...limits, ...requests } },
    livenessProbe: defaultProbe(container.livenessProbe),
    readinessProbe: defaultProbe(container.readinessProbe),
    terminationMessagePath: container['terminationMessagePath'] ?? '/dev/termination-log',
    terminationMessagePolicy: container['terminationMessagePolicy'] ?? 'File',
    imagePullPolicy: container.imagePullPolicy ?? (isLatest(container.image) ? 'Always' : 'IfNotPresent'),
  };
}

/** No tag, or the tag `latest`. */
function isLatest(image: string): boolean {
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return !image.includes('@') && (tag === undefined || tag === 'latest');
}

function defaultProbe(probe: Probe | undefined): Probe | undefined {
  if (probe === undefined) return undefined;
  return {
    ...probe,
    timeoutSeconds: probe.timeoutSeconds ?? 1,
    periodSeconds: probe.periodSeconds ?? 10,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

/** The quality-of-service class: Guaranteed, Burstable or BestEffort. */
export function qosClass(spec: PodSpec): string {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const resources = all.map((container) => container.resources ?? {});
  if (resources.every(({ limits, requests }) => isEmpty(limits) && isEmpty(requests))) return 'BestEffort';
  const guaranteed = resources.every(({ limits, requests }) =>
    ['cpu', 'memory'].every((name) => limits?.[name] !== undefined && limits[name] === requests?.[name]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function isEmpty(quantities: Labels | undefined): boolean {
  return quantities === undefined || Object.keys(quantities).length === 0;
}

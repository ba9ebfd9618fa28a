/**
 * Owns the manifests that KECS makes of ECS tasks, services and task sets: its labels, annotations and names, in both of its dialects.
 */
import type { ContainerScript } from './kubelet/script.js';
import { SCRIPT_ANNOTATION } from './kubelet/script.js';

/** Where an ECS object lives. */
export interface EcsPlace {
  readonly cluster: string;
  readonly region: string;
  readonly accountId: string;
}

export interface EcsContainer {
  readonly name: string;
  readonly image: string;
  /** False: the pod's container is called `<name>-nonessential` (RunTask pods only). */
  readonly essential?: boolean;
  /** It has an ECS health check: KECS makes both probes of it. */
  readonly healthCheck?: boolean;
}

interface WorkloadParts {
  readonly place: EcsPlace;
  readonly family: string;
  readonly revision?: number;
  readonly containers: readonly EcsContainer[];
  /** By the pod's container name, or `*`. */
  readonly scripts?: Readonly<Record<string, ContainerScript>>;
}

export const namespaceOf = ({ cluster, region }: EcsPlace): string => `${cluster}-${region}`;
const arn = ({ region, accountId }: EcsPlace, name: string): string => `arn:aws:ecs:${region}:${accountId}:${name}`;

/** How often KECS probes, in seconds, where the task definition does not say. A demo waits less. */
const PROBE = { exec: { command: ['sh', '-c', 'test -f /tmp/ready'] }, periodSeconds: 1, timeoutSeconds: 2 } as const;

const containerOf = ({ name, image, healthCheck }: EcsContainer): object => ({
  name,
  image,
  imagePullPolicy: 'IfNotPresent',
  resources: { requests: { cpu: '100m', memory: '64Mi' } },
  ...(healthCheck === true ? { readinessProbe: PROBE, livenessProbe: { ...PROBE, failureThreshold: 10 } } : {}),
});

const scriptsOf = (scripts: WorkloadParts['scripts']): Record<string, string> =>
  scripts === undefined ? {} : { [SCRIPT_ANNOTATION]: JSON.stringify(scripts) };

/** The bare pod of a RunTask: its name is the task's id, 32 hexadecimal digits. */
export function runTaskPod(taskId: string, { place, family, revision = 1, containers, scripts }: WorkloadParts) {
  return {
    metadata: {
      name: taskId,
      namespace: namespaceOf(place),
      labels: {
        'ecs.task.definition.family': family,
        'kecs.dev/cluster': place.cluster,
        'kecs.dev/launch-type': 'FARGATE',
        'kecs.dev/managed-by': 'kecs',
        'kecs.dev/task-family': family,
        'kecs.dev/task-id': taskId,
        'kecs.dev/task-revision': String(revision),
      },
      annotations: {
        'ecs.amazonaws.com/network-mode': 'awsvpc',
        'ecs.amazonaws.com/subnets': 'subnet-0a1b2c3d',
        'kecs.dev/task-arn': arn(place, `task/${place.cluster}/${taskId}`),
        'kecs.dev/task-definition-arn': arn(place, `task-definition/${family}:${revision}`),
        ...scriptsOf(scripts),
      },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 10,
      containers: containers.map((container) =>
        containerOf(
          container.essential === false ? { ...container, name: `${container.name}-nonessential` } : container,
        ),
      ),
    },
  };
}

export interface ServiceParts extends WorkloadParts {
  readonly service: string;
  readonly desiredCount: number;
  readonly progressDeadlineSeconds?: number;
}

/** The Deployment of a service; its pods' task ids are the webhook's. */
export function serviceDeployment(parts: ServiceParts) {
  const { place, service, family, revision = 1, desiredCount, containers, scripts } = parts;
  const labels = {
    app: service,
    'kecs.dev/cluster': place.cluster,
    'kecs.dev/launch-type': 'FARGATE',
    'kecs.dev/managed-by': 'kecs',
    'kecs.dev/service': service,
  };
  const annotations = {
    'ecs.amazonaws.com/network-mode': 'awsvpc',
    'ecs.amazonaws.com/subnets': 'subnet-0a1b2c3d',
    'kecs.dev/scheduling-strategy': 'REPLICA',
    'kecs.dev/service-arn': arn(place, `service/${place.cluster}/${service}`),
    'kecs.dev/task-definition': arn(place, `task-definition/${family}:${revision}`),
  };
  return {
    metadata: { name: service, namespace: namespaceOf(place), labels, annotations },
    spec: {
      replicas: desiredCount,
      selector: { matchLabels: { app: service, 'kecs.dev/service': service } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      ...(parts.progressDeadlineSeconds === undefined
        ? {}
        : { progressDeadlineSeconds: parts.progressDeadlineSeconds }),
      template: {
        metadata: { labels, annotations: { ...annotations, ...scriptsOf(scripts) } },
        spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 10, containers: containers.map(containerOf) },
      },
    },
  };
}

/** The Deployment of a task set, in KECS's other dialect. `id` is `ts-` and 8 hexadecimal digits. */
export function taskSetDeployment(id: string, parts: ServiceParts) {
  const { place, service, family, revision = 1, desiredCount, containers, scripts } = parts;
  const labels = {
    'kecs.io/cluster': place.cluster,
    'kecs.io/managed': 'true',
    'kecs.io/service': service,
    'kecs.io/taskset': id,
  };
  const made = `taskset-${service}-${id}`;
  return {
    metadata: {
      name: `${service}-${id}`,
      namespace: namespaceOf(place),
      labels: { ...labels, 'kecs.io/role': 'taskset' },
      annotations: {
        'kecs.io/service-arn': arn(place, `service/${place.cluster}/${service}`),
        'kecs.io/task-definition': arn(place, `task-definition/${family}:${revision}`),
        'kecs.io/taskset-arn': arn(place, `task-set/${place.cluster}/${service}/${id}`),
      },
    },
    spec: {
      replicas: desiredCount,
      selector: { matchLabels: { 'kecs.io/taskset': id } },
      template: {
        metadata: {
          labels: { ...labels, 'kecs.io/role': 'taskset-pod' },
          annotations: {
            // The same made-up task for every replica: it names none of them.
            'kecs.dev/task-arn': arn(place, `task/${place.cluster}/${made}`),
            'kecs.dev/task-definition-arn': arn(place, `task-definition/${family}:${revision}`),
            ...scriptsOf(scripts),
          },
        },
        spec: { restartPolicy: 'Always', containers: containers.map(containerOf) },
      },
    },
  };
}

/**
 * Owns the Kubernetes objects that KECS makes of ECS requests, field by field as its converters do: the pod of a RunTask,
 * the Deployment of a service, the Deployment of a task set (which has a label dialect of its own).
 */
import type { Manifest } from './cluster-objects.js';
import type { ContainerScript } from './kubelet/script.js';
import { SCRIPT_ANNOTATION } from './kubelet/script.js';
import type { Container, Deployment, Labels, Namespace, Pod, Probe } from './objects.js';

/** Where ECS things are: in a cluster of a region, under an account. */
export interface EcsScope {
  readonly cluster: string;
  readonly region: string;
  readonly account: string;
}

/** The health check of a container definition. Durations are in seconds; the defaults are KECS's. */
export interface EcsHealthCheck {
  readonly command: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly startPeriod?: number;
}

export interface EcsContainer {
  readonly name: string;
  readonly image: string;
  /** True unless it is said otherwise. */
  readonly essential?: boolean;
  readonly command?: readonly string[];
  readonly port?: number;
  readonly healthCheck?: EcsHealthCheck;
  /** Kubernetes quantities. */
  readonly cpu?: string;
  readonly memory?: string;
  /** What it does in the simulator. */
  readonly script?: ContainerScript;
}

export interface EcsTaskDefinition {
  readonly family: string;
  readonly revision: number;
  readonly containers: readonly [EcsContainer, ...EcsContainer[]];
}

export interface RunTask extends EcsScope {
  /** 32 lower-case hexadecimal digits; the name of the pod. */
  readonly taskId: string;
  readonly taskDefinition: EcsTaskDefinition;
  readonly launchType?: 'EC2' | 'FARGATE';
  readonly tags?: Labels;
  /** Seconds that its containers have to end. */
  readonly stopTimeout?: number;
}

export interface EcsService extends EcsScope {
  readonly service: string;
  readonly taskDefinition: EcsTaskDefinition;
  readonly desiredCount: number;
  readonly launchType?: 'EC2' | 'FARGATE';
  /** KECS leaves it out, which means 600 seconds. */
  readonly progressDeadlineSeconds?: number;
}

export interface EcsTaskSet extends EcsScope {
  readonly service: string;
  /** `ts-` and eight hexadecimal digits. */
  readonly taskSetId: string;
  readonly externalId?: string;
  readonly taskDefinition: EcsTaskDefinition;
  readonly count: number;
}

/** The namespace of an ECS cluster. */
export function namespaceOf({ cluster, region }: EcsScope): string {
  return `${cluster}-${region}`;
}

/** The namespace that CreateCluster makes. */
export function clusterNamespace(scope: EcsScope): Manifest<Namespace> {
  const labels = {
    'kecs.dev/cluster': scope.cluster,
    'kecs.dev/managed': 'true',
    'kecs.dev/region': scope.region,
    'kecs.dev/type': 'ecs-cluster',
  };
  return { metadata: { name: namespaceOf(scope), labels, annotations: { 'kecs.dev/created-by': 'kecs-server' } } };
}

/** The pod of a RunTask. */
export function taskPod(task: RunTask): Manifest<Pod> {
  const { cluster, taskId, taskDefinition, launchType = 'EC2', tags = {} } = task;
  const { family, revision, containers } = taskDefinition;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: taskId,
      namespace: namespaceOf(task),
      labels: {
        'kecs.dev/cluster': cluster,
        'kecs.dev/task-id': taskId,
        'kecs.dev/task-family': family,
        'kecs.dev/task-revision': String(revision),
        'kecs.dev/launch-type': launchType,
        'kecs.dev/managed-by': 'kecs',
        'ecs.task.definition.family': family,
        ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag.${key}`, value])),
      },
      annotations: {
        'kecs.dev/task-arn': arn(task, `task/${cluster}/${taskId}`),
        'kecs.dev/task-definition-arn': definitionArn(task, taskDefinition),
        'ecs.amazonaws.com/network-mode': 'awsvpc',
        ...scripts(containers, taskContainerName),
      },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: task.stopTimeout,
      containers: containers.map((container) => ({
        ...kubernetesContainer(container),
        name: taskContainerName(container),
        imagePullPolicy: 'IfNotPresent',
      })),
    },
  };
}

/** The Deployment of a service. Its pods get their task id from KECS's webhook. */
export function serviceDeployment(service: EcsService): Manifest<Deployment> {
  const { service: name, cluster, taskDefinition, launchType = 'FARGATE' } = service;
  const labels = {
    'kecs.dev/service': name,
    'kecs.dev/cluster': cluster,
    'kecs.dev/launch-type': launchType,
    'kecs.dev/managed-by': 'kecs',
    app: name,
  };
  const annotations = {
    'kecs.dev/service-arn': arn(service, `service/${cluster}/${name}`),
    'kecs.dev/task-definition': definitionArn(service, taskDefinition),
    'kecs.dev/scheduling-strategy': 'REPLICA',
  };
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name, namespace: namespaceOf(service), labels, annotations },
    spec: {
      replicas: service.desiredCount,
      selector: { matchLabels: { app: name, 'kecs.dev/service': name } },
      template: {
        metadata: {
          labels,
          annotations: {
            ...annotations,
            'kecs.dev/service-registries': 'null',
            ...scripts(taskDefinition.containers, ({ name: container }) => container),
          },
        },
        spec: { restartPolicy: 'Always', containers: taskDefinition.containers.map(kubernetesContainer) },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      progressDeadlineSeconds: service.progressDeadlineSeconds,
    },
  };
}

/** The Deployment of a task set, in the `kecs.io` dialect. Every one of its pods carries the same task ARN. */
export function taskSetDeployment(taskSet: EcsTaskSet): Manifest<Deployment> {
  const { cluster, service, taskSetId, externalId = '', taskDefinition } = taskSet;
  const name = `${service}-${taskSetId}`.toLowerCase().replaceAll('_', '-').slice(0, 63);
  const common = {
    'kecs.io/cluster': cluster,
    'kecs.io/service': service,
    'kecs.io/taskset': taskSetId,
    'kecs.io/taskset-external-id': externalId,
  };
  const pseudoTask = `taskset-${service}-${taskSetId}`;
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: {
      name,
      namespace: namespaceOf(taskSet),
      labels: { ...common, 'kecs.io/role': 'taskset', 'kecs.io/managed': 'true' },
      annotations: {
        'kecs.io/taskset-arn': arn(taskSet, `task-set/${cluster}/${service}/${taskSetId}`),
        'kecs.io/service-arn': arn(taskSet, `service/${cluster}/${service}`),
        'kecs.io/task-definition': definitionArn(taskSet, taskDefinition),
        'kecs.io/launch-type': 'FARGATE',
        'kecs.io/stability-status': 'STABILIZING',
        'kecs.io/status': 'ACTIVE',
      },
    },
    spec: {
      replicas: taskSet.count,
      selector: { matchLabels: { 'kecs.io/taskset': taskSetId } },
      template: {
        metadata: {
          labels: { ...common, 'kecs.io/role': 'taskset-pod' },
          annotations: {
            'kecs.dev/task-arn': arn(taskSet, `task/${cluster}/${pseudoTask}`),
            'kecs.dev/task-definition-arn': definitionArn(taskSet, taskDefinition),
            ...scripts(taskDefinition.containers, taskContainerName),
          },
        },
        spec: {
          restartPolicy: 'Always',
          containers: taskDefinition.containers.map((container) => ({
            ...kubernetesContainer(container),
            name: taskContainerName(container),
          })),
        },
      },
      progressDeadlineSeconds: 600,
    },
  };
}

function arn({ region, account }: EcsScope, resource: string): string {
  return `arn:aws:ecs:${region}:${account}:${resource}`;
}

function definitionArn(scope: EcsScope, { family, revision }: EcsTaskDefinition): string {
  return arn(scope, `task-definition/${family}:${revision}`);
}

/** KECS marks the containers of a task that are not essential by their name; those of a service it does not. */
function taskContainerName({ name, essential }: EcsContainer): string {
  return essential === false ? `${name}-nonessential` : name;
}

function kubernetesContainer({ name, image, command, port, healthCheck, cpu, memory }: EcsContainer): Container {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  const sized = Object.keys(requests).length > 0;
  return {
    name,
    image,
    command,
    ports: port === undefined ? undefined : [{ containerPort: port, protocol: 'TCP' }],
    resources: sized ? { requests } : undefined,
    ...(healthCheck === undefined ? {} : probes(healthCheck)),
  };
}

/** The longest that KECS lets a readiness probe wait for the start, in seconds. */
const READINESS_DELAY_LIMIT = 10;

function probes(check: EcsHealthCheck): Pick<Container, 'livenessProbe' | 'readinessProbe'> {
  const { command, interval = 30, timeout = 5, retries = 3, startPeriod = 30 } = check;
  const probe: Probe = {
    exec: { command: ['sh', '-c', command.join(' ')] },
    initialDelaySeconds: startPeriod,
    timeoutSeconds: timeout,
    periodSeconds: interval,
    successThreshold: 1,
    failureThreshold: retries,
  };
  return {
    livenessProbe: probe,
    readinessProbe: { ...probe, initialDelaySeconds: Math.min(startPeriod, READINESS_DELAY_LIMIT) },
  };
}

function scripts(containers: readonly EcsContainer[], nameOf: (container: EcsContainer) => string): Labels {
  const written = containers.flatMap((each) =>
    each.script === undefined ? [] : [[nameOf(each), each.script] as const],
  );
  return written.length === 0 ? {} : { [SCRIPT_ANNOTATION]: JSON.stringify(Object.fromEntries(written)) };
}

/**
 * Owns the objects of the contract: namespaces, pods and Deployments exactly as KECS makes them, labels and annotations included.
 */
import { SCRIPT_ANNOTATION } from '../../src/simulator/kubelet/script.js';
import type { Container } from './containers.js';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

export const namespaceOf = (cluster: string): string => `${cluster}-${REGION}`;
export const taskArn = (cluster: string, taskId: string): string =>
  `arn:aws:ecs:${REGION}:${ACCOUNT}:task/${cluster}/${taskId}`;
export const definitionArn = (family: string, revision = 1): string =>
  `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${family}:${revision}`;

/** What a RunTask makes a pod of. */
export interface TaskSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly launchType?: 'EC2' | 'FARGATE';
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

const scriptsOf = ({ containers, initContainers = [] }: TaskSpec): string =>
  JSON.stringify(
    Object.fromEntries([...containers, ...initContainers].map(({ spec: { name }, script }) => [name, script])),
  );

const specOf = (task: TaskSpec, restartPolicy: 'Never' | 'Always'): object => {
  const { terminationGracePeriodSeconds, activeDeadlineSeconds, nodeSelector } = task;
  return {
    restartPolicy,
    containers: task.containers.map(({ spec }) => spec),
    initContainers: task.initContainers?.map(({ spec }) => spec),
    terminationGracePeriodSeconds,
    activeDeadlineSeconds,
    nodeSelector,
  };
};

export const namespace = (cluster: string): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: namespaceOf(cluster),
    labels: {
      'kecs.dev/managed': 'true',
      'kecs.dev/cluster': cluster,
      'kecs.dev/region': REGION,
      'kecs.dev/type': 'ecs-cluster',
    },
    annotations: { 'kecs.dev/created-by': 'kecs-server' },
  },
});

/** The pod of a RunTask. */
export function runTaskPod(cluster: string, family: string, taskId: string, task: TaskSpec): object {
  const launchType = task.launchType ?? 'EC2';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: taskId,
      namespace: namespaceOf(cluster),
      labels: {
        'kecs.dev/cluster': cluster,
        'kecs.dev/task-id': taskId,
        'kecs.dev/task-family': family,
        'kecs.dev/task-revision': '1',
        'kecs.dev/launch-type': launchType,
        'kecs.dev/managed-by': 'kecs',
        'ecs.task.definition.family': family,
        'tag.Environment': 'contract',
      },
      annotations: {
        'kecs.dev/task-arn': taskArn(cluster, taskId),
        'kecs.dev/task-definition-arn': definitionArn(family),
        'ecs.amazonaws.com/network-mode': launchType === 'FARGATE' ? 'awsvpc' : 'bridge',
        ...(launchType === 'FARGATE' && { 'ecs.amazonaws.com/subnets': 'subnet-12345' }),
        [SCRIPT_ANNOTATION]: scriptsOf(task),
      },
    },
    spec: specOf(task, 'Never'),
  };
}

/** The Deployment of a CreateService. */
export function serviceDeployment(cluster: string, service: string, replicas: number, task: TaskSpec): object {
  const labels = {
    'kecs.dev/service': service,
    'kecs.dev/cluster': cluster,
    'kecs.dev/launch-type': 'FARGATE',
    'kecs.dev/managed-by': 'kecs',
    app: service,
  };
  const annotations = {
    'kecs.dev/service-arn': `arn:aws:ecs:${REGION}:${ACCOUNT}:service/${cluster}/${service}`,
    'kecs.dev/task-definition': definitionArn(service),
    'kecs.dev/scheduling-strategy': 'REPLICA',
    'ecs.amazonaws.com/network-mode': 'awsvpc',
    'ecs.amazonaws.com/subnets': 'subnet-12345',
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: service, namespace: namespaceOf(cluster), labels, annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: service, 'kecs.dev/service': service } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      template: {
        metadata: {
          labels,
          annotations: {
            ...annotations,
            'kecs.dev/service-registries': 'null',
            [SCRIPT_ANNOTATION]: scriptsOf(task),
          },
        },
        spec: specOf(task, 'Always'),
      },
    },
  };
}

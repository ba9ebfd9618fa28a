import { describe, expect, it } from 'vitest';
import { encodeObject } from '../../src/simulator/api/encode.js';
import { clusterNamespace, serviceDeployment, taskPod, taskSetDeployment } from '../../src/simulator/kecs-objects.js';
import type { Pod } from '../../src/simulator/objects.js';
import { DEPLOYMENTS, EVENTS, NAMESPACES, PODS, REPLICASETS } from '../../src/simulator/resources.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { startWorkload, TASK_RETENTION } from '../../src/simulator/workload.js';
import { TestCluster } from './cluster.js';

const scope = { cluster: 'default', region: 'us-east-1', account: '000000000000' };

describe('objects as KECS makes them', () => {
  it('the pod of a RunTask', () => {
    const manifest = taskPod({
      ...scope,
      taskId: '36374d1d33ad4ec0b5a9980f30402ead',
      launchType: 'FARGATE',
      tags: { Environment: 'dev' },
      taskDefinition: {
        family: 'single-task-nginx',
        revision: 1,
        containers: [
          {
            name: 'nginx',
            image: 'nginx:latest',
            port: 80,
            healthCheck: { command: ['curl', '-f', 'http://localhost/'], startPeriod: 60 },
          },
          { name: 'logs', image: 'fluent-bit:2', essential: false },
        ],
      },
    });
    const probe = {
      exec: { command: ['sh', '-c', 'curl -f http://localhost/'] },
      timeoutSeconds: 5,
      periodSeconds: 30,
      successThreshold: 1,
      failureThreshold: 3,
    };
    expect(manifest).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: '36374d1d33ad4ec0b5a9980f30402ead',
        namespace: 'default-us-east-1',
        labels: {
          'kecs.dev/cluster': 'default',
          'kecs.dev/task-id': '36374d1d33ad4ec0b5a9980f30402ead',
          'kecs.dev/task-family': 'single-task-nginx',
          'kecs.dev/task-revision': '1',
          'kecs.dev/launch-type': 'FARGATE',
          'kecs.dev/managed-by': 'kecs',
          'ecs.task.definition.family': 'single-task-nginx',
          'tag.Environment': 'dev',
        },
        annotations: {
          'kecs.dev/task-arn': 'arn:aws:ecs:us-east-1:000000000000:task/default/36374d1d33ad4ec0b5a9980f30402ead',
          'kecs.dev/task-definition-arn': 'arn:aws:ecs:us-east-1:000000000000:task-definition/single-task-nginx:1',
          'ecs.amazonaws.com/network-mode': 'awsvpc',
        },
      },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'nginx',
            image: 'nginx:latest',
            imagePullPolicy: 'IfNotPresent',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            livenessProbe: { ...probe, initialDelaySeconds: 60 },
            readinessProbe: { ...probe, initialDelaySeconds: 10 },
          },
          { name: 'logs-nonessential', image: 'fluent-bit:2', imagePullPolicy: 'IfNotPresent' },
        ],
      },
    });
  });

  it('the Deployment of a service: its labels are those of its pods, which get their task id from the webhook', () => {
    const cluster = new TestCluster();
    const { objects } = cluster.simulator;
    const taskDefinition = {
      family: 'web',
      revision: 3,
      containers: [{ name: 'web', image: 'web:1', essential: false }] as const,
    };
    objects.create(NAMESPACES, clusterNamespace(scope));
    objects.create(DEPLOYMENTS, serviceDeployment({ ...scope, service: 'web', desiredCount: 1, taskDefinition }));
    cluster.wait(5);
    const labels = {
      'kecs.dev/service': 'web',
      'kecs.dev/cluster': 'default',
      'kecs.dev/launch-type': 'FARGATE',
      'kecs.dev/managed-by': 'kecs',
      app: 'web',
    };
    const [deployment, pod] = [objects.list(DEPLOYMENTS)[0], objects.list(PODS)[0]];
    expect(objects.get(NAMESPACES, undefined, 'default-us-east-1').metadata.labels).toMatchObject({
      'kecs.dev/cluster': 'default',
    });
    expect(deployment?.metadata.labels).toEqual(labels);
    expect(deployment?.metadata.annotations).toMatchObject({
      'kecs.dev/service-arn': 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
      'kecs.dev/task-definition': 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:3',
      'kecs.dev/scheduling-strategy': 'REPLICA',
    });
    expect(deployment?.spec).toMatchObject({
      selector: { matchLabels: { app: 'web', 'kecs.dev/service': 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      progressDeadlineSeconds: 600,
    });
    expect(pod?.metadata.labels).toEqual({
      ...labels,
      'pod-template-hash': expect.any(String) as string,
      'kecs.dev/task-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    // A service's containers keep their names, essential or not.
    expect(pod?.spec.containers[0]).toMatchObject({ name: 'web', imagePullPolicy: 'IfNotPresent' });
  });

  it('the Deployment of a task set, in a dialect of its own', () => {
    const cluster = new TestCluster();
    const { objects } = cluster.simulator;
    const taskDefinition = { family: 'web', revision: 1, containers: [{ name: 'web', image: 'web:1' }] as const };
    objects.create(
      DEPLOYMENTS,
      taskSetDeployment({
        ...scope,
        service: 'My_Web',
        taskSetId: 'ts-0a1b2c3d',
        externalId: 'blue',
        taskDefinition,
        count: 2,
      }),
    );
    cluster.wait(5);
    const pods = objects.list(PODS);
    expect(objects.list(DEPLOYMENTS)[0]?.metadata).toMatchObject({
      name: 'my-web-ts-0a1b2c3d',
      labels: {
        'kecs.io/service': 'My_Web',
        'kecs.io/taskset': 'ts-0a1b2c3d',
        'kecs.io/role': 'taskset',
        'kecs.io/managed': 'true',
      },
      annotations: { 'kecs.io/taskset-arn': 'arn:aws:ecs:us-east-1:000000000000:task-set/default/My_Web/ts-0a1b2c3d' },
    });
    expect(pods).toHaveLength(2);
    for (const { metadata } of pods) {
      expect(metadata.labels).toEqual({
        'kecs.io/cluster': 'default',
        'kecs.io/service': 'My_Web',
        'kecs.io/taskset': 'ts-0a1b2c3d',
        'kecs.io/taskset-external-id': 'blue',
        'kecs.io/role': 'taskset-pod',
        'pod-template-hash': expect.any(String) as string,
      });
      expect(metadata.annotations?.['kecs.dev/task-arn']).toBe(
        'arn:aws:ecs:us-east-1:000000000000:task/default/taskset-My_Web-ts-0a1b2c3d',
      );
    }
  });
});

/** What a cluster has lived through: every change, as sent. */
function historyOf(simulator: Simulator): string[] {
  const history: string[] = [];
  for (const resource of [PODS, EVENTS]) {
    simulator.objects.subscribe<Pod>(resource as typeof PODS, ({ type, object }) =>
      history.push(`${type} ${encodeObject(object)}`),
    );
  }
  return history;
}

describe('the sample workload', () => {
  it('shows within ten minutes all that it is there to show', () => {
    const cluster = new TestCluster();
    const { objects } = cluster.simulator;
    const seen = new Set<string>();
    objects.subscribe(PODS, ({ object: { metadata, status } }) => {
      for (const { state, lastState } of status.containerStatuses ?? []) {
        seen.add(state.waiting?.reason ?? state.terminated?.reason ?? 'running');
        if (lastState.terminated !== undefined) seen.add(`was ${lastState.terminated.reason}`);
      }
      if (metadata.deletionTimestamp !== undefined) seen.add(`${status.phase} while terminating`);
      else seen.add(String(status.phase));
    });
    objects.subscribe(DEPLOYMENTS, ({ object: { metadata, status, spec } }) => {
      const progressing = status.conditions?.find(({ type }) => type === 'Progressing')?.reason;
      if (metadata.name === 'checkout') seen.add(`checkout ${progressing}`);
      if (metadata.name === 'api')
        seen.add(`api revision ${metadata.annotations?.['deployment.kubernetes.io/revision']}`);
      if (metadata.name === 'queue') seen.add(`queue ${spec.replicas}`);
    });
    startWorkload(cluster.simulator);
    cluster.wait(600);
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'Succeeded',
        'Failed',
        'Completed',
        'Error',
        'OOMKilled',
        'ErrImagePull',
        'ImagePullBackOff',
        'CrashLoopBackOff',
        'was ContainerStatusUnknown',
        'Running while terminating',
        'Failed while terminating',
        'checkout ProgressDeadlineExceeded',
        'checkout NewReplicaSetAvailable',
        'api revision 3',
        'queue 8',
      ]),
    );
    const web = objects.get(DEPLOYMENTS, 'default-us-east-1', 'web');
    expect([web.metadata.generation, web.status.availableReplicas]).toEqual([1, 4]);
  });

  it('goes on without growing', () => {
    const cluster = new TestCluster();
    const { objects } = cluster.simulator;
    startWorkload(cluster.simulator);
    const sizes: number[] = [];
    for (let minute = 0; minute < 40; minute++) {
      cluster.wait(60);
      sizes.push(objects.list(PODS).length);
    }
    expect(Math.max(...sizes)).toBeLessThan(100);
    expect(objects.list(REPLICASETS).length).toBeLessThan(60);
  });

  it('is the same with the same seed, and another with another', () => {
    const lives = [1, 1, 2].map((seed) => {
      const cluster = new TestCluster({ seed });
      const history = historyOf(cluster.simulator);
      startWorkload(cluster.simulator, { seed });
      cluster.wait(90);
      return history;
    });
    expect(lives[0]?.length).toBeGreaterThan(300);
    expect(lives[1]).toEqual(lives[0]);
    expect(lives[2]).not.toEqual(lives[0]);
  });

  it('lets nothing new happen once it is stopped', () => {
    const cluster = new TestCluster();
    const { objects } = cluster.simulator;
    const workload = startWorkload(cluster.simulator);
    cluster.wait(120);
    workload.stop();
    const created: string[] = [];
    objects.subscribe(PODS, ({ type, object }) => {
      if (type === 'ADDED' && object.metadata.ownerReferences === undefined) created.push(object.metadata.name);
    });
    const generations = () => objects.list(DEPLOYMENTS).map(({ metadata }) => metadata.generation);
    const before = generations();
    cluster.wait((2 * TASK_RETENTION) / 1000);
    expect([created, generations()]).toEqual([[], before]);
  });
});

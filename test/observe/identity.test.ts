/**
 * Who a pod is in ECS, in both of KECS's label dialects.
 */
import { describe, expect, it } from 'vitest';
import { POD_SELECTORS, observeIdentity } from '../../src/observe/identity.js';
import {
  EPOCH_SECONDS,
  POD_UID,
  REPLICA_SET_UID,
  SERVICE_ARN,
  TASK_ARN,
  TASK_DEFINITION_ARN,
  TASK_ID,
  runTaskPod,
  servicePod,
  taskSetPod,
} from './raw-pods.js';
import type { Raw } from './raw-pods.js';

const DEFAULTS = { region: 'ap-northeast-1', accountId: '999999999999' };
const identify = (pod: Raw) => observeIdentity(pod, DEFAULTS);
const NGINX = {
  name: 'nginx',
  podContainerName: 'nginx',
  image: 'nginx:latest',
  essential: true,
  hasHealthCheck: false,
  cpu: '0',
};
/** A pod with nothing of KECS's on it but what its selector finds. */
const bare = (namespace: string, labels: Raw = {}, annotations: Raw = {}): Raw => {
  const pod = runTaskPod({ namespace });
  return { ...pod, metadata: { ...(pod['metadata'] as Raw), labels, annotations } }; // every pod here has its metadata
};

describe('a RunTask pod', () => {
  it('carries who it is', () => {
    expect(identify(runTaskPod())).toEqual({
      taskArn: TASK_ARN,
      taskId: TASK_ID,
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      clusterName: 'default',
      taskDefinitionArn: TASK_DEFINITION_ARN,
      family: 'single-task-nginx',
      group: 'family:single-task-nginx',
      launchType: 'FARGATE',
      namespace: 'default-us-east-1',
      podName: TASK_ID,
      podUid: POD_UID,
      createdAt: EPOCH_SECONDS * 1000,
      networkMode: 'awsvpc',
      subnetId: 'subnet-12345',
      hasRegistrations: false,
      tags: [],
      containers: [{ ...NGINX, restart: 'never' }],
    });
  });

  it('is found by its selector', () => {
    const [label = '', value] = POD_SELECTORS.kecs.split('=');
    expect(runTaskPod()['metadata']).toMatchObject({ labels: { [label]: value } });
    expect(servicePod()['metadata']).toMatchObject({ labels: { [label]: value } });
  });

  it('has the tags that KECS puts on it', () => {
    const labels = { 'tag.Environment': 'dev', 'tag.cost.centre': '7', 'tag.empty': '', 'tag.broken': 7, tag: 'no' };
    expect(identify(runTaskPod({ labels })).tags).toEqual([
      { key: 'Environment', value: 'dev' },
      { key: 'cost.centre', value: '7' },
      { key: 'empty', value: '' },
    ]);
  });
});

describe('a pod of a service', () => {
  const withoutId = {
    taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/default/7a2d500619625133525d6ad4759c7d36',
    taskId: '7a2d500619625133525d6ad4759c7d36',
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    clusterName: 'default',
    taskDefinitionArn: TASK_DEFINITION_ARN,
    family: 'single-task-nginx',
    group: 'service:single-task-nginx',
    launchType: 'FARGATE',
    serviceName: 'single-task-nginx',
    serviceArn: SERVICE_ARN,
    replicaSet: { uid: REPLICA_SET_UID, name: 'single-task-nginx-6c9f8d7b5c' },
    namespace: 'default-us-east-1',
    podName: 'single-task-nginx-6c9f8d7b5c-h4x2p',
    podUid: POD_UID,
    createdAt: EPOCH_SECONDS * 1000,
    networkMode: 'awsvpc',
    subnetId: 'subnet-12345678',
    hasRegistrations: false,
    tags: [],
    containers: [{ ...NGINX, restart: 'always' }],
  };

  it('has the id of the hash of its name, when KECS’s webhook did not label it', () => {
    expect(identify(servicePod())).toEqual(withoutId);
  });

  it('has the id of its label, where the webhook gave it one', () => {
    expect(identify(servicePod({ labels: { 'kecs.dev/task-id': TASK_ID } }))).toEqual({
      ...withoutId,
      taskArn: TASK_ARN,
      taskId: TASK_ID,
    });
  });

  it('knows its ReplicaSet, and no other owner for one', () => {
    const replicaSet = (...ownerReferences: readonly Raw[]) => identify(servicePod({ ownerReferences })).replicaSet;
    const owner = { kind: 'ReplicaSet', name: 'web-1', uid: 'uid-1' };
    expect(replicaSet({ kind: 'Job', name: 'job', uid: 'uid-2' }, owner)).toEqual({ name: 'web-1', uid: 'uid-1' });
    expect(replicaSet({ kind: 'StatefulSet', name: 'web', uid: 'uid-1' })).toBeUndefined();
    expect(replicaSet({ ...owner, uid: undefined })).toBeUndefined();
    expect(replicaSet({ ...owner, name: '' })).toBeUndefined();
    expect(replicaSet()).toBeUndefined();
  });

  it('has registrations with a target group or a registry, and not with the word null', () => {
    const has = (labels: Raw, annotations: Raw = {}) => identify(servicePod({ labels, annotations })).hasRegistrations;
    expect(has({})).toBe(false);
    expect(has({}, { 'kecs.dev/service-registries': '[]' })).toBe(false);
    expect(has({}, { 'kecs.dev/service-registries': '[{"registryArn":"arn:aws:servicediscovery:x"}]' })).toBe(true);
    expect(has({ 'kecs.io/elbv2-target-group-name': 'web' })).toBe(true);
    expect(has({ 'kecs.io/load-balancer-enabled': 'true' })).toBe(true);
    expect(has({ 'kecs.io/service-discovery-enabled': 'false' })).toBe(false);
  });
});

describe('a pod of a task set', () => {
  it('has an id of its own, since the task ARN on it is made up and shared by its siblings', () => {
    const [first, second] = ['web-ts-0a1b2c3d-5d4c6b7f8-x7k2m', 'web-ts-0a1b2c3d-5d4c6b7f8-p9q8r'].map((name) =>
      identify(taskSetPod({ name })),
    );
    expect(first).toMatchObject({
      taskArn: `arn:aws:ecs:eu-west-1:123456789012:task/default/${first?.taskId}`,
      clusterArn: 'arn:aws:ecs:eu-west-1:123456789012:cluster/default',
      clusterName: 'default',
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7',
      family: 'web',
      group: 'service:web',
      serviceName: 'web',
      serviceArn: 'arn:aws:ecs:eu-west-1:123456789012:service/default/web',
      startedBy: 'ts-0a1b2c3d',
      taskSetId: 'ts-0a1b2c3d',
    });
    expect(first?.taskId).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.taskId).not.toBe(first?.taskId);
  });

  it('is found by its selector, and not by the one of the other dialect', () => {
    const [label = '', value] = POD_SELECTORS.taskSet.split('=');
    expect(taskSetPod()['metadata']).toMatchObject({ labels: { [label]: value } });
    expect(taskSetPod()['metadata']).not.toHaveProperty(['labels', POD_SELECTORS.kecs.split('=')[0] ?? '']);
  });
});

describe('cluster, region and account', () => {
  it.each([
    ['default-us-east-1', 'default', 'us-east-1'],
    ['default-us-gov-west-1', 'default', 'us-gov-west-1'],
    ['default-us-iso-east-1', 'default', 'us-iso-east-1'],
    ['default-us-isob-east-1', 'default', 'us-isob-east-1'],
    ['default-eu-isoe-west-1', 'default', 'eu-isoe-west-1'],
    ['default-eusc-de-east-1', 'default', 'eusc-de-east-1'],
    ['default-ap-southeast-5', 'default', 'ap-southeast-5'],
    ['default-me-central-1', 'default', 'me-central-1'],
    ['my-app-cluster-eu-north-1', 'my-app-cluster', 'eu-north-1'],
    ['web-qa-blue-us-east-1', 'web-qa-blue', 'us-east-1'],
    ['shop-eu-west-1-us-east-1', 'shop-eu-west-1', 'us-east-1'],
    ['plain', 'plain', DEFAULTS.region],
    ['us-east-1', 'us-east-1', DEFAULTS.region],
  ])('of a bare pod in %s are those of the namespace', (namespace, cluster, region) => {
    expect(identify(bare(namespace))).toMatchObject({
      clusterName: cluster,
      clusterArn: `arn:aws:ecs:${region}:999999999999:cluster/${cluster}`,
      taskArn: expect.stringMatching(`^arn:aws:ecs:${region}:999999999999:task/${cluster}/[0-9a-f]{32}$`),
    });
  });

  it('are those of its labels and ARNs, before those of its namespace', () => {
    const annotations = { 'kecs.dev/service-arn': 'arn:aws:ecs:eu-west-1:123456789012:service/prod/web' };
    expect(identify(bare('whatever-us-east-1', {}, annotations)).clusterArn).toBe(
      'arn:aws:ecs:eu-west-1:123456789012:cluster/prod',
    );
    expect(identify(bare('whatever-us-east-1', { 'kecs.dev/cluster': 'Prod_1' }, annotations)).clusterArn).toBe(
      'arn:aws:ecs:eu-west-1:123456789012:cluster/Prod_1',
    );
    const definition = { 'kecs.dev/task-definition': 'arn:aws:ecs:eu-west-2:123456789012:task-definition/web:7' };
    expect(identify(bare('default-us-east-1', {}, definition)).clusterArn).toBe(
      'arn:aws:ecs:eu-west-2:123456789012:cluster/default',
    );
  });
});

describe('the task definition', () => {
  it.each([
    [{}, { 'kecs.dev/task-definition': TASK_DEFINITION_ARN }, TASK_DEFINITION_ARN, 'single-task-nginx'],
    [{}, { 'kecs.io/task-definition': 'web:7' }, 'arn:aws:ecs:us-east-1:999999999999:task-definition/web:7', 'web'],
    [
      { 'kecs.dev/task-family': 'web', 'kecs.dev/task-revision': '3' },
      {},
      'arn:aws:ecs:us-east-1:999999999999:task-definition/web:3',
      'web',
    ],
    [{ 'ecs.task.definition.family': 'web' }, {}, undefined, 'web'],
    [{}, {}, undefined, undefined],
  ])('of a pod with %j and %j', (labels, annotations, taskDefinitionArn, family) => {
    const identity = identify(bare('default-us-east-1', labels, annotations));
    expect([identity.taskDefinitionArn, identity.family]).toEqual([taskDefinitionArn, family]);
    expect(identity.group).toBe(`family:${family ?? identity.podName}`);
  });
});

describe('launch type and network mode', () => {
  it.each([
    ['FARGATE', 'FARGATE'],
    ['EXTERNAL', 'EXTERNAL'],
    ['EC2', 'EC2'],
    [undefined, 'EC2'],
    ['fargate', 'EC2'],
    ['MANAGED_INSTANCES', 'EC2'],
  ])('the launch type of the label %j is %s', (label, launchType) => {
    expect(identify(runTaskPod({ labels: { 'kecs.dev/launch-type': label } })).launchType).toBe(launchType);
  });

  it.each([
    ['awsvpc', 'EC2', false, 'awsvpc'],
    ['bridge', 'FARGATE', false, 'bridge'],
    ['host', 'EC2', false, 'host'],
    ['none', 'EC2', false, 'none'],
    [undefined, 'FARGATE', false, 'awsvpc'],
    [undefined, 'EC2', false, 'bridge'],
    [undefined, 'FARGATE', true, 'host'],
    ['overlay', 'EC2', false, 'bridge'],
  ])('annotation %j, launch type %s, hostNetwork %j: %s', (mode, launchType, hostNetwork, networkMode) => {
    const pod = runTaskPod({
      labels: { 'kecs.dev/launch-type': launchType },
      annotations: { 'ecs.amazonaws.com/network-mode': mode },
      spec: { hostNetwork },
    });
    expect(identify(pod).networkMode).toBe(networkMode);
  });

  it('the subnet is the first of the list', () => {
    const subnet = (subnets: unknown) =>
      identify(runTaskPod({ annotations: { 'ecs.amazonaws.com/subnets': subnets } })).subnetId;
    expect([subnet('subnet-1,subnet-2'), subnet('subnet-1'), subnet(''), subnet(undefined)]).toEqual([
      'subnet-1',
      'subnet-1',
      undefined,
      undefined,
    ]);
  });
});

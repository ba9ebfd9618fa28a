/**
 * How a task looks in the ECS API, whole, at each stage of its life; and that it has the form of the API's model.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../machines/semantics.js';
import { projectTask } from '../../src/project/task.js';
import { CREATED, CREATING, POD_IP, RUNNING, deleted, ended } from '../field-sync/looks.js';
import { WatchedTask, at, seenAt } from '../field-sync/watched-task.js';
import { problemsOf } from '../http/model.js';
import { arbitraryIdentity, arbitraryMessages } from '../machines/task/arbitraries.js';
import { IDENTITY } from '../machines/task/messages.js';
import { startTask } from '../machines/task/running-task.js';
import {
  IMAGE_DIGEST,
  NGINX,
  RUNTIME_ID,
  SERVICE_ARN,
  TASK_ARN,
  TASK_DEFINITION_ARN,
  TASK_ID,
  runTaskPod,
  servicePod,
} from '../observe/raw-pods.js';

const limits = { cpu: '250m', memory: '512Mi' };
const POD = runTaskPod({
  labels: { 'tag.Environment': 'dev' },
  spec: { containers: [{ ...NGINX, resources: { limits, requests: limits }, readinessProbe: {} }] },
});
/** sha256 of "attachment", NUL and the pod's uid; of "container", NUL, the uid, NUL and "nginx"; of the uid. */
const ATTACHMENT_ID = '393c71cf-4515-d415-d947-d100a2863024';
const CONTAINER_ID = '427daa48-339a-5874-9da6-4c696555b399';
const INTERFACE_ID = 'eni-5bca2f156782ae8c1';

const containerBefore = {
  containerArn: `arn:aws:ecs:us-east-1:000000000000:container/default/${TASK_ID}/${CONTAINER_ID}`,
  cpu: '256',
  healthStatus: 'UNKNOWN',
  image: 'nginx:latest',
  lastStatus: 'PENDING',
  memory: '512',
  memoryReservation: '512',
  name: 'nginx',
  networkBindings: [],
  networkInterfaces: [],
  taskArn: TASK_ARN,
};
const precreated = {
  id: ATTACHMENT_ID,
  type: 'ElasticNetworkInterface',
  status: 'PRECREATED',
  details: [{ name: 'subnetId', value: 'subnet-12345' }],
};
const atBirth = {
  attachments: [precreated],
  attributes: [
    { name: 'kecs.dev/pod-name', value: TASK_ID },
    { name: 'kecs.dev/pod-namespace', value: 'default-us-east-1' },
  ],
  clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
  containers: [containerBefore],
  cpu: '256',
  createdAt: at(0),
  desiredStatus: 'RUNNING',
  enableExecuteCommand: false,
  group: 'family:single-task-nginx',
  healthStatus: 'UNKNOWN',
  lastStatus: 'PROVISIONING',
  launchType: 'FARGATE',
  memory: '512',
  overrides: { containerOverrides: [{ name: 'nginx' }], inferenceAcceleratorOverrides: [] },
  tags: [{ key: 'Environment', value: 'dev' }],
  taskArn: TASK_ARN,
  taskDefinitionArn: TASK_DEFINITION_ARN,
  version: 1,
};
const attached = {
  ...precreated,
  status: 'ATTACHED',
  details: [
    { name: 'subnetId', value: 'subnet-12345' },
    { name: 'networkInterfaceId', value: INTERFACE_ID },
    { name: 'privateIPv4Address', value: POD_IP },
  ],
};
const containerRunning = {
  ...containerBefore,
  healthStatus: 'HEALTHY',
  imageDigest: IMAGE_DIGEST,
  lastStatus: 'RUNNING',
  networkInterfaces: [{ attachmentId: ATTACHMENT_ID, privateIpv4Address: POD_IP }],
  runtimeId: RUNTIME_ID,
};
const atWork = {
  ...atBirth,
  attachments: [attached],
  connectivity: 'CONNECTED',
  connectivityAt: at(3),
  containers: [containerRunning],
  healthStatus: 'HEALTHY',
  lastStatus: 'RUNNING',
  pullStartedAt: at(1),
  pullStoppedAt: at(2),
  startedAt: at(1),
  version: 5,
};
const asked = { desiredStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason: 'drill', stoppingAt: seenAt(20) };

describe('a task in the ECS API', () => {
  const task = new WatchedTask(POD);
  const stages: readonly (readonly [string, () => WatchedTask, object])[] = [
    ['created', () => task.see(0, CREATED), atBirth],
    [
      'being prepared',
      () => task.see(1, CREATING),
      {
        ...atBirth,
        containers: [{ ...containerBefore, reason: 'ContainerCreating' }],
        lastStatus: 'PENDING',
        version: 2,
      },
    ],
    [
      'running',
      () =>
        task
          .event({ reason: 'Pulling', message: 'Pulling image "nginx:latest"', container: 'nginx', firstSecond: 1 })
          .event({ reason: 'Pulled', message: 'Successfully pulled image', container: 'nginx', firstSecond: 2 })
          .see(3, RUNNING),
      atWork,
    ],
    ['asked to stop', () => task.stopTask(20, 'drill'), { ...atWork, ...asked, lastStatus: 'STOPPING', version: 6 }],
    [
      'let go by its node',
      () => task.see(30, deleted(ended(143, 29), 20, 0)),
      {
        ...atWork,
        ...asked,
        containers: [{ ...containerRunning, lastStatus: 'STOPPED', exitCode: 143, reason: 'Error' }],
        executionStoppedAt: at(29),
        lastStatus: 'DEPROVISIONING',
        version: 7,
      },
    ],
    [
      'stopped',
      () => task.gone(31, deleted(ended(143, 29), 20, 0)),
      {
        ...atWork,
        ...asked,
        attachments: [{ ...attached, status: 'DELETED' }],
        containers: [{ ...containerRunning, lastStatus: 'STOPPED', exitCode: 143, reason: 'Error' }],
        executionStoppedAt: at(29),
        lastStatus: 'STOPPED',
        stoppedAt: at(29),
        version: 8,
      },
    ],
  ];

  it.each(stages)('%s', (_, step, json) => {
    expect(step().json).toEqual(json);
    expect(problemsOf('DescribeTasks', { tasks: [task.json], failures: [] })).toEqual([]);
  });

  it('of a service names its service, and its cluster by the ARN of the service', () => {
    const { json } = new WatchedTask(servicePod()).see(3, RUNNING);
    expect(json).toMatchObject({
      group: 'service:single-task-nginx',
      clusterArn: SERVICE_ARN.replace('service/default/single-task-nginx', 'cluster/default'),
    });
    expect(problemsOf('DescribeTasks', { tasks: [json], failures: [] })).toEqual([]);
  });

  it('of host network mode has no interface and no address of its own', () => {
    const { json } = new WatchedTask(runTaskPod({ annotations: { 'ecs.amazonaws.com/network-mode': 'host' } })).see(
      3,
      RUNNING,
    );
    expect(json).toMatchObject({ attachments: [], containers: [{ networkInterfaces: [] }] });
  });

  it('of bridge network mode has an address and no attachment', () => {
    const pod = runTaskPod({ annotations: { 'ecs.amazonaws.com/network-mode': 'bridge' } });
    expect(new WatchedTask(pod).see(3, RUNNING).json).toMatchObject({
      attachments: [],
      containers: [{ networkInterfaces: [{ privateIpv4Address: POD_IP }] }],
    });
  });

  it('shows its tags only to who asked for them', () => {
    const identity = { ...IDENTITY, tags: [{ key: 'team', value: 'a' }] };
    const told = startTask({ identity, profile: 'kecs' }).now();
    expect(projectTask(told.context, 'RUNNING', { tags: false })['tags']).toEqual([]);
    expect(projectTask(told.context, 'RUNNING', { tags: true })['tags']).toEqual([{ key: 'team', value: 'a' }]);
  });
});

describe('the form of the model', () => {
  it('is kept by any task', () => {
    const scenario = fc
      .tuple(arbitraryIdentity, fc.constantFrom(...PROFILE_NAMES))
      .chain(([identity, profile]) =>
        fc.record({ input: fc.constant({ identity, profile }), messages: arbitraryMessages(identity.containers) }),
      );
    fc.assert(
      fc.property(scenario, ({ input, messages }) => {
        const { context, lastStatus } = startTask(input).send(...messages);
        const task = projectTask(context, lastStatus, { tags: true });
        expect(problemsOf('DescribeTasks', { tasks: [task], failures: [] })).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('would show a wrong name and a wrong value', () => {
    expect(problemsOf('DescribeTasks', { tasks: [{ ...atBirth, stopReason: 'x' }], failures: [] })).toHaveLength(1);
    expect(problemsOf('DescribeTasks', { tasks: [{ ...atBirth, healthStatus: 'FINE' }], failures: [] })).toHaveLength(
      1,
    );
    expect(problemsOf('DescribeTasks', { tasks: [{ ...atBirth, createdAt: '2026' }], failures: [] })).toHaveLength(1);
  });
});

/** DescribeTasks as the official client asks for it. */
import {
  ClusterNotFoundException,
  DescribeTasksCommand,
  InvalidParameterException,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import type { DescribeTasksCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { CREATED, fakeState, fakeTask, taskId } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';
import { problemsOf } from './model.js';

const arn = (id: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/${taskId(id)}`;

const tasks = [
  fakeTask({ id: 'a', serviceName: 'web', startedBy: 'ecs-svc/1', tags: [{ key: 'team', value: 'blue' }] }),
  fakeTask({ id: 'b', lastStatus: 'STOPPED' }),
  fakeTask({ id: 'c', cluster: 'other' }),
];

async function describeTasks(harness: Harness, input: DescribeTasksCommandInput) {
  const { $metadata, ...output } = await harness.client.send(new DescribeTasksCommand(input));
  expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  return output;
}

const arnsOf = (output: { tasks?: readonly { taskArn?: string | undefined }[] | undefined }) =>
  output.tasks?.map(({ taskArn }) => taskArn);

describe('a task that is known', () => {
  test('is given whole, its times as dates and its absent members left out', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const output = await describeTasks(harness, { tasks: [taskId('b')] });
    expect(output).toEqual({
      failures: [],
      tasks: [
        {
          attachments: [
            {
              id: expect.stringMatching(/^[0-9a-f-]{36}$/),
              type: 'ElasticNetworkInterface',
              status: 'DELETED',
              details: [
                { name: 'subnetId', value: 'subnet-12345678' },
                { name: 'networkInterfaceId', value: expect.stringMatching(/^eni-[0-9a-f]{17}$/) },
                { name: 'privateIPv4Address', value: '10.1.2.3' },
              ],
            },
          ],
          attributes: [
            { name: 'kecs.dev/pod-name', value: 'pod-b' },
            { name: 'kecs.dev/pod-namespace', value: 'default-us-east-1' },
          ],
          clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
          connectivity: 'CONNECTED',
          connectivityAt: new Date(CREATED + 2_500),
          containers: [
            {
              containerArn: expect.stringContaining(`container/default/${taskId('b')}/`),
              cpu: '0',
              exitCode: 0,
              healthStatus: 'HEALTHY',
              image: 'nginx:latest',
              imageDigest: 'sha256:abc',
              lastStatus: 'STOPPED',
              memory: '512',
              name: 'app',
              networkBindings: [],
              networkInterfaces: [{ attachmentId: expect.any(String), privateIpv4Address: '10.1.2.3' }],
              reason: 'Completed',
              runtimeId: 'c0ffee',
              taskArn: arn('b'),
            },
          ],
          cpu: '256',
          createdAt: new Date(CREATED),
          desiredStatus: 'STOPPED',
          enableExecuteCommand: false,
          executionStoppedAt: new Date(CREATED + 9_500),
          group: 'family:web',
          healthStatus: 'HEALTHY',
          lastStatus: 'STOPPED',
          launchType: 'FARGATE',
          memory: '512',
          overrides: { containerOverrides: [{ name: 'app' }], inferenceAcceleratorOverrides: [] },
          pullStartedAt: new Date(CREATED + 1_000),
          pullStoppedAt: new Date(CREATED + 2_000),
          startedAt: new Date(CREATED + 3_000),
          stopCode: 'EssentialContainerExited',
          stoppedAt: new Date(CREATED + 10_000),
          stoppedReason: 'Essential container in task exited',
          stoppingAt: new Date(CREATED + 9_000),
          tags: [],
          taskArn: arn('b'),
          taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
          version: 3,
        },
      ],
    });
  });

  test('has its tags when they were asked for', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const tagsOf = async (include?: DescribeTasksCommandInput['include']) =>
      (await describeTasks(harness, { tasks: [taskId('a')], include })).tasks?.[0]?.tags;
    expect(await tagsOf()).toEqual([]);
    expect(await tagsOf([])).toEqual([]);
    expect(await tagsOf(['TAGS'])).toEqual([{ key: 'team', value: 'blue' }]);
  });

  test('is found by id, by ARN, and by the old ARN without a cluster', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const short = `arn:aws:ecs:us-east-1:000000000000:task/${taskId('a')}`;
    for (const name of [taskId('a'), arn('a'), short]) {
      expect(arnsOf(await describeTasks(harness, { tasks: [name] }))).toEqual([arn('a')]);
    }
  });

  test('comes once, in the order in which it was first named', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const output = await describeTasks(harness, {
      tasks: [arn('b'), taskId('a'), taskId('b'), taskId('0'), arn('0'), arn('a')],
    });
    expect(arnsOf(output)).toEqual([arn('b'), arn('a')]);
    expect(output.failures).toEqual([{ arn: arn('0'), reason: 'MISSING' }]);
  });

  test('is found in the cluster that is named, by name or ARN', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    for (const cluster of ['other', 'arn:aws:ecs:us-east-1:000000000000:cluster/other']) {
      expect(arnsOf(await describeTasks(harness, { cluster, tasks: [taskId('c')] }))).toEqual([arn('c', 'other')]);
    }
    expect(await describeTasks(harness, { tasks: [taskId('c')] })).toEqual({
      tasks: [],
      failures: [{ arn: arn('c'), reason: 'MISSING' }],
    });
  });

  test('is of the model on the wire, whatever its state', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const { json, status, headers } = await harness.call('DescribeTasks', {
      tasks: [taskId('a'), taskId('b'), taskId('0')],
      include: ['TAGS'],
    });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(problemsOf('DescribeTasks', json)).toEqual([]);
    expect(json).toMatchObject({ tasks: [{ createdAt: CREATED / 1000 }, {}], failures: [{}] });
  });
});

describe('a task that is not known', () => {
  test('is a failure with its full ARN, however it was named', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const uuid = '0aaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
    const output = await describeTasks(harness, {
      tasks: [taskId('1'), arn('2'), `arn:aws:ecs:us-east-1:000000000000:task/${taskId('3')}`, uuid],
    });
    expect(output).toEqual({
      tasks: [],
      failures: [arn('1'), arn('2'), arn('3'), `arn:aws:ecs:us-east-1:000000000000:task/default/${uuid}`].map(
        (missing) => ({
          arn: missing,
          reason: 'MISSING',
        }),
      ),
    });
  });

  test('is one of another account or region, with the id of a task that is known', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const elsewhere = [
      `arn:aws:ecs:eu-west-1:000000000000:task/default/${taskId('a')}`,
      `arn:aws:ecs:us-east-1:123456789012:task/${taskId('a')}`,
    ];
    expect(await describeTasks(harness, { tasks: elsewhere })).toEqual({
      tasks: [],
      failures: elsewhere.map((missing) => ({ arn: missing, reason: 'MISSING' })),
    });
  });
});

describe('a request that ECS refuses', () => {
  test.each<[string, DescribeTasksCommandInput, string]>([
    ['no task', { tasks: [] }, 'Tasks cannot be empty.'],
    ['no task in no cluster', { tasks: [], cluster: 'nowhere' }, 'Tasks cannot be empty.'],
    ['an id that is none', { tasks: ['abc'] }, 'taskId length should be one of [32,36]'],
    ['an empty id', { tasks: [taskId('a'), ''] }, 'taskId length should be one of [32,36]'],
    [
      'an ARN without an id',
      { tasks: ['arn:aws:ecs:us-east-1:000000000000:task/default/'] },
      'taskId length should be one of [32,36]',
    ],
    [
      'more than 100 tasks',
      { tasks: Array.from({ length: 101 }, (_, index) => taskId(String(index))) },
      'taskIds can have at most 100 items.',
    ],
    [
      'a task of another cluster',
      { tasks: [arn('c', 'other')] },
      'Invalid identifier: Identifier is for cluster other. Your cluster is default',
    ],
    [
      'an ARN of something else',
      { tasks: ['arn:aws:ecs:us-east-1:000000000000:service/default/web'] },
      'Unsupported resource type: service',
    ],
    [
      'a path in place of an id',
      { tasks: [`default/${taskId('a')}`] },
      'Invalid identifier: Unexpected number of separators',
    ],
    ['an ARN with too many parts', { tasks: [`${arn('a')}/x`] }, 'Invalid identifier: Unexpected number of separators'],
    [
      'an ARN of another service',
      { tasks: ['arn:aws:s3:::bucket'] },
      'Invalid identifier: Unexpected number of separators',
    ],
    [
      'a cluster of an impossible name',
      { cluster: 'a b', tasks: [taskId('a')] },
      'Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b',
    ],
    // The client's types know what may be included; its users may not.
    [
      'an unknown include',
      { tasks: [taskId('a')], include: ['EVERYTHING' as 'TAGS'] },
      'each of include must be one of [TAGS], but was EVERYTHING.',
    ],
  ])('%s', async (_what, input, message) => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const error: unknown = await harness.client
      .send(new DescribeTasksCommand(input))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message, $metadata: { httpStatusCode: 400 } });
  });

  test('a cluster that is not known', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    for (const cluster of ['nowhere', 'arn:aws:ecs:eu-west-1:000000000000:cluster/default']) {
      const error: unknown = await harness.client
        .send(new DescribeTasksCommand({ cluster, tasks: [taskId('a')] }))
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ClusterNotFoundException);
      expect(error).toMatchObject({ message: 'Cluster not found.', $metadata: { httpStatusCode: 400 } });
    }
  });

  test('the default cluster, while nothing is known of it', async () => {
    const harness = await startServer();
    await expect(harness.client.send(new DescribeTasksCommand({ tasks: [taskId('a')] }))).rejects.toBeInstanceOf(
      ClusterNotFoundException,
    );
  });
});

describe('clusters of one name in several accounts', () => {
  test('the name means the one that ecstate is configured for, the ARN any', async () => {
    const state = fakeState(fakeTask({ id: 'a' }));
    const there = fakeTask({ id: 'a' });
    const identity = {
      ...there.context.identity,
      taskArn: arn('a').replace('000000000000', '111111111111'),
      clusterArn: 'arn:aws:ecs:us-east-1:111111111111:cluster/default',
    };
    state.put({ ...there, context: { ...there.context, identity } });
    const harness = await startServer({ state, accountId: '111111111111' });
    expect(arnsOf(await describeTasks(harness, { tasks: [taskId('a')] }))).toEqual([identity.taskArn]);
    const cluster = 'arn:aws:ecs:us-east-1:000000000000:cluster/default';
    expect(arnsOf(await describeTasks(harness, { cluster, tasks: [taskId('a')] }))).toEqual([arn('a')]);
  });
});

describe("the client's waiters", () => {
  test('see running tasks run and stopped tasks stopped', async () => {
    const { client } = await startServer({ state: fakeState(...tasks) });
    const bounds = { client, maxWaitTime: 10 };
    expect((await waitUntilTasksRunning(bounds, { tasks: [taskId('a')] })).state).toBe('SUCCESS');
    expect((await waitUntilTasksStopped(bounds, { tasks: [arn('b')] })).state).toBe('SUCCESS');
    await expect(waitUntilTasksRunning(bounds, { tasks: [taskId('a'), taskId('b')] })).rejects.toThrow('FAILURE');
    await expect(waitUntilTasksRunning(bounds, { tasks: [taskId('0')] })).rejects.toThrow('FAILURE');
  });
});

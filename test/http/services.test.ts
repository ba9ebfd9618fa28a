/** ListServices and DescribeServices as the official client asks for them. */
import {
  ClusterNotFoundException,
  DescribeClustersCommand,
  DescribeServicesCommand,
  InvalidParameterException,
  ListServicesCommand,
  ListTasksCommand,
  ServiceNotFoundException,
  paginateListServices,
  waitUntilServicesInactive,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs';
import type { DescribeServicesCommandInput, ListServicesCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { deploymentId, fakeService } from './fake-service.js';
import { CREATED, fakeState, fakeTask } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';
import { problemsOf } from './model.js';

const arn = (name: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:service/${cluster}/${name}`;

const services = [
  fakeService({ name: 'web', events: ['has started 1 tasks: (task 1).', 'has reached a steady state.'] }),
  fakeService({ name: 'api', status: 'PENDING', launchType: 'EC2' }),
  fakeService({ name: 'old', status: 'DRAINING' }),
  fakeService({ name: 'gone', status: 'INACTIVE', counts: [0, 0, 0] }),
  fakeService({ name: 'agent', schedulingStrategy: 'DAEMON' }),
  fakeService({ name: 'web', cluster: 'other' }),
];

async function start(): Promise<Harness> {
  const state = fakeState();
  state.putServices(...services);
  return await startServer({ state });
}

async function list(harness: Harness, input: ListServicesCommandInput) {
  const { $metadata, ...output } = await harness.client.send(new ListServicesCommand(input));
  expect($metadata.httpStatusCode).toBe(200);
  return output;
}

async function describeServices(harness: Harness, input: DescribeServicesCommandInput) {
  const { $metadata, ...output } = await harness.client.send(new DescribeServicesCommand(input));
  expect($metadata.httpStatusCode).toBe(200);
  return output;
}

const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('ListServices', () => {
  test.each<[string, ListServicesCommandInput, string[]]>([
    ['nothing: those that are wanted, by name', {}, [arn('agent'), arn('api'), arn('web')]],
    ['a cluster', { cluster: 'other' }, [arn('web', 'other')]],
    ['launchType', { launchType: 'EC2' }, [arn('api')]],
    ['launchType of no service', { launchType: 'EXTERNAL' }, []],
    ['schedulingStrategy DAEMON', { schedulingStrategy: 'DAEMON' }, [arn('agent')]],
    ['schedulingStrategy REPLICA', { schedulingStrategy: 'REPLICA' }, [arn('api'), arn('web')]],
    ['both', { schedulingStrategy: 'REPLICA', launchType: 'FARGATE' }, [arn('web')]],
    ['what ECS manages: KECS has no such services', { resourceManagementType: 'ECS' }, []],
    ['what customers manage', { resourceManagementType: 'CUSTOMER' }, [arn('agent'), arn('api'), arn('web')]],
  ])('narrowed by %s', async (_what, input, serviceArns) => {
    expect(await list(await start(), input)).toEqual({ serviceArns });
  });

  test('leaves out what is being deleted, and what was', async () => {
    const state = fakeState();
    state.putServices(
      fakeService({ name: 'old', status: 'DRAINING' }),
      fakeService({ name: 'gone', status: 'INACTIVE' }),
    );
    const { call } = await startServer({ state });
    expect((await call('ListServices', {})).text).toBe('{"serviceArns":[]}');
  });

  test("has ten a page by default, and the client's paginator finds every service once", async () => {
    const state = fakeState();
    const names = Array.from({ length: 23 }, (_, index) => `web-${String(index).padStart(2, '0')}`);
    state.putServices(...names.toReversed().map((name) => fakeService({ name })));
    const harness = await startServer({ state });
    const first = await harness.call('ListServices', {});
    expect(problemsOf('ListServices', first.json)).toEqual([]);
    const pages: unknown[] = [];
    for await (const { serviceArns } of paginateListServices({ client: harness.client }, {})) pages.push(serviceArns);
    const arns = names.map((name) => arn(name));
    expect(pages).toEqual([arns.slice(0, 10), arns.slice(10, 20), arns.slice(20)]);
    expect((await list(harness, { maxResults: 100 })).serviceArns).toEqual(arns);
  });

  test.each<[string, ListServicesCommandInput, string]>([
    ['a page of nothing', { maxResults: 0 }, 'maxResults must be between 1 and 100, but was 0.'],
    ['too large a page', { maxResults: 101 }, 'maxResults must be between 1 and 100, but was 101.'],
    ['a foreign token', { nextToken: 'x' }, 'Invalid nextToken: it is not one that ecstate gave for this request.'],
    [
      'an unknown strategy',
      // The client's types know the values; its users may not.
      { schedulingStrategy: 'replica' as 'REPLICA' },
      'schedulingStrategy must be one of [REPLICA, DAEMON], but was replica.',
    ],
  ])('refuses %s', async (_what, input, message) => {
    const error = await refusal(list(await start(), input));
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message });
  });

  test('knows no cluster of which nothing was seen', async () => {
    expect(await refusal(list(await start(), { cluster: 'nowhere' }))).toBeInstanceOf(ClusterNotFoundException);
  });
});

describe('DescribeServices', () => {
  test('gives a service whole, its times as dates', async () => {
    const output = await describeServices(await start(), { services: ['web'] });
    expect(output).toEqual({
      failures: [],
      services: [
        {
          clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
          createdAt: new Date(CREATED),
          deploymentController: { type: 'ECS' },
          deployments: [
            {
              createdAt: new Date(CREATED),
              desiredCount: 1,
              failedTasks: 0,
              id: deploymentId(1),
              launchType: 'FARGATE',
              pendingCount: 0,
              rolloutState: 'COMPLETED',
              rolloutStateReason: `ECS deployment ${deploymentId(1)} completed.`,
              runningCount: 1,
              status: 'PRIMARY',
              taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
              updatedAt: new Date(CREATED + 5_000),
            },
          ],
          desiredCount: 1,
          enableECSManagedTags: false,
          enableExecuteCommand: false,
          events: [
            {
              id: expect.stringMatching(/^[0-9a-f-]{36}$/),
              createdAt: new Date(CREATED + 1),
              message: '(service web) has reached a steady state.',
            },
            {
              id: expect.stringMatching(/^[0-9a-f-]{36}$/),
              createdAt: new Date(CREATED),
              message: '(service web) has started 1 tasks: (task 1).',
            },
          ],
          launchType: 'FARGATE',
          loadBalancers: [],
          pendingCount: 0,
          placementConstraints: [],
          placementStrategy: [],
          propagateTags: 'NONE',
          runningCount: 1,
          schedulingStrategy: 'REPLICA',
          serviceArn: arn('web'),
          serviceName: 'web',
          serviceRegistries: [],
          status: 'ACTIVE',
          taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
        },
      ],
    });
  });

  test('gives a rollout with its deployments, the PRIMARY first, all of the model', async () => {
    const state = fakeState();
    state.putServices(
      fakeService({
        name: 'web',
        counts: [3, 3, 1],
        deployments: [
          { id: 2, rollout: 'IN_PROGRESS', revision: 2, target: 3, replicas: [1, 1, 0], failedTasks: 1 },
          { id: 1, replicas: [3, 3, 3] },
        ],
      }),
    );
    const { call } = await startServer({ state });
    const { json } = await call('DescribeServices', { services: ['web'], include: ['TAGS'] });
    expect(problemsOf('DescribeServices', json)).toEqual([]);
    expect(json).toMatchObject({
      services: [
        {
          desiredCount: 3,
          runningCount: 3,
          pendingCount: 1,
          tags: [],
          deployments: [
            { id: deploymentId(2), status: 'PRIMARY', rolloutState: 'IN_PROGRESS', desiredCount: 3, failedTasks: 1 },
            { id: deploymentId(1), status: 'ACTIVE', rolloutState: 'COMPLETED', desiredCount: 3, runningCount: 3 },
          ],
        },
      ],
    });
  });

  test('describes also what is not listed: a service that is being deleted, and one that was', async () => {
    const { services: found } = await describeServices(await start(), { services: ['old', 'gone'] });
    expect(found?.map(({ serviceName, status, desiredCount }) => ({ serviceName, status, desiredCount }))).toEqual([
      { serviceName: 'old', status: 'DRAINING', desiredCount: 1 },
      { serviceName: 'gone', status: 'INACTIVE', desiredCount: 0 },
    ]);
  });

  test('finds a service by name, by ARN, and by the old ARN without a cluster, and describes it once', async () => {
    const harness = await start();
    const old = 'arn:aws:ecs:us-east-1:000000000000:service/web';
    for (const name of ['web', arn('web'), old]) {
      const { services: found } = await describeServices(harness, { services: [name] });
      expect(found?.map(({ serviceArn }) => serviceArn)).toEqual([arn('web')]);
    }
    const { services: found } = await describeServices(harness, { services: ['web', 'api', arn('web'), old] });
    expect(found?.map(({ serviceArn }) => serviceArn)).toEqual([arn('web'), arn('api')]);
  });

  test('names what it does not know by the full ARN', async () => {
    const harness = await start();
    const elsewhere = 'arn:aws:ecs:eu-west-1:000000000000:service/default/web';
    const { failures, services: found } = await describeServices(harness, {
      services: ['unheard-of', 'arn:aws:ecs:us-east-1:000000000000:service/also-not', elsewhere, 'web', 'unheard-of'],
    });
    expect(failures).toEqual([
      { arn: arn('unheard-of'), reason: 'MISSING' },
      { arn: arn('also-not'), reason: 'MISSING' },
      { arn: elsewhere, reason: 'MISSING' },
    ]);
    expect(found).toHaveLength(1);
  });

  test('has tags when they were asked for', async () => {
    const harness = await start();
    expect((await describeServices(harness, { services: ['web'] })).services?.[0]).not.toHaveProperty('tags');
    expect((await describeServices(harness, { services: ['web'], include: ['TAGS'] })).services?.[0]?.tags).toEqual([]);
  });

  test.each<[string, DescribeServicesCommandInput, string]>([
    ['an empty list', { services: [] }, 'Services cannot be empty.'],
    [
      'more than ten',
      { services: Array.from({ length: 11 }, (_, index) => `web-${index}`) },
      'services can have at most 10 items.',
    ],
    ['an impossible name', { services: ['a b'] }, 'Service Identifier is invalid'],
    [
      'an ARN of a task',
      { services: ['arn:aws:ecs:us-east-1:000000000000:task/default/a'] },
      'Unsupported resource type: task',
    ],
    [
      'a service of another cluster',
      { services: [arn('web', 'other')] },
      'Invalid identifier: Identifier is for cluster other. Your cluster is default',
    ],
    // The client's types know the values; its users may not.
    [
      'an unknown include',
      { services: ['web'], include: ['tags' as 'TAGS'] },
      'each of include must be one of [TAGS], but was tags.',
    ],
  ])('refuses %s', async (_what, input, message) => {
    const error = await refusal(describeServices(await start(), input));
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message, $metadata: { httpStatusCode: 400 } });
  });

  test('knows no cluster of which nothing was seen', async () => {
    const error = await refusal(describeServices(await start(), { cluster: 'nowhere', services: ['web'] }));
    expect(error).toBeInstanceOf(ClusterNotFoundException);
  });
});

describe('the waiters for services', () => {
  const soon = { maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.02 };

  test('take a steady service for stable, and an INACTIVE one for inactive', async () => {
    const { client } = await start();
    expect(await waitUntilServicesStable({ client, ...soon }, { services: ['web', 'agent'] })).toMatchObject({
      state: 'SUCCESS',
    });
    expect(await waitUntilServicesInactive({ client, ...soon }, { services: ['gone'] })).toMatchObject({
      state: 'SUCCESS',
    });
  });

  test.each(['old', 'gone', 'unheard-of'])('give up at once on %s', async (name) => {
    const { client } = await start();
    await expect(waitUntilServicesStable({ client, ...soon }, { services: [name] })).rejects.toThrow(/FAILURE/);
  });

  test('wait while a deployment is being replaced, and succeed when it has left the list', async () => {
    const state = fakeState();
    const counts = [1, 1, 0] as const;
    state.putServices(
      fakeService({ name: 'web', counts, deployments: [{ id: 2, rollout: 'IN_PROGRESS' }, { id: 1 }] }),
    );
    const { client } = await startServer({ state });
    let done = false;
    const waiting = waitUntilServicesStable({ client, ...soon }, { services: ['web'] }).finally(() => (done = true));
    await client.send(new DescribeServicesCommand({ services: ['web'] }));
    await client.send(new DescribeServicesCommand({ services: ['web'] }));
    expect(done).toBe(false);
    state.putServices(fakeService({ name: 'web', counts, deployments: [{ id: 2 }] }));
    expect(await waiting).toMatchObject({ state: 'SUCCESS' });
  });
});

describe('what else knows of services', () => {
  test('a cluster is known by its services, and counts those that are wanted', async () => {
    const { client } = await start();
    const { clusters } = await client.send(new DescribeClustersCommand({ clusters: ['default', 'other'] }));
    expect(clusters?.map(({ clusterName, activeServicesCount }) => ({ clusterName, activeServicesCount }))).toEqual([
      { clusterName: 'default', activeServicesCount: 3 },
      { clusterName: 'other', activeServicesCount: 1 },
    ]);
  });

  test('ListTasks knows a service without tasks, one that is over, and one that is left in its tasks alone', async () => {
    const state = fakeState(fakeTask({ id: 'a', serviceName: 'forgotten', lastStatus: 'STOPPED' }));
    state.putServices(fakeService({ name: 'empty' }), fakeService({ name: 'gone', status: 'INACTIVE' }));
    const { client } = await startServer({ state });
    for (const serviceName of ['empty', arn('empty'), 'gone', 'forgotten']) {
      expect(await client.send(new ListTasksCommand({ serviceName }))).toMatchObject({ taskArns: [] });
    }
    for (const serviceName of ['never', 'arn:aws:ecs:eu-west-1:000000000000:service/default/forgotten']) {
      const error = await refusal(client.send(new ListTasksCommand({ serviceName })));
      expect(error).toBeInstanceOf(ServiceNotFoundException);
    }
  });
});

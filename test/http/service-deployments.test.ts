/** The reads of rollouts as the official client asks for them: service deployments, service revisions, task sets. */
import {
  ClusterNotFoundException,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeTaskSetsCommand,
  InvalidParameterException,
  ListServiceDeploymentsCommand,
  ServiceNotFoundException,
} from '@aws-sdk/client-ecs';
import type { DescribeTaskSetsCommandInput, ListServiceDeploymentsCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { deploymentId, fakeService } from './fake-service.js';
import { CREATED, fakeState } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';
import { problemsOf } from './model.js';

const PREFIX = 'arn:aws:ecs:us-east-1:000000000000';
const serviceArn = `${PREFIX}:service/default/web`;
const digits = (id: number): string => deploymentId(id).slice('ecs-svc/'.length);
const deploymentArn = (id: number): string => `${PREFIX}:service-deployment/default/web/${digits(id)}`;
const revisionArn = (id: number): string => `${PREFIX}:service-revision/default/web/${digits(id)}`;

/** Four rollouts of one service, a minute apart: done, given up, superseded by the next, and under way. */
const MINUTE = 60_000;
const web = fakeService({
  name: 'web',
  counts: [2, 2, 1],
  deployments: [
    { id: 4, rollout: 'IN_PROGRESS', revision: 4, replicas: [2, 1, 0], createdAt: CREATED + 3 * MINUTE },
    { id: 3, rollout: 'IN_PROGRESS', revision: 3, replicas: [2, 2, 2], createdAt: CREATED + 2 * MINUTE },
  ],
  past: [
    {
      id: deploymentId(2),
      createdAt: CREATED + MINUTE,
      endedAt: CREATED + 2 * MINUTE,
      rolloutState: 'FAILED',
      finishedAt: CREATED + MINUTE + 30_000,
      taskDefinitionArn: `${PREFIX}:task-definition/web:2`,
    },
    { id: deploymentId(1), createdAt: CREATED, endedAt: CREATED + MINUTE, rolloutState: 'COMPLETED' },
  ],
});

async function start(): Promise<Harness> {
  const state = fakeState();
  state.putServices(
    web,
    fakeService({
      name: 'split',
      taskSets: [
        { id: 'ts-1', ready: 2, primary: true },
        { id: 'ts-2', ready: 1 },
      ],
    }),
  );
  return await startServer({ state });
}

async function list(harness: Harness, input: Partial<ListServiceDeploymentsCommandInput>) {
  const { $metadata, ...output } = await harness.client.send(
    new ListServiceDeploymentsCommand({ service: 'web', ...input }),
  );
  expect($metadata.httpStatusCode).toBe(200);
  return output;
}

const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('ListServiceDeployments', () => {
  test('gives every rollout that is known, newest first', async () => {
    const harness = await start();
    const answer = await harness.call('ListServiceDeployments', { service: 'web' });
    expect(problemsOf('ListServiceDeployments', answer.json)).toEqual([]);
    const { serviceDeployments } = await list(harness, {});
    expect(
      serviceDeployments?.map((one) => ({ arn: one.serviceDeploymentArn, status: one.status, at: one.createdAt })),
    ).toEqual([
      { arn: deploymentArn(4), status: 'IN_PROGRESS', at: new Date(CREATED + 3 * MINUTE) },
      { arn: deploymentArn(3), status: 'STOPPED', at: new Date(CREATED + 2 * MINUTE) },
      { arn: deploymentArn(2), status: 'STOPPED', at: new Date(CREATED + MINUTE) },
      { arn: deploymentArn(1), status: 'SUCCESSFUL', at: new Date(CREATED) },
    ]);
    expect(serviceDeployments?.map(({ statusReason }) => statusReason)).toEqual([
      `ECS deployment ${deploymentId(4)} in progress.`,
      undefined,
      'ECS deployment circuit breaker: tasks failed to start.',
      `ECS deployment ${deploymentId(1)} completed.`,
    ]);
    expect(serviceDeployments?.[2]).toMatchObject({
      clusterArn: `${PREFIX}:cluster/default`,
      serviceArn,
      targetServiceRevisionArn: revisionArn(2),
      startedAt: new Date(CREATED + MINUTE),
      finishedAt: new Date(CREATED + MINUTE + 30_000),
    });
  });

  const created = (after: number | undefined, before: number | undefined) => ({
    createdAt: {
      ...(after === undefined ? {} : { after: new Date(CREATED + after * MINUTE) }),
      ...(before === undefined ? {} : { before: new Date(CREATED + before * MINUTE) }),
    },
  });

  test.each<[string, Partial<ListServiceDeploymentsCommandInput>, number[]]>([
    ['the ARN of the service', { service: serviceArn }, [4, 3, 2, 1]],
    ['a status', { status: ['STOPPED'] }, [3, 2]],
    ['several', { status: ['SUCCESSFUL', 'IN_PROGRESS'] }, [4, 1]],
    ['a status that no rollout has', { status: ['ROLLBACK_SUCCESSFUL'] }, []],
    ['no status at all', { status: [] }, [4, 3, 2, 1]],
    ['created after', created(1, undefined), [4, 3]],
    ['created before', created(undefined, 1), [1]],
    ['created between', created(0, 3), [3, 2]],
    ['created between, and a status', { ...created(0, 3), status: ['SUCCESSFUL'] }, []],
    ['an empty range', { createdAt: {} }, [4, 3, 2, 1]],
  ])('takes %s', async (_what, input, ids) => {
    const { serviceDeployments } = await list(await start(), input);
    expect(serviceDeployments?.map(({ serviceDeploymentArn }) => serviceDeploymentArn)).toEqual(ids.map(deploymentArn));
  });

  test('gives pages', async () => {
    const harness = await start();
    const seen: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await list(harness, { maxResults: 3, ...(nextToken === undefined ? {} : { nextToken }) });
      seen.push(page.serviceDeployments?.map(({ serviceDeploymentArn }) => serviceDeploymentArn));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toEqual([[4, 3, 2].map(deploymentArn), [deploymentArn(1)]]);
  });

  test('has twenty a page by default', async () => {
    const state = fakeState();
    const past = Array.from({ length: 20 }, (_, index) => ({
      id: deploymentId(100 + index),
      createdAt: CREATED - index * MINUTE,
      endedAt: CREATED,
      rolloutState: 'COMPLETED' as const,
    }));
    state.putServices(fakeService({ name: 'web', past, deployments: [{ id: 200, createdAt: CREATED + 1 }] }));
    const harness = await startServer({ state });
    const { serviceDeployments, nextToken } = await list(harness, {});
    expect(serviceDeployments).toHaveLength(20);
    expect(nextToken).toBeDefined();
  });

  test.each<[string, Partial<ListServiceDeploymentsCommandInput>, string]>([
    ['no service', { service: '' }, 'Service cannot be empty.'],
    ['an impossible one', { service: 'a b' }, 'Service Identifier is invalid'],
    ['too large a page', { maxResults: 101 }, 'maxResults must be between 1 and 100, but was 101.'],
    // The client's types know the values; its users may not.
    [
      'an unknown status',
      { status: ['DONE' as 'STOPPED'] },
      'each of status must be one of [PENDING, SUCCESSFUL, STOPPED, STOP_REQUESTED, IN_PROGRESS, ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS, ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED], but was DONE.',
    ],
  ])('refuses %s', async (_what, input, message) => {
    const error = await refusal(list(await start(), input));
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message });
  });

  test.each([
    ['createdAt', 'yesterday', 'createdAt must be an object, but was a string.'],
    ['createdAt', { after: '2026-01-01' }, 'after must be a time in epoch seconds, but was a string.'],
  ])('refuses a %s that is %j', async (name, value, message) => {
    const { call } = await start();
    const { status, json } = await call('ListServiceDeployments', { service: 'web', [name]: value });
    expect({ status, json }).toEqual({ status: 400, json: { __type: 'SerializationException', message } });
  });

  test('knows no service and no cluster that was never seen', async () => {
    const harness = await start();
    expect(await refusal(list(harness, { service: 'never' }))).toBeInstanceOf(ServiceNotFoundException);
    expect(await refusal(list(harness, { cluster: 'nowhere' }))).toBeInstanceOf(ClusterNotFoundException);
  });
});

describe('DescribeServiceDeployments', () => {
  test('gives each once, in the order of the request, and what is not known as a failure', async () => {
    const harness = await start();
    const asked = [deploymentArn(3), deploymentArn(4), deploymentArn(3), deploymentArn(9)];
    const unknown = `${PREFIX}:service-deployment/default/never/${digits(4)}`;
    const input = { serviceDeploymentArns: [...asked, unknown] };
    const { json } = await harness.call('DescribeServiceDeployments', input);
    expect(problemsOf('DescribeServiceDeployments', json)).toEqual([]);
    const { serviceDeployments, failures } = await harness.client.send(new DescribeServiceDeploymentsCommand(input));
    expect(failures).toEqual([
      { arn: deploymentArn(9), reason: 'MISSING' },
      { arn: unknown, reason: 'MISSING' },
    ]);
    expect(serviceDeployments).toMatchObject([
      { serviceDeploymentArn: deploymentArn(3), status: 'STOPPED' },
      {
        serviceDeploymentArn: deploymentArn(4),
        status: 'IN_PROGRESS',
        createdAt: new Date(CREATED + 3 * MINUTE),
        targetServiceRevision: {
          arn: revisionArn(4),
          requestedTaskCount: 2,
          runningTaskCount: 0,
          pendingTaskCount: 1,
        },
        sourceServiceRevisions: [{ arn: revisionArn(3), runningTaskCount: 2 }],
      },
    ]);
  });

  test.each<[string, string[], string]>([
    ['nothing', [], 'The ARN of at least one service-deployment must be given.'],
    [
      'more than twenty',
      Array.from({ length: 21 }, (_, index) => deploymentArn(index)),
      'serviceDeploymentArns can have at most 20 items.',
    ],
    ['a name', ['web'], 'Invalid identifier: web is not the ARN of a service-deployment'],
    ['the ARN of a revision', [revisionArn(1)], 'Unsupported resource type: service-revision'],
    [
      'an ARN with a part too few',
      [`${PREFIX}:service-deployment/default/1`],
      'Invalid identifier: Unexpected number of separators',
    ],
  ])('refuses %s', async (_what, serviceDeploymentArns, message) => {
    const { client } = await start();
    const error = await refusal(client.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns })));
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message });
  });
});

describe('DescribeServiceRevisions', () => {
  test('says what a rollout ran, of those too that have left the list', async () => {
    const harness = await start();
    const input = { serviceRevisionArns: [revisionArn(2), revisionArn(4), revisionArn(9)] };
    const { json } = await harness.call('DescribeServiceRevisions', input);
    expect(problemsOf('DescribeServiceRevisions', json)).toEqual([]);
    const { $metadata, ...output } = await harness.client.send(new DescribeServiceRevisionsCommand(input));
    expect($metadata.httpStatusCode).toBe(200);
    const common = { clusterArn: `${PREFIX}:cluster/default`, serviceArn, launchType: 'FARGATE' };
    expect(output).toEqual({
      serviceRevisions: [
        {
          ...common,
          serviceRevisionArn: revisionArn(2),
          taskDefinition: `${PREFIX}:task-definition/web:2`,
          createdAt: new Date(CREATED + MINUTE),
        },
        {
          ...common,
          serviceRevisionArn: revisionArn(4),
          taskDefinition: `${PREFIX}:task-definition/web:4`,
          createdAt: new Date(CREATED + 3 * MINUTE),
        },
      ],
      failures: [{ arn: revisionArn(9), reason: 'MISSING' }],
    });
  });
});

describe('DescribeTaskSets', () => {
  const taskSetArn = (id: string): string => `${PREFIX}:task-set/default/split/${id}`;

  async function describeTaskSets(harness: Harness, input: Partial<DescribeTaskSetsCommandInput>) {
    return await harness.client.send(new DescribeTaskSetsCommand({ cluster: 'default', service: 'split', ...input }));
  }

  test('gives all of a service where none is named', async () => {
    const harness = await start();
    const { json } = await harness.call('DescribeTaskSets', { cluster: 'default', service: 'split' });
    expect(problemsOf('DescribeTaskSets', json)).toEqual([]);
    expect(await describeTaskSets(harness, {})).toMatchObject({
      taskSets: [
        { id: 'ts-1', taskSetArn: taskSetArn('ts-1'), status: 'PRIMARY', stabilityStatus: 'STEADY_STATE' },
        {
          id: 'ts-2',
          taskSetArn: taskSetArn('ts-2'),
          status: 'ACTIVE',
          stabilityStatus: 'STABILIZING',
          runningCount: 1,
        },
      ],
      failures: [],
    });
  });

  test('gives those that are named, by id or by ARN, each once', async () => {
    const { taskSets, failures } = await describeTaskSets(await start(), {
      taskSets: [taskSetArn('ts-2'), 'ts-9', 'ts-2', 'ts-1'],
    });
    expect(taskSets?.map(({ id }) => id)).toEqual(['ts-2', 'ts-1']);
    expect(failures).toEqual([{ arn: taskSetArn('ts-9'), reason: 'MISSING' }]);
  });

  test('finds none of a service that KECS itself rolls out', async () => {
    expect(await describeTaskSets(await start(), { service: 'web' })).toMatchObject({ taskSets: [], failures: [] });
  });

  test('refuses what ECS refuses', async () => {
    const harness = await start();
    expect(await refusal(describeTaskSets(harness, { service: 'never' }))).toBeInstanceOf(ServiceNotFoundException);
    expect(await refusal(describeTaskSets(harness, { cluster: 'nowhere' }))).toBeInstanceOf(ClusterNotFoundException);
    expect(await refusal(describeTaskSets(harness, { service: '' }))).toMatchObject({
      name: 'InvalidParameterException',
      message: 'Service cannot be empty.',
    });
    expect(await refusal(describeTaskSets(harness, { taskSets: [serviceArn] }))).toMatchObject({
      name: 'InvalidParameterException',
      message: 'Unsupported resource type: service',
    });
  });
});

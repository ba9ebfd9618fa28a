/** ListTasks as the official client asks for it: filters, pages, refusals. */
import {
  ClusterNotFoundException,
  InvalidParameterException,
  ListTasksCommand,
  ServiceNotFoundException,
  paginateListTasks,
} from '@aws-sdk/client-ecs';
import type { ListTasksCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { CREATED, fakeState, fakeTask, taskId } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';
import { problemsOf } from './model.js';

/** What the tests call a task: the end of its id. */
const names = (arns: readonly string[] | undefined): string[] | undefined =>
  arns?.map((arn) => arn.replace(/.*\/0*/, ''));

const tasks = [
  fakeTask({ id: 'a', family: 'web', serviceName: 'front', startedBy: 'ecs-svc/1' }),
  fakeTask({ id: 'b', family: 'web', serviceName: 'front', startedBy: 'ecs-svc/1', lastStatus: 'PENDING' }),
  fakeTask({ id: 'c', family: 'web', serviceName: 'front', startedBy: 'ecs-svc/1', lastStatus: 'STOPPED' }),
  fakeTask({ id: 'd', family: 'job', startedBy: 'me', launchType: 'EC2' }),
  fakeTask({ id: 'e', family: 'job', desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING' }),
  fakeTask({ id: 'f', family: 'old', serviceName: 'gone', lastStatus: 'STOPPED' }),
  fakeTask({ id: '9', cluster: 'other', family: 'web' }),
];

async function listTasks(harness: Harness, input: ListTasksCommandInput) {
  const { $metadata, ...output } = await harness.client.send(new ListTasksCommand(input));
  expect($metadata.httpStatusCode).toBe(200);
  return output;
}

describe('filters', () => {
  test.each<[string, ListTasksCommandInput, string[]]>([
    ['none: what is to run, in the default cluster', {}, ['a', 'b', 'd']],
    ['an empty cluster is the default one', { cluster: '' }, ['a', 'b', 'd']],
    ['the cluster by name', { cluster: 'other' }, ['9']],
    ['the cluster by ARN', { cluster: 'arn:aws:ecs:us-east-1:000000000000:cluster/other' }, ['9']],
    ['desiredStatus RUNNING', { desiredStatus: 'RUNNING' }, ['a', 'b', 'd']],
    ['desiredStatus STOPPED: also what is still going down', { desiredStatus: 'STOPPED' }, ['c', 'e', 'f']],
    ['desiredStatus PENDING: no task ever has it', { desiredStatus: 'PENDING' }, []],
    ['family', { family: 'job' }, ['d']],
    ['family, the whole name only', { family: 'jo' }, []],
    ['serviceName', { serviceName: 'front' }, ['a', 'b']],
    ['serviceName as ARN', { serviceName: 'arn:aws:ecs:us-east-1:000000000000:service/default/front' }, ['a', 'b']],
    ['serviceName as the old ARN', { serviceName: 'arn:aws:ecs:us-east-1:000000000000:service/front' }, ['a', 'b']],
    ['serviceName of one whose tasks have all stopped', { serviceName: 'gone' }, []],
    ['serviceName and desiredStatus', { serviceName: 'front', desiredStatus: 'STOPPED' }, ['c']],
    ['startedBy', { startedBy: 'ecs-svc/1' }, ['a', 'b']],
    ['startedBy and desiredStatus', { startedBy: 'ecs-svc/1', desiredStatus: 'STOPPED' }, ['c']],
    ['launchType', { launchType: 'EC2' }, ['d']],
    ['launchType of no task', { launchType: 'EXTERNAL' }, []],
    ['family and launchType', { family: 'web', launchType: 'FARGATE' }, ['a', 'b']],
    ['a container instance: KECS has none', { containerInstance: taskId('1') }, []],
    [
      'a container instance by ARN',
      { containerInstance: `arn:aws:ecs:us-east-1:000000000000:container-instance/default/${taskId('1')}` },
      [],
    ],
  ])('%s', async (_what, input, expected) => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const output = await listTasks(harness, input);
    expect({ ...output, taskArns: names(output.taskArns) }).toEqual({ taskArns: expected });
  });

  test('on the wire: an empty list is there, a token is not', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const empty = await harness.call('ListTasks', { family: 'none' });
    expect(empty.text).toBe('{"taskArns":[]}');
    const first = await harness.call('ListTasks', { maxResults: 1 });
    expect(problemsOf('ListTasks', first.json)).toEqual([]);
    expect(Object.keys(Object(first.json))).toEqual(['taskArns', 'nextToken']);
  });
});

describe('pages', () => {
  const many = (count: number, createdAt = (index: number): number => CREATED + index) =>
    Array.from({ length: count }, (_, index) =>
      fakeTask({ id: `1${String(index).padStart(4, '0')}`, createdAt: createdAt(index) }),
    );

  test("have 100 tasks by default, and the client's paginator finds every task once", async () => {
    const harness = await startServer({ state: fakeState(...many(250)) });
    expect((await listTasks(harness, {})).taskArns).toHaveLength(100);
    const pages: string[][] = [];
    for await (const { taskArns } of paginateListTasks({ client: harness.client }, {}))
      pages.push(names(taskArns) ?? []);
    expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual(Array.from({ length: 250 }, (_, index) => `1${String(index).padStart(4, '0')}`));
  });

  test('end without a token when the last one is full', async () => {
    const harness = await startServer({ state: fakeState(...many(4)) });
    const first = await listTasks(harness, { maxResults: 2 });
    const second = await listTasks(harness, { maxResults: 2, nextToken: first.nextToken });
    expect(names(second.taskArns)).toEqual(['10002', '10003']);
    expect(second).not.toHaveProperty('nextToken');
  });

  test('keep tasks apart that were created in the same second', async () => {
    const harness = await startServer({ state: fakeState(...many(5, () => CREATED)) });
    const seen: string[] = [];
    for await (const page of paginateListTasks({ client: harness.client, pageSize: 2 }, {}))
      seen.push(...(names(page.taskArns) ?? []));
    expect(seen).toEqual(['10000', '10001', '10002', '10003', '10004']);
  });

  test('neither repeat nor hide a task while others come and go', async () => {
    const state = fakeState(...many(6));
    const harness = await startServer({ state });
    const first = await listTasks(harness, { maxResults: 2 });
    expect(names(first.taskArns)).toEqual(['10000', '10001']);
    for (const gone of first.taskArns ?? []) state.forget(gone);
    state.forget(`arn:aws:ecs:us-east-1:000000000000:task/default/${taskId('10003')}`);
    state.put(fakeTask({ id: '20000', createdAt: CREATED + 100 }), fakeTask({ id: '30000', createdAt: CREATED - 100 }));
    const second = await listTasks(harness, { maxResults: 2, nextToken: first.nextToken });
    expect(names(second.taskArns)).toEqual(['10002', '10004']);
    const third = await listTasks(harness, { maxResults: 50, nextToken: second.nextToken });
    expect(names(third.taskArns)).toEqual(['10005', '20000']);
    expect(third.nextToken).toBeUndefined();
  });

  test('take no token but their own', async () => {
    const harness = await startServer({ state: fakeState(...many(6)) });
    const { nextToken = '' } = await listTasks(harness, { maxResults: 2 });
    const tampered = [
      '',
      'x',
      nextToken.slice(1),
      nextToken.slice(0, -1),
      `${nextToken}A`,
      `${nextToken[0] === 'A' ? 'B' : 'A'}${nextToken.slice(1)}`,
      nextToken.toLowerCase(),
      nextToken.repeat(2),
    ];
    for (const token of tampered) {
      const error: unknown = await listTasks(harness, { nextToken: token }).catch((caught: unknown) => caught);
      expect(error, token).toBeInstanceOf(InvalidParameterException);
      expect(error).toMatchObject({ message: 'Invalid nextToken: it is not one that ecstate gave for this request.' });
    }
    await expect(listTasks(harness, { nextToken, family: 'web' })).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(listTasks(harness, { nextToken, desiredStatus: 'STOPPED' })).rejects.toBeInstanceOf(
      InvalidParameterException,
    );
  });

  test('go on with a token that another process gave', async () => {
    const one = await startServer({ state: fakeState(...many(4)) });
    const two = await startServer({ state: fakeState(...many(4)) });
    const { nextToken } = await listTasks(one, { maxResults: 2 });
    expect(names((await listTasks(two, { nextToken })).taskArns)).toEqual(['10002', '10003']);
  });
});

describe('a request that ECS refuses', () => {
  test.each<[string, ListTasksCommandInput, string]>([
    ['a page of nothing', { maxResults: 0 }, 'maxResults must be between 1 and 100, but was 0.'],
    ['too large a page', { maxResults: 101 }, 'maxResults must be between 1 and 100, but was 101.'],
    // The client's types know the values; its users may not.
    [
      'an unknown desiredStatus',
      { desiredStatus: 'running' as 'RUNNING' },
      'desiredStatus must be one of [RUNNING, PENDING, STOPPED], but was running.',
    ],
    [
      'an unknown launchType',
      { launchType: 'LAMBDA' as 'EC2' },
      'launchType must be one of [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES], but was LAMBDA.',
    ],
    ['startedBy and family', { startedBy: 'me', family: 'web' }, 'cannot specify startedBy with other arguments'],
    [
      'startedBy and serviceName',
      { startedBy: 'me', serviceName: 'front' },
      'cannot specify startedBy with other arguments',
    ],
    [
      'startedBy and launchType',
      { startedBy: 'me', launchType: 'EC2' },
      'cannot specify startedBy with other arguments',
    ],
    [
      'startedBy and containerInstance',
      { startedBy: 'me', containerInstance: taskId('1') },
      'cannot specify startedBy with other arguments',
    ],
    [
      'a container instance that is none',
      { containerInstance: 'node-1' },
      'containerInstanceId length should be one of [32,36]',
    ],
    [
      'a container instance of another cluster',
      { containerInstance: `arn:aws:ecs:us-east-1:000000000000:container-instance/other/${taskId('1')}` },
      'Invalid identifier: Identifier is for cluster other. Your cluster is default',
    ],
    ['a service of an impossible name', { serviceName: 'a b' }, 'Service Identifier is invalid'],
    [
      'a service of another cluster',
      { serviceName: 'arn:aws:ecs:us-east-1:000000000000:service/other/front' },
      'Invalid identifier: Identifier is for cluster other. Your cluster is default',
    ],
    [
      'a cluster that is an ARN of a task',
      { cluster: 'arn:aws:ecs:us-east-1:000000000000:task/default' },
      'Unsupported resource type: task',
    ],
  ])('%s', async (_what, input, message) => {
    const harness = await startServer({ state: fakeState(...tasks) });
    const error: unknown = await listTasks(harness, input).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidParameterException);
    expect(error).toMatchObject({ message, $metadata: { httpStatusCode: 400 } });
  });

  test('a service of which no task was ever seen in this cluster', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    for (const input of [{ serviceName: 'unheard-of' }, { serviceName: 'front', cluster: 'other' }]) {
      const error: unknown = await listTasks(harness, input).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ServiceNotFoundException);
      expect(error).toMatchObject({ message: 'Service not found.', $metadata: { httpStatusCode: 400 } });
    }
  });

  test('a cluster that is not known', async () => {
    const harness = await startServer({ state: fakeState(...tasks) });
    await expect(listTasks(harness, { cluster: 'nowhere' })).rejects.toBeInstanceOf(ClusterNotFoundException);
  });
});

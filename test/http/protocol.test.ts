/** The protocol of the ECS API apart from any operation: how it is asked, and what it says to whatever is not a request of it. */
import {
  CreateClusterCommand,
  ECSServiceException,
  RunTaskCommand,
  UnsupportedFeatureException,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/http/body.js';
import { OPERATION_NAMES } from '../../src/http/ecs/operation-names.js';
import { HTTP_ERRORS } from '../../src/http/errors.js';
import { fakeState, fakeTask, taskId } from './fake-state.js';
import { TARGET, startServer } from './harness.js';

const state = () => fakeState(fakeTask({ id: 'a' }));
const ARNS = { taskArns: [`arn:aws:ecs:us-east-1:000000000000:task/default/${taskId('a')}`] };
const AMZ_JSON = 'application/x-amz-json-1.1';

describe('a request', () => {
  test('names its operation in X-Amz-Target, or in the path', async () => {
    const { call, request } = await startServer({ state: state() });
    expect((await call('ListTasks', {})).json).toEqual(ARNS);
    const byPath = await request('/v1/ListTasks', {
      method: 'POST',
      headers: { 'content-type': AMZ_JSON },
      body: '{}',
    });
    expect(byPath.json).toEqual(ARNS);
    expect(byPath.headers.get('content-type')).toBe(AMZ_JSON);
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/X-Amz-Json-1.1'])(
    'may be of type %s',
    async (type) => {
      const { call } = await startServer({ state: state() });
      expect((await call('ListTasks', {}, { 'content-type': type })).json).toEqual(ARNS);
    },
  );

  test('may have an empty body, nulls, and members that the model does not have', async () => {
    const { call } = await startServer({ state: state() });
    expect((await call('ListTasks', '')).json).toEqual(ARNS);
    expect((await call('ListTasks', { cluster: null, maxResults: null, colour: 'blue' })).json).toEqual(ARNS);
  });

  test('has an id of its own in its answer', async () => {
    let count = 0;
    const { call } = await startServer({ state: state(), newRequestId: () => `request-${(count += 1)}` });
    expect((await call('ListTasks', {})).headers.get('x-amzn-requestid')).toBe('request-1');
    expect((await call('ListTasks', 'not JSON')).headers.get('x-amzn-requestid')).toBe('request-2');
  });
});

describe('an operation that ecstate does not answer itself', () => {
  test('is refused with a class that the client knows, and with what to do', async () => {
    const { client } = await startServer();
    const error: unknown = await client
      .send(new RunTaskCommand({ taskDefinition: 'web' }))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnsupportedFeatureException);
    expect(error).toMatchObject({
      message:
        'ecstate does not answer RunTask itself: it needs KECS behind it. Start ecstate with --kecs-url, or send this operation to KECS.',
      $metadata: { httpStatusCode: 400 },
    });
    for (const command of [new CreateClusterCommand({}), new UpdateServiceCommand({ service: 'web' })]) {
      // TypeScript cannot choose an overload for a union of commands.
      const caught: unknown = await client.send(command as CreateClusterCommand).catch((refusal: unknown) => refusal);
      expect(caught).toBeInstanceOf(ECSServiceException);
      expect(caught).toMatchObject({ name: 'UnsupportedFeatureException' });
    }
  });

  test('is every other one of the model', async () => {
    const { call } = await startServer({ state: state() });
    const answers = await Promise.all(OPERATION_NAMES.map(async (name) => ({ name, answer: await call(name, {}) })));
    const refused = answers.filter(({ answer }) => Object(answer.json).__type === 'UnsupportedFeatureException');
    const answered: readonly string[] = [
      'DescribeClusters',
      'DescribeServiceDeployments',
      'DescribeServiceRevisions',
      'DescribeServices',
      'DescribeTaskSets',
      'DescribeTasks',
      'ListClusters',
      'ListServiceDeployments',
      'ListServices',
      'ListTasks',
    ];
    expect(refused.map(({ name }) => name)).toEqual(OPERATION_NAMES.filter((name) => !answered.includes(name)));
  });
});

describe('what is not a request of the ECS API', () => {
  test.each([
    ['an unknown operation', `${TARGET}.LaunchRocket`, 'The request names no operation of the ECS API: LaunchRocket'],
    [
      'an operation in other letters',
      `${TARGET}.listtasks`,
      'The request names no operation of the ECS API: listtasks',
    ],
    [
      'a property of every object',
      `${TARGET}.constructor`,
      'The request names no operation of the ECS API: constructor',
    ],
    ['another service', 'DynamoDB_20120810.ListTables', undefined],
    ['another version', 'AmazonEC2ContainerServiceV20991231.ListTasks', undefined],
    ['an empty target', '', undefined],
  ])('%s', async (_what, target, message) => {
    const { call } = await startServer({ state: state() });
    const { status, json } = await call('', {}, { 'x-amz-target': target });
    expect(status).toBe(400);
    expect(json).toEqual({
      __type: 'UnknownOperationException',
      message:
        message ??
        `The request names no operation of the ECS API: it has no X-Amz-Target of the form ${TARGET}.<operation>`,
    });
  });

  test('no target at all, and an unknown operation in the path', async () => {
    const { request } = await startServer();
    for (const path of ['/', '/v1/LaunchRocket']) {
      const { status, json } = await request(path, {
        method: 'POST',
        headers: { 'content-type': AMZ_JSON },
        body: '{}',
      });
      expect(status).toBe(400);
      expect(json).toMatchObject({ __type: 'UnknownOperationException' });
    }
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/x-amz-json-1.0', 'application/jsonp', ''])(
    'a body of type "%s"',
    async (type) => {
      const { call } = await startServer({ state: state() });
      const { status, json } = await call('ListTasks', '{}', { 'content-type': type });
      expect(status).toBe(415);
      expect(json).toEqual({
        __type: 'UnsupportedMediaType',
        message: 'The Content-Type must be application/x-amz-json-1.1 or application/json.',
      });
    },
  );
});

describe('a body that cannot be read', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['no JSON', '{"cluster":', 'The body is not JSON.'],
    ['JavaScript', "{cluster:'default'}", 'The body is not JSON.'],
    ['two values', '{}{}', 'The body is not JSON.'],
    ['a number JSON does not have', '{"maxResults":NaN}', 'The body is not JSON.'],
    [
      'bytes that are not UTF-8',
      Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
      'The body is not UTF-8.',
    ],
    ['compressed bytes', Uint8Array.of(0x1f, 0x8b, 0x08, 0x00), 'The body is not UTF-8.'],
    ['a list', '[]', 'The body must be a JSON object.'],
    ['null', 'null', 'The body must be a JSON object.'],
    ['text', '"ListTasks"', 'The body must be a JSON object.'],
    ['lists in lists without an end', '['.repeat(500_000), 'The body is not JSON.'],
    ['lists in lists', '['.repeat(500_000) + ']'.repeat(500_000), 'The body must be a JSON object.'],
  ])('%s', async (_what, body, message) => {
    const { call } = await startServer({ state: state() });
    const { status, json, headers } = await call('ListTasks', body);
    expect({ status, json }).toEqual({ status: 400, json: { __type: 'SerializationException', message } });
    expect(headers.get('content-type')).toBe(AMZ_JSON);
  });

  test('one that is too large, whether its length is said or not, and before it comes when it is', async () => {
    const { call, request, raw, url } = await startServer({ state: state() });
    const refusal = {
      __type: 'RequestEntityTooLarge',
      message: 'The body is larger than 1048576 bytes, the most that ecstate takes.',
    };
    const large = `{"cluster":"${'x'.repeat(MAX_BODY_BYTES)}"}`;
    const said = await call('ListTasks', large);
    expect({ status: said.status, json: said.json }).toEqual({ status: 413, json: refusal });

    const chunk = new TextEncoder().encode('x'.repeat(100_000));
    let left = 30;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    // fetch demands `duplex` of a streamed body; the declaration of its options does not have it.
    const init: RequestInit & { readonly duplex: 'half' } = {
      method: 'POST',
      headers: { 'content-type': AMZ_JSON, 'x-amz-target': `${TARGET}.ListTasks` },
      body,
      duplex: 'half',
    };
    const streamed = await fetch(url, init);
    expect({ status: streamed.status, json: await streamed.json() }).toEqual({ status: 413, json: refusal });

    const head = 'POST /v1/ListTasks HTTP/1.1\r\nContent-Type: application/json\r\nConnection: close\r\n';
    expect(await raw(`${head}Content-Length: 999999999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/);

    const largest = `{"family":"${'x'.repeat(MAX_BODY_BYTES - 13)}"}`;
    expect(largest).toHaveLength(MAX_BODY_BYTES);
    expect((await call('ListTasks', largest)).json).toEqual({ taskArns: [] });
    expect((await request('/livez')).text).toBe('ok');
  });
});

describe('a parameter of the wrong type', () => {
  test.each<[string, unknown, string]>([
    ['ListTasks', { cluster: 5 }, 'cluster must be a string, but was a number.'],
    ['ListTasks', { cluster: ['default'] }, 'cluster must be a string, but was a list.'],
    ['ListTasks', { family: {} }, 'family must be a string, but was an object.'],
    ['ListTasks', { serviceName: true }, 'serviceName must be a string, but was a boolean.'],
    ['ListTasks', { startedBy: 1 }, 'startedBy must be a string, but was a number.'],
    ['ListTasks', { containerInstance: [] }, 'containerInstance must be a string, but was a list.'],
    ['ListTasks', { daemonName: 1 }, 'daemonName must be a string, but was a number.'],
    ['ListTasks', { desiredStatus: 0 }, 'desiredStatus must be a string, but was a number.'],
    ['ListTasks', { launchType: [] }, 'launchType must be a string, but was a list.'],
    ['ListTasks', { maxResults: '10' }, 'maxResults must be an integer, but was a string.'],
    ['ListTasks', { maxResults: 1.5 }, 'maxResults must be an integer, but was 1.5.'],
    ['ListTasks', { nextToken: {} }, 'nextToken must be a string, but was an object.'],
    ['DescribeTasks', { tasks: taskId('a') }, 'tasks must be a list of strings, but was a string.'],
    ['DescribeTasks', { tasks: { length: 1 } }, 'tasks must be a list of strings, but was an object.'],
    ['DescribeTasks', { tasks: [null] }, 'each of tasks must be a string, but was null.'],
    ['DescribeTasks', { tasks: [[]] }, 'each of tasks must be a string, but was a list.'],
    [
      'DescribeTasks',
      { tasks: [taskId('a')], include: 'TAGS' },
      'include must be a list of strings, but was a string.',
    ],
    ['DescribeTasks', { tasks: [taskId('a')], cluster: 1 }, 'cluster must be a string, but was a number.'],
    ['DescribeClusters', { clusters: 'default' }, 'clusters must be a list of strings, but was a string.'],
    ['DescribeClusters', { include: [1] }, 'each of include must be a string, but was a number.'],
    ['ListClusters', { maxResults: [] }, 'maxResults must be an integer, but was a list.'],
    ['ListClusters', { nextToken: 1 }, 'nextToken must be a string, but was a number.'],
  ])('%s %j', async (operation, body, message) => {
    const { call } = await startServer({ state: state() });
    const { status, json } = await call(operation, body);
    expect({ status, json }).toEqual({ status: 400, json: { __type: 'SerializationException', message } });
  });

  test('is not taken from the prototype, and does not change it', async () => {
    const { call } = await startServer({ state: state() });
    expect((await call('ListTasks', '{"__proto__":{"cluster":"nowhere","maxResults":"x"}}')).json).toEqual(ARNS);
    expect((await call('ListTasks', '{"constructor":{"prototype":{"cluster":"nowhere"}}}')).json).toEqual(ARNS);
    expect(Object.hasOwn(Object.prototype, 'cluster')).toBe(false);
  });

  test('is quoted only in part', async () => {
    const { call } = await startServer({ state: state() });
    const { json } = await call('ListTasks', { cluster: 'é'.repeat(100_000) });
    expect(json).toEqual({
      __type: 'InvalidParameterException',
      message: `Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was ${'é'.repeat(255)}…`,
    });
  });
});

describe('when ecstate itself fails', () => {
  test('the answer is a ServerException that says nothing of it; the log has it, under the id of the request', async () => {
    const broken = { ...state(), clusters: () => JSON.parse('{broken') };
    const { call, logged } = await startServer({ state: broken, newRequestId: () => 'request-1' });
    const { status, json } = await call('ListTasks', {});
    expect({ status, json }).toEqual({
      status: 500,
      json: {
        __type: 'ServerException',
        message: 'ecstate failed to answer. Its log says why, under the request id request-1.',
      },
    });
    expect(logged).toContainEqual({
      level: 'error',
      fields: { requestId: 'request-1', operation: 'ListTasks', err: expect.any(SyntaxError) },
      message: 'a request failed',
    });
  });
});

test('every code of the reference has a status of an error, and says when it is answered', () => {
  for (const { status, meaning } of Object.values(HTTP_ERRORS)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(meaning).toMatch(/\.$/);
  }
});

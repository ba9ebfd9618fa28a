/** Whatever is sent, the ECS API answers with a result of the model or with a typed refusal: never with a failure, never with a trace. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HTTP_ERRORS } from '../../src/http/errors.js';
import { deploymentId, fakeService } from './fake-service.js';
import { fakeState, fakeTask, taskId } from './fake-state.js';
import { TARGET, startServer } from './harness.js';
import type { Answer, Harness } from './harness.js';
import { problemsOf } from './model.js';

const RUNS = 300;

const OPERATIONS = [
  'ListTasks',
  'DescribeTasks',
  'ListClusters',
  'DescribeClusters',
  'ListServices',
  'DescribeServices',
  'ListServiceDeployments',
  'DescribeServiceDeployments',
  'DescribeServiceRevisions',
  'DescribeTaskSets',
] as const;

function someState() {
  const state = fakeState(
    fakeTask({ id: 'a', serviceName: 'web' }),
    fakeTask({ id: 'b', cluster: 'other', lastStatus: 'STOPPED' }),
  );
  state.putServices(
    fakeService({ name: 'web', deployments: [{ id: 2, rollout: 'IN_PROGRESS' }, { id: 1 }] }),
    fakeService({ name: 'split', taskSets: [{ id: 'ts-1', ready: 1 }] }),
    fakeService({ name: 'gone', status: 'INACTIVE' }),
  );
  return state;
}

/** A refusal as clients take it apart, or undefined for a result. */
function refusalOf({ status, json, headers, text }: Answer): string | undefined {
  expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  if (status === 200) return undefined;
  expect(status).toBeLessThan(500);
  const { __type, message } = Object(json) as {
    readonly __type?: keyof typeof HTTP_ERRORS;
    readonly message?: unknown;
  };
  expect(HTTP_ERRORS[__type ?? 'ServerException'].status).toBe(status);
  expect(typeof message).toBe('string');
  expect(text).not.toMatch(/\bat .*\.[jt]s:\d+/);
  return __type;
}

function expectNoFailure(harness: Harness): void {
  expect(harness.logged.filter(({ level }) => level === 'error')).toEqual([]);
}

/** Values that are near to being right, so that what lies behind the first check is reached too. */
const nearlyRight = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  fc.constantFrom(
    'default',
    'other',
    'web',
    'TAGS',
    'RUNNING',
    'FARGATE',
    '',
    taskId('a'),
    'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    'arn:aws:ecs:us-east-1:000000000000:service/default/web',
    `arn:aws:ecs:us-east-1:000000000000:task/default/${taskId('a')}`,
    `arn:aws:ecs:us-east-1:000000000000:task/${taskId('a')}`,
    'split',
    'gone',
    'ts-1',
    'DAEMON',
    'IN_PROGRESS',
    deploymentId(1).replace('ecs-svc/', 'arn:aws:ecs:us-east-1:000000000000:service-deployment/default/web/'),
    deploymentId(1).replace('ecs-svc/', 'arn:aws:ecs:us-east-1:000000000000:service-revision/default/web/'),
    'arn:aws:ecs:us-east-1:000000000000:task-set/default/split/ts-1',
    'arn:aws:ecs:::/',
    'arn:',
    '__proto__',
    '\u0000',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
);

const parameters = fc.dictionary(
  fc.constantFrom(
    'cluster',
    'clusters',
    'tasks',
    'include',
    'family',
    'serviceName',
    'startedBy',
    'desiredStatus',
    'launchType',
    'containerInstance',
    'daemonName',
    'maxResults',
    'nextToken',
    'service',
    'services',
    'schedulingStrategy',
    'resourceManagementType',
    'status',
    'createdAt',
    'serviceDeploymentArns',
    'serviceRevisionArns',
    'taskSets',
    '__proto__',
    'toString',
  ),
  fc.oneof(nearlyRight, fc.array(nearlyRight, { maxLength: 4 })),
);

describe('the ECS API', () => {
  test('answers any parameters', async () => {
    const harness = await startServer({ state: someState() });
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...OPERATIONS), parameters, async (operation, input) => {
        const answer = await harness.call(operation, input);
        const refusal = refusalOf(answer);
        if (refusal === undefined) expect(problemsOf(operation, answer.json)).toEqual([]);
        seen.set(refusal ?? 'a result', (seen.get(refusal ?? 'a result') ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    expectNoFailure(harness);
    // The runs are of use only as long as they come to more than the first check.
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining(['a result', 'SerializationException', 'InvalidParameterException']),
    );
  });

  test('answers any bytes', async () => {
    const harness = await startServer({ state: someState() });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      // JSON with a byte changed.
      fc.tuple(parameters, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([input, at, byte]) => {
        const encoded = new TextEncoder().encode(JSON.stringify(input));
        encoded[at % encoded.length] = byte;
        return encoded;
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...OPERATIONS), bytes, async (operation, body) => {
        refusalOf(await harness.call(operation, body));
      }),
      { numRuns: RUNS },
    );
    expectNoFailure(harness);
  });

  test('answers any method, path and headers', async () => {
    const harness = await startServer({ state: someState() });
    const headerText = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    const target = fc.oneof(
      headerText,
      headerText.map((text) => `${TARGET}.${text}`),
      fc.constantFrom(...OPERATIONS.map((name) => `${TARGET}.${name}`)),
    );
    const path = fc.oneof(
      fc.webPath(),
      fc.constantFrom(
        '/',
        '/v1/',
        '/v1/ListTasks',
        '/v1/%zz',
        '/api/tasks/%/history',
        '/api/tasks/a%2Fb/history',
        '/api/services/%/history',
        '/api/services/web/history',
        '/livez/',
        '//',
        '/?x=%',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
        path,
        target,
        fc.oneof(headerText, fc.constant('application/json')),
        async (method, at, xAmzTarget, contentType) => {
          const answer = await harness.request(at.startsWith('/') ? at : `/${at}`, {
            method,
            headers: { 'x-amz-target': xAmzTarget, 'content-type': contentType },
            ...(method === 'GET' ? {} : { body: '{}' }),
          });
          refusalOf(answer);
        },
      ),
      { numRuns: RUNS },
    );
    expectNoFailure(harness);
  });
});

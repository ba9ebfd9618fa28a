/** `ecstate services` and `ecstate service`, against the HTTP surface itself. */
import { describe, expect, test } from 'vitest';
import { deploymentId, fakeService } from '../http/fake-service.js';
import { CREATED } from '../http/fake-state.js';
import { startServer } from '../http/harness.js';
import { ecstate, fakeIo } from './harness.js';

/** Ten minutes after CREATED is the harness's now; the rollout began five minutes ago. */
const ROLLOUT = CREATED + 300_000;

const rolling = fakeService({
  name: 'web',
  counts: [3, 3, 1],
  deployments: [
    {
      id: 2,
      rollout: 'IN_PROGRESS',
      revision: 2,
      target: 3,
      replicas: [1, 1, 0],
      failedTasks: 1,
      createdAt: ROLLOUT,
    },
    { id: 1, replicas: [3, 3, 3] },
  ],
  events: [
    'has started 3 tasks: (task a) (task b) (task c).',
    'has reached a steady state.',
    'was unable to place a task. Reason: CannotPullContainerError: no such image.',
  ],
});

async function surface() {
  const harness = await startServer();
  harness.state.putServices(
    rolling,
    fakeService({ name: 'api', cluster: 'shop' }),
    fakeService({ name: 'web', cluster: 'shop', status: 'PENDING', counts: [1, 0, 1] }),
    fakeService({ name: 'old', cluster: 'shop', status: 'DRAINING' }),
    fakeService({
      name: 'split',
      cluster: 'shop',
      counts: [4, 3, 1],
      taskSets: [
        { id: 'ts-1', ready: 2, primary: true },
        { id: 'ts-2', ready: 1 },
      ],
    }),
  );
  return harness;
}

describe('ecstate services', () => {
  test('lists the services that are wanted, cluster by cluster', async () => {
    const { url } = await surface();
    expect(await ecstate(`services --url ${url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'SERVICE  CLUSTER  STATUS   DESIRED  RUNNING  PENDING  ROLLOUT       DEPLOYMENTS  DEFINITION    AGE',
        'web      default  ACTIVE         3        3        1  IN_PROGRESS             2  web:2       9m59s',
        'api      shop     ACTIVE         1        1        0  COMPLETED               1  api:1       9m59s',
        'split    shop     ACTIVE         4        3        1  STEADY_STATE            2              9m59s',
        'web      shop     PENDING        1        0        1  COMPLETED               1  web:1       9m59s',
        '',
      ].join('\n'),
    });
  });

  test('narrows by cluster, and gives the JSON of DescribeServices as it came', async () => {
    const { url, call } = await surface();
    const { exitCode, stdout } = await ecstate(`services --cluster default -o json --url ${url}`);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual((await call('DescribeServices', { services: ['web'] })).json);
  });

  test('reads every page', async () => {
    const { url, state } = await startServer();
    const names = Array.from({ length: 120 }, (_, index) => `web-${String(index).padStart(3, '0')}`);
    state.putServices(...names.map((name) => fakeService({ name })));
    const { stdout } = await ecstate(`services --url ${url}`);
    expect(
      stdout
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(' ')[0]),
    ).toEqual(names);
  });

  test('says on standard error that there are none', async () => {
    const { url } = await startServer();
    expect(await ecstate(`services --url ${url}`)).toEqual({ exitCode: 0, stdout: '', stderr: 'No services.\n' });
  });

  test('knows no cluster of which nothing was seen', async () => {
    const { url } = await surface();
    expect(await ecstate(`services --cluster nowhere --url ${url}`)).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: 'error: Cluster not found. (NOT_FOUND)\n',
    });
  });
});

describe('ecstate service', () => {
  test('shows its deployments side by side, and its events beneath', async () => {
    const { url } = await surface();
    expect(await ecstate(`service web --cluster default --url ${url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'service      web',
        'cluster      default',
        'status       ACTIVE',
        'tasks        3 of 3 tasks run, 1 is on the way',
        'definition   web:2',
        'launch type  FARGATE',
        'scheduling   REPLICA',
        'created      2026-01-01 00:00:00Z',
        '',
        'DEPLOYMENT                   STATUS   ROLLOUT      DEFINITION  DESIRED  RUNNING  PENDING  FAILED    AGE',
        `${deploymentId(2)}  PRIMARY  IN_PROGRESS  web:2             3        0        1       1  4m59s`,
        `${deploymentId(1)}  ACTIVE   COMPLETED    web:1             3        3        0       0  9m59s`,
        '',
        'AT (UTC)              EVENT',
        '2026-01-01 00:00:00Z  was unable to place a task. Reason: CannotPullContainerError: no such image.',
        '2026-01-01 00:00:00Z  has reached a steady state.',
        '2026-01-01 00:00:00Z  has started 3 tasks: (task a) (task b) (task c).',
        '',
      ].join('\n'),
    });
  });

  test('shows as many events as are asked for, and fits a terminal', async () => {
    const { url } = await surface();
    const { stdout } = await ecstate(`service web --cluster default --events 1 --url ${url}`, fakeIo({ columns: 70 }));
    expect(stdout.split('\n').slice(9)).toEqual([
      'DEPLOYMENT    STATUS   ROLLOUT      DEFINITION  DESIRED  RUNNING  PENDING  FAILED    AGE',
      'ecs-svc/111…  PRIMARY  IN_PROGRESS  web:2             3        0        1       1  4m59s',
      'ecs-svc/111…  ACTIVE   COMPLETED    web:1             3        3        0       0  9m59s',
      '',
      'AT (UTC)              EVENT',
      '2026-01-01 00:00:00Z  was unable to place a task. Reason:',
      '                      CannotPullContainerError: no such image.',
      '',
    ]);
    expect((await ecstate(`service web --cluster default --events 0 --url ${url}`)).stdout).not.toContain('EVENT');
    expect(await ecstate(`service web --events many --url ${url}`)).toMatchObject({ exitCode: 2 });
  });

  test('shows task sets of a service that is made of them', async () => {
    const { url } = await surface();
    const { stdout } = await ecstate(`service split --url ${url}`);
    expect(stdout.split('\n').slice(8, 11)).toEqual([
      'TASK SET  STATUS   STABILITY     DEFINITION  DESIRED  RUNNING  PENDING    AGE',
      'ts-1      PRIMARY  STEADY_STATE  split:1           2        2        0  9m59s',
      'ts-2      ACTIVE   STABILIZING   split:1           2        1        1  9m59s',
    ]);
  });

  test.each([
    ['its name', ['api']],
    ['its ARN', ['arn:aws:ecs:us-east-1:000000000000:service/shop/api']],
    ['the old ARN, in its cluster', ['arn:aws:ecs:us-east-1:000000000000:service/api', '--cluster', 'shop']],
    ['of one that is being deleted', ['old']],
  ])('takes %s, and gives exactly the Service of DescribeServices as JSON', async (_what, words) => {
    const { url, call } = await surface();
    const { exitCode, stdout } = await ecstate(['service', ...words, '-o', 'json', '--url', url]);
    const services = [words[0]?.split('/').at(-1)];
    const { json } = await call('DescribeServices', { cluster: 'shop', services });
    expect({ exitCode, answer: { services: [JSON.parse(stdout)], failures: [] } }).toEqual({
      exitCode: 0,
      answer: json,
    });
  });

  test.each([
    ['web', 2, '2 clusters have a service "web": default, shop. Say which with --cluster or an ARN. (USAGE_INVALID)'],
    [
      'never',
      3,
      'No service is called "never" in any cluster that is known. "ecstate services" lists them. (NOT_FOUND)',
    ],
    [
      'api --cluster default',
      3,
      'No service is called "api" in cluster default. "ecstate services" lists them. (NOT_FOUND)',
    ],
    ['a/b', 3, 'No service is called "a/b" in any cluster that is known. "ecstate services" lists them. (NOT_FOUND)'],
  ])('%s', async (words, exitCode, message) => {
    const { url } = await surface();
    expect(await ecstate(`service ${words} --url ${url}`)).toEqual({
      exitCode,
      stdout: '',
      stderr: `error: ${message}\n`,
    });
  });
});

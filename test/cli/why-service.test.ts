/** `ecstate why` of a service, against the HTTP surface itself; and which of a task and a service a word means. */
import { describe, expect, test } from 'vitest';
import type { ServiceHistoryRow } from '../../src/system/state.port.js';
import { deploymentId, fakeService } from '../http/fake-service.js';
import { CREATED, fakeTask, taskId } from '../http/fake-state.js';
import { startServer } from '../http/harness.js';
import { ecstate, fakeIo } from './harness.js';

const arn = (name: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:service/${cluster}/${name}`;

const row = (at: number, runningCount: number, cause: string): ServiceHistoryRow => ({
  from: 'ACTIVE',
  to: 'ACTIVE',
  at: CREATED + at,
  cause,
  desiredCount: 2,
  runningCount,
  pendingCount: 0,
  deployments: [
    {
      id: deploymentId(1),
      status: 'PRIMARY',
      rolloutState: 'COMPLETED',
      desiredCount: 2,
      runningCount,
      pendingCount: 0,
      failedTasks: 0,
    },
  ],
});

async function surface() {
  const harness = await startServer();
  const { state } = harness;
  state.putServices(
    fakeService({ name: 'web', counts: [2, 1, 1], deployments: [{ id: 1, target: 2, replicas: [2, 2, 1] }] }),
    fakeService({ name: 'abc' }),
    fakeService({ name: 'web-2' }),
    fakeService({ name: 'twin' }),
    fakeService({ name: 'twin', cluster: 'shop' }),
  );
  state.put(
    fakeTask({ id: '1', serviceName: 'web', startedBy: deploymentId(1) }),
    fakeTask({ id: '2', serviceName: 'web', startedBy: deploymentId(1), lastStatus: 'ACTIVATING' }),
    // Ids that begin like a service's name, and one that is no service's.
    fakeTask({ id: 'abc'.padEnd(32, '7'), cluster: 'shop' }),
    fakeTask({ id: 'fed'.padEnd(32, '7') }),
  );
  state.recordService(arn('web'), row(0, 2, 'the Deployment is at generation 1: 2 of 2 ready, 2 updated'));
  state.recordService(arn('web'), row(60_000, 1, 'the Deployment is at generation 1: 1 of 2 ready, 2 updated'));
  return harness;
}

describe('ecstate why, of a service', () => {
  test('says what it waits for, with its deployments and its latest changes', async () => {
    const { url } = await surface();
    expect(await ecstate(`why web --url ${url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'Service web (cluster default)',
        '',
        'It is ACTIVE since 2026-01-01 00:00:00Z (for 9m59s): 1 of 2 tasks runs, 1 is on the way.',
        `Deployment ${deploymentId(1)} (web:1) is COMPLETED, but 1 of its 2 tasks is not ready now.`,
        'Task 000000000000 has started, and is not ready yet.',
        '',
        'DEPLOYMENT                   STATUS   ROLLOUT    DEFINITION  DESIRED  RUNNING  PENDING  FAILED    AGE',
        `${deploymentId(1)}  PRIMARY  COMPLETED  web:1             2        1        1       0  9m59s`,
        '',
        'SINCE (UTC)              STATUS  FOR  RUNNING  DEPLOYMENTS            CAUSE',
        '2026-01-01 00:00:00.123  ACTIVE   1m      2/2  PRIMARY COMPLETED 2/2  the Deployment is at generation 1: 2 of 2 ready, 2 updated',
        '2026-01-01 00:01:00.123  ACTIVE           1/2  PRIMARY COMPLETED 1/2  the Deployment is at generation 1: 1 of 2 ready, 2 updated',
        '',
      ].join('\n'),
    });
  });

  test('gives explanation, Service and history as JSON, times in epoch seconds', async () => {
    const { url, call, request } = await surface();
    const { exitCode, stdout } = await ecstate(`why web -o json --url ${url}`);
    const { services } = Object((await call('DescribeServices', { services: ['web'] })).json);
    const { history } = Object((await request('/api/services/web/history')).json);
    expect({ exitCode, ...JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      serviceArn: arn('web'),
      explanation: [
        'It is ACTIVE since 2026-01-01 00:00:00Z (for 9m59s): 1 of 2 tasks runs, 1 is on the way.',
        `Deployment ${deploymentId(1)} (web:1) is COMPLETED, but 1 of its 2 tasks is not ready now.`,
        'Task 000000000000 has started, and is not ready yet.',
      ],
      service: services[0],
      history,
    });
  });

  test('says of a long history that there is more', async () => {
    const { url, state } = await surface();
    for (let index = 0; index < 20; index += 1)
      state.recordService(arn('web-2'), row(index * 1_000, 2, `step ${index}`));
    const { stdout } = await ecstate(`why web-2 --url ${url}`, fakeIo({ columns: 120 }));
    const causes = stdout.match(/step \d+/g);
    expect(causes).toEqual(Array.from({ length: 12 }, (_, index) => `step ${index + 8}`));
    expect(stdout.split('\n').slice(-3)).toEqual(['', '8 earlier changes are not shown; -o json has them.', '']);
  });

  test('tells the history of a service that ECS does not describe any more', async () => {
    const { url, state } = await surface();
    state.forgetService(arn('web'));
    for (const named of ['web', arn('web'), 'web --cluster default']) {
      const { exitCode, stdout } = await ecstate(`why ${named} --url ${url}`);
      expect({ named, exitCode, lines: stdout.split('\n').slice(0, 3) }).toEqual({
        named,
        exitCode: 0,
        lines: [
          'Service web (cluster default)',
          '',
          'ECS does not describe this service any more: it was deleted too long ago. What is left is its history.',
        ],
      });
    }
    const elsewhere = await ecstate(`why web --cluster shop --url ${url}`);
    expect(elsewhere).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

describe('ecstate why, of a word that may be both', () => {
  test.each([
    ['the ARN of a service', arn('abc'), 'Service abc (cluster default)'],
    ['a name that begins no id', 'web', 'Service web (cluster default)'],
    ['a name that begins an id of another cluster only', 'abc --cluster default', 'Service abc (cluster default)'],
    ['the beginning of an id', 'FED7', `Task ${'fed'.padEnd(32, '7')} (cluster default, family:web)`],
    ['a whole id', taskId('1'), `Task ${taskId('1')} (cluster default, service:web)`],
    ['more digits of an id', 'abc7', `Task ${'abc'.padEnd(32, '7')} (cluster shop, family:web)`],
  ])('takes %s', async (_what, named, headline) => {
    const { url } = await surface();
    const { exitCode, stdout, stderr } = await ecstate(`why ${named} --url ${url}`);
    expect({ exitCode, stderr, headline: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stderr: '', headline });
  });

  test.each([
    [
      'abc',
      2,
      `"abc" is the name of a service (${arn('abc')}) and the beginning of a task's id ` +
        `(arn:aws:ecs:us-east-1:000000000000:task/shop/${'abc'.padEnd(32, '7')}). Say which by an ARN or more digits. (USAGE_INVALID)`,
    ],
    ['twin', 2, '2 clusters have a service "twin": default, shop. Say which with --cluster or an ARN. (USAGE_INVALID)'],
    [
      '000',
      2,
      `The ids of 2 tasks begin with "000": ${taskId('1')} (cluster default), ${taskId('2')} (cluster default). ` +
        'Give more digits, an ARN, or --cluster. (USAGE_INVALID)',
    ],
    [
      'never',
      3,
      'No service is called "never" in the clusters that are known, and no task\'s id begins like that. ' +
        '"ecstate services" and "ecstate tasks --status all" list those that can be named. (NOT_FOUND)',
    ],
    [
      'dead --cluster shop',
      3,
      'No service is called "dead" in cluster shop, and no task\'s id begins like that. ' +
        '"ecstate services" and "ecstate tasks --status all" list those that can be named. (NOT_FOUND)',
    ],
    [
      '..',
      3,
      'No service is called ".." in the clusters that are known, and no task\'s id begins like that. ' +
        '"ecstate services" and "ecstate tasks --status all" list those that can be named. (NOT_FOUND)',
    ],
  ])('%s', async (words, exitCode, message) => {
    const { url } = await surface();
    expect(await ecstate(`why ${words} --url ${url}`)).toEqual({ exitCode, stdout: '', stderr: `error: ${message}\n` });
  });
});

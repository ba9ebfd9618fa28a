/** `ecstate why`: what a person is told of a task. */
import { afterEach, describe, expect, test } from 'vitest';
import { explain } from '../../src/cli/text/explain.js';
import type { EcsObject } from '../../src/project/json.js';
import { ecsTask, fakeSidecar, PULLING, RUNNING, T0, type FakeSidecar } from './fake-sidecar.js';
import { ecstate, fakeIo, NOW } from './harness.js';

const open: FakeSidecar[] = [];
afterEach(async () => {
  for (const sidecar of open.splice(0)) await sidecar.stop();
});

async function why(line: string, columns?: number) {
  const sidecar = await fakeSidecar();
  open.push(sidecar);
  return await ecstate(`why ${line} --url ${sidecar.url}`, fakeIo(columns === undefined ? {} : { columns }));
}

describe('ecstate why', () => {
  test('says why a task stopped, and how it got there', async () => {
    expect(await why('aaaa3')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'Task aaaa3333000000000000000000000000 (cluster batch, family:job)',
        '',
        'It is STOPPED since 2026-01-01 00:06:48Z (3m12s ago).',
        'It stopped because: Essential container in task exited (EssentialContainerExited)',
        'It was RUNNING for 5m46s.',
        'Container main exited with 137 (OOMKilled), which means that SIGKILL ended it.',
        'Container log exited with 0 (Completed).',
        '',
        'CONTAINER  STATUS   EXIT  IMAGE         REASON',
        'main       STOPPED   137  busybox:1.35  OOMKilled',
        'log        STOPPED     0  busybox:1.35  Completed',
        '',
        'SINCE (UTC)              STATUS     FOR  CAUSE',
        '2026-01-01 00:01:00.000  PENDING   2.0s  first seen like this: placed on a node; main is waiting',
        '2026-01-01 00:01:02.000  RUNNING  5m46s  all 2 containers are ready',
        '2026-01-01 00:06:48.500  STOPPED         the pod ended as Failed; main exited with 137 (OOMKilled)',
        '',
      ].join('\n'),
    });
  });

  test('says why a task is not further, and wraps what a narrow terminal has no room for', async () => {
    expect(await why('bbbb', 76)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'Task bbbb2222000000000000000000000000 (cluster default, family:web)',
        '',
        'It is PENDING since 2026-01-01 00:07:01Z (for 2m58s).',
        'Its containers are being created; none has started yet.',
        'Container app has not started: ImagePullBackOff: Back-off pulling image "registry.test/missing:1"',
        '',
        'CONTAINER  STATUS   IMAGE                    REASON',
        'app        PENDING  registry.test/missing:1  ImagePullBackOff: Back-off',
        '                                             pulling image',
        '                                             "registry.test/missing:1"',
        '',
        'SINCE (UTC)              STATUS         FOR  CAUSE',
        '2026-01-01 00:07:00.000  PROVISIONING  1.5s  pod pod-bbbb2222 was created',
        '2026-01-01 00:07:01.500  PENDING             placed on a node; app is',
        '                                             waiting (ContainerCreating)',
        '',
      ].join('\n'),
    });
  });

  test('gives explanation, Task and history as JSON, times in epoch seconds', async () => {
    const { exitCode, stdout } = await why('aaaa1 -o json');
    expect({ exitCode, ...JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      taskArn: RUNNING.task['taskArn'],
      explanation: ['It is RUNNING since 2026-01-01 00:00:03Z (for 9m56s).'],
      task: RUNNING.task,
      history: RUNNING.history.map(({ from, to, at, cause }) => ({ from, to, at, cause })),
    });
  });

  test('knows the history of a task that ECS does not describe any more, by its whole id', async () => {
    const gone = '0123456789abcdef0123456789abcdef';
    const late = await fakeSidecar({
      answer: (request, response) => {
        response.setHeader('content-type', 'application/json');
        const target = String(request.headers['x-amz-target']);
        if (target.endsWith('ListClusters')) response.end('{"clusterArns":["arn:aws:ecs:us-east-1:0:cluster/c"]}');
        else if (target.endsWith('ListTasks')) response.end('{"taskArns":[]}');
        else if (request.url === `/api/tasks/${gone}/history`) {
          const history = [{ from: 'RUNNING', to: 'STOPPED', at: T0, cause: 'the pod is gone', version: 4 }];
          response.end(JSON.stringify({ taskArn: `arn:aws:ecs:us-east-1:0:task/c/${gone}`, history }));
        } else response.end('{"ready":true}');
      },
    });
    open.push(late);
    expect(await ecstate(`why ${gone} --url ${late.url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        `Task ${gone} (cluster c)`,
        '',
        'ECS does not describe this task any more: it stopped too long ago. What is left is its history.',
        '',
        'SINCE (UTC)              STATUS   CAUSE',
        '2026-01-01 00:00:00.000  STOPPED  the pod is gone',
        '',
      ].join('\n'),
    });
  });

  test('says that there is no such task', async () => {
    expect(await why('0123456789abcdef0123456789abcdef')).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: 'error: No task with the id 0123456789abcdef0123456789abcdef is known. (NOT_FOUND)\n',
    });
    expect((await why('0123')).exitCode).toBe(3);
  });
});

describe('explain', () => {
  const row = (to: string, at: number, cause = '') => ({ from: null, to, at: at * 1000, cause });
  const container = (fields: EcsObject): EcsObject => ({
    name: 'app',
    lastStatus: 'RUNNING',
    healthStatus: 'HEALTHY',
    ...fields,
  });
  const said = (fields: EcsObject, ...history: readonly ReturnType<typeof row>[]) =>
    explain(ecsTask('default', 'aaaa', fields), history, NOW).slice(1);

  test.each([
    ['PROVISIONING', {}, ['No node has taken its pod yet, or the node has not begun with it.']],
    [
      'ACTIVATING, unready',
      { lastStatus: 'ACTIVATING', containers: [container({}), container({ name: 'b', healthStatus: 'UNKNOWN' })] },
      [
        'It has started, but not all of its containers are ready yet.',
        'Container b runs, and is not known to be ready.',
      ],
    ],
    [
      'RUNNING, unhealthy and lost',
      {
        lastStatus: 'RUNNING',
        connectivity: 'DISCONNECTED',
        connectivityAt: T0 + 60,
        containers: [
          container({ healthStatus: 'UNHEALTHY' }),
          container({ name: 'log', lastStatus: 'STOPPED', exitCode: 1, reason: 'Error' }),
        ],
      },
      [
        'Container app runs, but its health check fails.',
        'Container log exited with 1 (Error).',
        'Its node has not been heard from since 2026-01-01 00:01:00Z.',
      ],
    ],
    [
      'STOPPING',
      {
        lastStatus: 'STOPPING',
        desiredStatus: 'STOPPED',
        stopCode: 'UserInitiated',
        stoppedReason: 'Task stopped by user',
        containers: [container({})],
      },
      [
        'Its containers are being ended.',
        'It is to stop because: Task stopped by user (UserInitiated)',
        'Container app still runs.',
      ],
    ],
    [
      'DEPROVISIONING without a cause',
      {
        lastStatus: 'DEPROVISIONING',
        desiredStatus: 'STOPPED',
        containers: [container({ lastStatus: 'STOPPED', exitCode: 0 })],
      },
      [
        'Its containers have ended; what is left of its pod is being removed.',
        'It is to stop because: the reason is not known',
        'Container app exited with 0.',
      ],
    ],
  ])('%s', (_, fields, sentences) => {
    expect(said({ lastStatus: 'PROVISIONING', containers: [], ...fields })).toEqual(sentences);
  });

  test('a task that never ran, or ran unseen', () => {
    const stopped = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedAt: T0, containers: [] };
    const { startedAt: _, ...neverStarted } = ecsTask('default', 'aaaa', stopped);
    expect(explain(neverStarted, [], NOW)).toEqual([
      'It is STOPPED since 2026-01-01 00:00:00Z (10m ago).',
      'Why it stopped is not known.',
      'It never ran.',
    ]);
    expect(
      said(
        { ...stopped, startedAt: T0 - 2, executionStoppedAt: T0, stopCode: 'TaskFailedToStart' },
        row('STOPPED', T0),
      ),
    ).toEqual(['It stopped because: (TaskFailedToStart)', 'It ran for 2.0s, and was not seen RUNNING.']);
  });

  test('an exit code that is not known', () => {
    const lost = {
      lastStatus: 'STOPPED',
      containers: [container({ lastStatus: 'STOPPED', reason: 'ContainerStatusUnknown' })],
    };
    expect(said(lost).at(-1)).toBe('Container app ended without an exit code (ContainerStatusUnknown).');
  });
});

test('of a task that is pulled, nothing is said of what did not happen', () => {
  expect(explain(PULLING.task, [], NOW)).toEqual([
    'It is PENDING.',
    'Its containers are being created; none has started yet.',
    'Container app has not started: ImagePullBackOff: Back-off pulling image "registry.test/missing:1"',
  ]);
});

/** `ecstate replay`: its two forms, and what it hands on. */
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import type { EcsObject } from '../../src/project/json.js';
import { STOPPED, T0 } from './fake-sidecar.js';
import { ecstate, fakeDependencies, fakeIo } from './harness.js';

// As replay itself does: a history begins with `from: null`, which no value of the ECS API is.
const TASK = { ...STOPPED.task, history: STOPPED.history } as unknown as EcsObject;

function fakeReplay() {
  const asked: unknown[] = [];
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const dependencies = fakeDependencies({
    createLogger: () => logger,
    replay: async (directories, options) => {
      asked.push(directories, options);
      return { tasks: [TASK], services: [] };
    },
  });
  return { dependencies, asked, logger };
}

describe('ecstate replay', () => {
  test('prints JSON where nobody reads it', async () => {
    const { dependencies, asked, logger } = fakeReplay();
    const { exitCode, stdout, stderr } = await ecstate(
      'replay a b --semantics aws --region eu-west-1',
      fakeIo(),
      dependencies,
    );
    expect({ exitCode, stderr, result: JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      stderr: '',
      result: { tasks: [TASK], services: [] },
    });
    expect(asked).toEqual([
      ['a', 'b'],
      { semantics: 'aws', defaults: { region: 'eu-west-1', accountId: '000000000000' }, logger },
    ]);
  });

  test('prints a timeline on a terminal', async () => {
    const { dependencies } = fakeReplay();
    const { exitCode, stdout } = await ecstate('replay a', fakeIo({ columns: 90 }), dependencies);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: [
        'Task aaaa3333000000000000000000000000 (cluster batch, family:job): STOPPED, EssentialContainerExited: Essential container in task exited',
        'SINCE (UTC)              STATUS     FOR  CAUSE',
        '2026-01-01 00:01:00.000  PENDING   2.0s  first seen like this: placed on a node; main is',
        '                                         waiting',
        '2026-01-01 00:01:02.000  RUNNING  5m46s  all 2 containers are ready',
        '2026-01-01 00:06:48.500  STOPPED         the pod ended as Failed; main exited with 137',
        '                                         (OOMKilled)',
        '',
      ].join('\n'),
    });
  });

  test('prints a service with its deployments side by side', async () => {
    const counts = (runningCount: number, desiredCount: number) => ({ runningCount, desiredCount, pendingCount: 0 });
    const deployment = (
      status: string,
      rolloutState: string,
      failedTasks: number,
      running: number,
      desired: number,
    ) => ({
      ...counts(running, desired),
      id: 'ecs-svc/1',
      status,
      rolloutState,
      failedTasks,
    });
    const service = {
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/shop',
      serviceName: 'web',
      status: 'ACTIVE',
      history: [
        {
          ...counts(0, 2),
          to: 'PENDING',
          at: T0,
          cause: 'created',
          deployments: [deployment('PRIMARY', 'IN_PROGRESS', 0, 0, 2)],
        },
        {
          ...counts(2, 2),
          to: 'ACTIVE',
          at: T0 + 4,
          cause: 'rolled',
          deployments: [deployment('PRIMARY', 'IN_PROGRESS', 3, 1, 2), deployment('ACTIVE', 'COMPLETED', 0, 1, 1)],
        },
      ],
    };
    const dependencies = fakeDependencies({
      createLogger: fakeReplay().dependencies.createLogger,
      replay: async () => ({ tasks: [], services: [service] }),
    });
    expect((await ecstate('replay a -o table', fakeIo(), dependencies)).stdout).toBe(
      [
        'Service web (cluster shop): ACTIVE',
        'SINCE (UTC)              STATUS    FOR  RUNNING  DEPLOYMENTS                                               CAUSE',
        '2026-01-01 00:00:00.000  PENDING  4.0s      0/2  PRIMARY IN_PROGRESS 0/2                                   created',
        '2026-01-01 00:00:04.000  ACTIVE             2/2  PRIMARY IN_PROGRESS 1/2 (3 failed), ACTIVE COMPLETED 1/1  rolled',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['-o json', 90, '{\n  "tasks"'],
    ['-o table', undefined, 'Task aaaa3333'],
  ])('%s decides against the terminal', async (option, columns, begins) => {
    const { dependencies } = fakeReplay();
    const io = fakeIo(columns === undefined ? {} : { columns });
    const { stdout } = await ecstate(`replay a ${option}`, io, dependencies);
    expect(stdout.startsWith(begins)).toBe(true);
  });

  test('refuses what is no recording', async () => {
    const message = '/tmp/x holds no recording: none of pods.jsonl, events.jsonl is there';
    const dependencies = fakeDependencies({
      createLogger: fakeReplay().dependencies.createLogger,
      replay: () => Promise.reject(new ConfigurationError('RECORDING_INVALID', message)),
    });
    expect(await ecstate('replay /tmp/x', fakeIo(), dependencies)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: ${message} (RECORDING_INVALID)\n`,
    });
    expect((await ecstate('replay')).exitCode).toBe(2);
  });
});

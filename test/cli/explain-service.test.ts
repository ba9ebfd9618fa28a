/** What a person is told of a service: of made-up ones, case by case, and of recorded ones in the middle of their rollouts. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProfileName } from '../../machines/semantics.js';
import { explainService } from '../../src/cli/text/explain-service.js';
import { objectsOf } from '../../src/cli/client/ecs-json.js';
import type { EcsObject } from '../../src/project/json.js';
import { replay } from '../../src/replay/replay.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { ecsTask, T0 } from './fake-sidecar.js';
import { NOW } from './harness.js';

const RECORDINGS = join(import.meta.dirname, '../recordings');

/** What is told of the one service of a recording at an instant of it. */
async function recorded(name: string, instant: string, semantics: ProfileName = 'kecs'): Promise<readonly string[]> {
  const now = Date.parse(instant);
  const directory = await mkdtemp(join(tmpdir(), 'ecstate-recording-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const file of await readdir(join(RECORDINGS, name))) {
    if (!file.endsWith('.jsonl')) continue;
    const lines = (await readFile(join(RECORDINGS, name, file), 'utf8')).split('\n');
    const before = lines.filter((line) => line !== '' && JSON.parse(line).t <= now);
    await writeFile(join(directory, file), before.map((line) => `${line}\n`).join(''));
  }
  const { tasks, services } = await replay([directory], {
    semantics,
    defaults: { region: 'us-east-1', accountId: '000000000000' },
    logger: createLogger({ level: 'silent' }),
  });
  const [service = {}] = services;
  return explainService({ service, tasks, history: objectsOf(service, 'history'), now });
}

describe('a recorded service', () => {
  const PULL =
    'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/nosuch/web:v2": ' +
    'failed to resolve reference "docker.io/nosuch/web:v2": docker.io/nosuch/web:v2: not found';

  test('whose new image does not exist', async () => {
    expect(await recorded('deploy-rolling-stuck', '2026-11-23T03:59:50Z')).toEqual([
      'It is ACTIVE since 2026-11-23 03:59:40Z (for 9s): 3 of 3 tasks run, 1 is on the way.',
      'Deployment ecs-svc/7242060516634804589 (web:2) is IN_PROGRESS since 2026-11-23 03:59:43Z (for 6s): 0 of 3 new tasks are ready.',
      'Deployment ecs-svc/2297788606635645802 (web:1) is being replaced: 3 tasks of it are left.',
      '2 tasks of it have not been created yet: Kubernetes replaces old tasks step by step, as new ones become ready.',
      `Task 1537cf342028 cannot start: ErrImagePull: ${PULL}`,
      '1 task of it has failed.',
    ]);
  });

  test('the same in the words of ECS', async () => {
    const sentences = await recorded('deploy-rolling-stuck', '2026-11-23T03:59:50Z', 'aws');
    expect(sentences).toContain(
      `Task 1537cf342028 cannot start: CannotPullContainerError: Failed to pull image "nosuch/web:v2": ${PULL}`,
    );
  });

  test('whose rollout has FAILED', async () => {
    expect((await recorded('deploy-rolling-stuck', '2026-11-23T03:59:59.500Z'))[1]).toBe(
      'Deployment ecs-svc/7242060516634804589 (web:2) is FAILED since 2026-11-23 03:59:59Z (for 0s): ' +
        'it made no progress in time. 0 of 3 new tasks are ready; Kubernetes goes on trying.',
    );
  });

  test('on its way back, and back', async () => {
    expect(await recorded('deploy-rolling-stuck', '2026-11-23T04:00:04.100Z')).toEqual([
      'It is ACTIVE since 2026-11-23 03:59:40Z (for 23s): 3 of 3 tasks run, 1 is on the way.',
      'Deployment ecs-svc/4186332426633963376 (web:1) is IN_PROGRESS since 2026-11-23 04:00:04Z (for 0s): 3 of 3 new tasks are ready.',
      'Deployment ecs-svc/7242060516634804589 (web:2), which is FAILED, is being replaced: 1 task of it is left.',
    ]);
    expect(await recorded('deploy-rolling-stuck', '2026-11-23T04:00:06Z')).toEqual([
      'It is ACTIVE since 2026-11-23 03:59:40Z (for 25s): 3 of 3 tasks run.',
      'It is stable since 2026-11-23 04:00:04Z (for 1s): deployment ecs-svc/4186332426633963376 (web:1) is COMPLETED.',
    ]);
  });

  test('whose new tasks crash, and that is deleted then', async () => {
    expect((await recorded('deploy-rolling-crash', '2026-11-23T04:00:20Z')).slice(-3)).toEqual([
      'Task f8fb4f13ef5e cannot keep running: container main exited with 1 (Error).',
      '1 task of it has failed.',
      'The latest warning (13s ago): is unable to consistently start tasks successfully.',
    ]);
    expect(await recorded('deploy-rolling-crash', '2026-11-23T04:00:24Z')).toEqual([
      'It is DRAINING since 2026-11-23 04:00:23Z (for 0s): it was deleted.',
      'It is INACTIVE once its last tasks have stopped: 2 DEACTIVATING, 2 STOPPING.',
    ]);
  });

  test('for which no node has room', async () => {
    expect(await recorded('deploy-unschedulable', '2026-11-23T04:02:40Z')).toEqual([
      'It is PENDING since 2026-11-23 04:02:28Z (for 11s): 0 of 2 tasks run, 2 are on the way.',
      'It has not been available since it was created.',
      'Deployment ecs-svc/2681201137106830632 (web:1) is IN_PROGRESS since 2026-11-23 04:02:28Z (for 11s): 0 of 2 new tasks are ready.',
      'Tasks 83fd4058dfd9 and 54ab996c9d97 wait for nodes.',
      'The latest warning (11s ago): was unable to place a task because no container instance met all of its requirements. 0/2 nodes are available: 2 Insufficient cpu.',
    ]);
  });
});

function deployment(fields: EcsObject = {}): EcsObject {
  return {
    createdAt: T0,
    desiredCount: 3,
    failedTasks: 0,
    id: 'ecs-svc/2',
    pendingCount: 0,
    rolloutState: 'COMPLETED',
    runningCount: 3,
    status: 'PRIMARY',
    taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:2',
    ...fields,
  };
}

const service = (fields: EcsObject = {}): EcsObject => ({
  deploymentController: { type: 'ECS' },
  deployments: [deployment()],
  desiredCount: 3,
  events: [],
  pendingCount: 0,
  runningCount: 3,
  serviceName: 'web',
  status: 'ACTIVE',
  ...fields,
});

/** What is told without a history, after the first sentence, which says how many tasks run. */
const told = (of: EcsObject, tasks: readonly EcsObject[] = []): readonly string[] =>
  explainService({ service: of, tasks, history: [], now: NOW }).slice(1);

describe('how far a service is', () => {
  test.each<[string, EcsObject, string]>([
    ['all of its tasks run', {}, 'It is ACTIVE: 3 of 3 tasks run.'],
    [
      'it wants one',
      { desiredCount: 1, runningCount: 0, pendingCount: 1 },
      'It is ACTIVE: 0 of 1 task runs, 1 is on the way.',
    ],
    ['some are missing', { runningCount: 1, pendingCount: 2 }, 'It is ACTIVE: 1 of 3 tasks runs, 2 are on the way.'],
    ['it wants none', { desiredCount: 0, runningCount: 0 }, 'It is ACTIVE: it is scaled to 0.'],
    ['it is over', { status: 'INACTIVE' }, 'It is INACTIVE: it was deleted, and none of its tasks is left.'],
    ['it is going', { status: 'DRAINING' }, 'It is DRAINING: it was deleted.'],
  ])('%s', (_what, fields, sentence) => {
    expect(explainService({ service: service(fields), tasks: [], history: [], now: NOW })[0]).toBe(sentence);
  });

  test('is over once the last task is', () => {
    const gone = ecsTask('default', 'aaaa', { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    expect(told(service({ status: 'DRAINING' }), [gone])).toEqual(['None of its tasks is left.']);
  });

  test('times are those since when the history shows no other', () => {
    const row = (at: number, to: string, rolloutState: string, runningCount: number): EcsObject => ({
      at,
      to,
      desiredCount: 3,
      runningCount,
      pendingCount: 0,
      deployments: [{ id: 'ecs-svc/2', status: 'PRIMARY', rolloutState }],
    });
    const history = [
      row(T0, 'PENDING', 'IN_PROGRESS', 0),
      row(T0 + 60, 'ACTIVE', 'COMPLETED', 3),
      row(T0 + 120, 'ACTIVE', 'COMPLETED', 2),
      row(T0 + 180, 'ACTIVE', 'COMPLETED', 3),
    ];
    expect(explainService({ service: service(), tasks: [], history, now: NOW })).toEqual([
      'It is ACTIVE since 2026-01-01 00:01:00Z (for 9m): 3 of 3 tasks run.',
      'It is stable since 2026-01-01 00:03:00Z (for 7m): deployment ecs-svc/2 (web:2) is COMPLETED.',
    ]);
  });
});

describe('what a rollout waits for', () => {
  test('tasks that do not exist yet', () => {
    const primary = deployment({ rolloutState: 'IN_PROGRESS', runningCount: 1, pendingCount: 1 });
    expect(told(service({ deployments: [primary], runningCount: 1, pendingCount: 1 }))).toEqual([
      'Deployment ecs-svc/2 (web:2) is IN_PROGRESS: 1 of 3 new tasks is ready.',
      '1 task of it has not been created yet.',
    ]);
  });

  test('old tasks that are going down', () => {
    const old = deployment({ id: 'ecs-svc/1', status: 'ACTIVE', desiredCount: 0, runningCount: 0 });
    expect(told(service({ deployments: [deployment({ rolloutState: 'IN_PROGRESS' }), old] })).at(-1)).toBe(
      'Deployment ecs-svc/1 (web:2) is being replaced: its last tasks are going down.',
    );
  });

  test('tasks that are more than wanted', () => {
    expect(told(service({ desiredCount: 1, deployments: [deployment({ desiredCount: 1 })] }))).toEqual([
      'Deployment ecs-svc/2 (web:2) is COMPLETED.',
      '2 tasks more than wanted are going down.',
    ]);
  });

  test('a quota: nothing but an event tells of it, if it is of this rollout', () => {
    const event = {
      createdAt: T0 + 570,
      message: '(service web) was unable to place a task. Reason: pods "…" is forbidden: exceeded quota.',
    };
    const primary = deployment({ rolloutState: 'IN_PROGRESS', runningCount: 2 });
    const look = service({ runningCount: 2, deployments: [primary], events: [event] });
    expect(told(look).at(-1)).toBe(
      'The latest warning (30s ago): was unable to place a task. Reason: pods "…" is forbidden: exceeded quota.',
    );
    const later = service({ ...look, deployments: [{ ...primary, createdAt: T0 + 580 }] });
    expect(told(later).at(-1)).toBe('1 task of it has not been created yet.');
  });

  test('tasks in trouble, each kind of trouble once', () => {
    const app = (fields: EcsObject): EcsObject => ({
      containers: [{ name: 'app', lastStatus: 'RUNNING', healthStatus: 'UNKNOWN', ...fields }],
    });
    const pulling = { lastStatus: 'PENDING', ...app({ lastStatus: 'PENDING', reason: 'ErrImagePull: no such image' }) };
    const starting = { lastStatus: 'PENDING', ...app({ lastStatus: 'PENDING', reason: 'ContainerCreating' }) };
    const own = { startedBy: 'ecs-svc/2' };
    const tasks = [
      ecsTask('default', 'a1', { ...own, ...pulling }),
      ecsTask('default', 'a2', { ...own, ...pulling }),
      ecsTask('default', 'a3', { ...own, ...pulling }),
      ecsTask('default', 'a4', { ...own, ...pulling }),
      ecsTask('default', 'b1', { ...own, ...starting }),
      ecsTask('default', 'c1', { ...own, lastStatus: 'ACTIVATING', ...app({}) }),
      ecsTask('default', 'd1', { ...own, ...app({ healthStatus: 'UNHEALTHY' }) }),
      ecsTask('default', 'e1', { ...own, connectivity: 'DISCONNECTED' }),
      ecsTask('default', 'f1', { ...own }),
      ecsTask('default', '91', { ...pulling, startedBy: 'ecs-svc/1' }),
      ecsTask('default', '92', { ...own, ...pulling, desiredStatus: 'STOPPED' }),
    ];
    const primary = deployment({ rolloutState: 'IN_PROGRESS', desiredCount: 9, runningCount: 1, pendingCount: 8 });
    expect(told(service({ desiredCount: 9, runningCount: 1, deployments: [primary] }), tasks).slice(1)).toEqual([
      '4 tasks (a10000000000, a20000000000, a30000000000, …) cannot start: ErrImagePull: no such image',
      'Task b10000000000 is being started.',
      'Task c10000000000 has started, and is not ready yet.',
      'Task d10000000000 fails the health check of container app.',
      'Task e10000000000 is on a node that is not heard from.',
    ]);
  });

  test('tasks that fail one after the other', () => {
    const failed = (id: string, stoppedAt: number, fields: EcsObject = {}): EcsObject =>
      ecsTask('default', id, {
        containers: [{ name: 'app', lastStatus: 'STOPPED', exitCode: 3 }],
        desiredStatus: 'STOPPED',
        lastStatus: 'STOPPED',
        startedBy: 'ecs-svc/2',
        stopCode: 'EssentialContainerExited',
        stoppedAt,
        stoppedReason: 'Essential container in task exited',
        ...fields,
      });
    const tasks = [
      failed('a1', T0 + 10),
      failed('a2', T0 + 30),
      failed('a3', T0 + 40, { stopCode: 'ServiceSchedulerInitiated' }),
      failed('a4', T0 + 50, { startedBy: 'ecs-svc/1' }),
    ];
    const primary = deployment({ rolloutState: 'FAILED', runningCount: 2, pendingCount: 1, failedTasks: 2 });
    expect(told(service({ runningCount: 2, deployments: [primary] }), tasks)).toEqual([
      'Deployment ecs-svc/2 (web:2) is FAILED: it made no progress in time. 2 of 3 new tasks are ready; Kubernetes goes on trying.',
      '2 tasks of it have failed; the last to stop was a20000000000: Essential container in task exited (EssentialContainerExited); app exited with 3',
    ]);
  });
});

test('a service that is made of task sets is told set by set', () => {
  const taskSet = (id: string, status: string, stabilityStatus: string, runningCount: number): EcsObject => ({
    computedDesiredCount: 2,
    id,
    runningCount,
    stabilityStatus,
    status,
    taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:2',
  });
  const external = service({
    deploymentController: { type: 'EXTERNAL' },
    deployments: [],
    taskSets: [taskSet('ts-1', 'PRIMARY', 'STEADY_STATE', 2), taskSet('ts-2', 'ACTIVE', 'STABILIZING', 1)],
  });
  expect(told(external)).toEqual([
    'Task set ts-1 (web:2) is PRIMARY and STEADY_STATE: 2 of 2 tasks are ready.',
    'Task set ts-2 (web:2) is ACTIVE and STABILIZING: 1 of 2 tasks is ready.',
  ]);
});

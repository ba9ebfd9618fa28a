/** The commands that ask a sidecar, against the HTTP surface itself: that what the one asks is what the other answers. */
import { describe, expect, test } from 'vitest';
import { CREATED, fakeTask, taskId } from '../http/fake-state.js';
import { startServer } from '../http/harness.js';
import { ecstate, fakeIo } from './harness.js';

async function surface() {
  const running = fakeTask({ id: 'aaaa', cluster: 'shop', serviceName: 'web', createdAt: CREATED });
  const stopped = fakeTask({
    id: 'bbbb',
    cluster: 'jobs',
    family: 'job',
    lastStatus: 'STOPPED',
    createdAt: CREATED + 1_000,
  });
  const harness = await startServer();
  const { state } = harness;
  state.put(running, stopped);
  const arn = stopped.context.identity.taskArn;
  state.record(arn, { from: null, to: 'RUNNING', at: CREATED + 1_500, cause: 'first seen like this', version: 1 });
  state.record(arn, { from: 'RUNNING', to: 'STOPPED', at: CREATED + 11_000, cause: 'the pod is gone', version: 4 });
  return { ...harness, running, stopped };
}

describe('on the real surface', () => {
  test('tasks lists every cluster', async () => {
    const { url } = await surface();
    const { exitCode, stdout, stderr } = await ecstate(`tasks --status all --url ${url}`);
    expect({ exitCode, stderr, lines: stdout.split('\n').map((line) => line.split(/ {2,}/)) }).toEqual({
      exitCode: 0,
      stderr: '',
      lines: [
        ['TASK', 'CLUSTER', 'GROUP', 'STATUS', 'HEALTH', 'AGE', 'WHY'],
        [taskId('bbbb'), 'jobs', 'family:job', 'STOPPED', 'HEALTHY', '9m58s', 'Essential container in task exited'],
        [taskId('aaaa'), 'shop', 'service:web', 'RUNNING', 'HEALTHY', '9m59s'],
        [''],
      ],
    });
  });

  test('task -o json is what DescribeTasks answers', async () => {
    const { url, call, running } = await surface();
    const { taskArn } = running.context.identity;
    const answer = await call('DescribeTasks', { cluster: 'shop', tasks: [taskArn], include: ['TAGS'] });
    const { stdout } = await ecstate(`task ${taskId('aaaa')} -o json --url ${url}`);
    expect({ tasks: [JSON.parse(stdout)], failures: [] }).toEqual(answer.json);
  });

  test('why tells the history', async () => {
    const { url } = await surface();
    const { exitCode, stdout } = await ecstate(`why ${taskId('bbbb')} --url ${url}`);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('It was RUNNING for 9.5s.\n');
    expect(stdout.split('\n').slice(-4)).toEqual([
      'SINCE (UTC)              STATUS    FOR  CAUSE',
      '2026-01-01 00:00:01.623  RUNNING  9.5s  first seen like this',
      '2026-01-01 00:00:11.123  STOPPED        the pod is gone',
      '',
    ]);
  });

  test('why, of a task that is forgotten, tells what is left', async () => {
    const { url, state, stopped } = await surface();
    state.put(fakeTask({ id: 'cccc', cluster: 'jobs' }));
    state.forget(stopped.context.identity.taskArn);
    const { exitCode, stdout } = await ecstate(`why ${taskId('bbbb')} --url ${url}`);
    expect({ exitCode, line: stdout.split('\n')[2] }).toEqual({
      exitCode: 0,
      line: 'ECS does not describe this task any more: it stopped too long ago. What is left is its history.',
    });
  });

  test('watch follows one task', async () => {
    const { url, state, running, stopped } = await surface();
    const io = fakeIo();
    const ended = ecstate(`watch --task ${taskId('aaaa')} --url ${url}`, io);
    await io.stderr.shows('following');
    const row = { from: 'PENDING', to: 'RUNNING', at: CREATED, version: 2 } as const;
    state.emit(
      { ...row, taskArn: stopped.context.identity.taskArn, sequence: 1, cause: 'another task' },
      { ...row, taskArn: running.context.identity.taskArn, sequence: 2, cause: 'its container is ready' },
    );
    await io.stdout.shows('ready');
    io.signal('SIGINT');
    expect(await ended).toEqual({
      exitCode: 130,
      stderr: `following ${url}; Ctrl-C ends\n`,
      stdout: '00:00:00.123  shop/000000000000         PENDING → RUNNING         its container is ready\n',
    });
  });

  test.each([
    ['tasks --cluster nowhere', 3, 'Cluster not found. (NOT_FOUND)'],
    ['tasks --cluster shop --service nothing', 3, 'Service not found. (NOT_FOUND)'],
    [
      'why 0123456789abcdef0123456789abcdef',
      3,
      'No task with the id 0123456789abcdef0123456789abcdef is known. (NOT_FOUND)',
    ],
    ['tasks --cluster a/b', 2, 'Invalid identifier: Unexpected number of separators (USAGE_INVALID)'],
  ])('%s', async (line, exitCode, words) => {
    const { url } = await surface();
    expect(await ecstate(`${line} --url ${url}`)).toEqual({ exitCode, stdout: '', stderr: `error: ${words}\n` });
  });

  test('a note says that it is not ready', async () => {
    const { url } = await startServer({ readiness: () => ({ ready: false, reason: 'not yet synced: pods' }) });
    expect((await ecstate(`tasks --url ${url}`)).stderr).toContain('may not know all: not yet synced: pods\n');
  });
});

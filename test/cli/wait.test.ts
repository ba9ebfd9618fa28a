/** `ecstate wait`: how it ends, and what it looks at on the way. On the machine's own clock, since the requests take their time. */
import { describe, expect, test } from 'vitest';
import type { LastStatus } from '../../machines/task/task.types.js';
import { sightingOfService, sightingOfTask } from '../../src/cli/client/wait.js';
import { run } from '../../src/cli/program.js';
import { systemClock } from '../../src/system/clock.js';
import { fakeService } from '../http/fake-service.js';
import { CREATED, fakeTask, taskId } from '../http/fake-state.js';
import { startServer } from '../http/harness.js';
import { ecsTask } from './fake-sidecar.js';
import { fakeDependencies, fakeIo } from './harness.js';

/** A command line that runs, and all that comes of it. */
function started(line: string, url: string, columns?: number) {
  const io = { ...fakeIo(columns === undefined ? {} : { columns }), clock: systemClock };
  const words = [...line.split(' '), '--url', url];
  const ended = run(words, io, fakeDependencies()).then((exitCode) => ({
    exitCode,
    stdout: io.stdout.text,
    stderr: io.stderr.text,
  }));
  return { io, ended };
}

async function surface() {
  const harness = await startServer();
  const { state } = harness;
  /** Resolves once it was asked so often for an operation. */
  const asked = async (operation: string, times: number): Promise<void> => {
    for (;;) {
      const { text } = await harness.metrics.expose();
      const count = text.match(
        new RegExp(`ecstate_http_requests_total\\{operation="${operation}",status="200"\\} (\\d+)`),
      );
      if (Number(count?.[1] ?? 0) >= times) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const task = (lastStatus: LastStatus) => fakeTask({ id: 'abc', lastStatus, cluster: 'shop', serviceName: 'web' });
  /** The task moves there, and whoever listens is told. */
  const move = (lastStatus: LastStatus, sequence: number): void => {
    const moved = task(lastStatus);
    state.put(moved);
    const { taskArn } = moved.context.identity;
    state.emit({ taskArn, from: null, to: lastStatus, at: CREATED, cause: 'a test', version: 1, sequence });
  };
  state.put(task('PENDING'));
  state.putServices(fakeService({ name: 'web', cluster: 'shop', counts: [2, 1, 1] }));
  return { ...harness, asked, move };
}

const stable = fakeService({ name: 'web', cluster: 'shop', counts: [2, 2, 0] });

describe('ecstate wait', () => {
  test('ends at once when it is so already', async () => {
    const { url, state } = await surface();
    state.putServices(stable);
    expect(await started('wait service web --for stable', url).ended).toEqual({
      exitCode: 0,
      stdout: 'Service web is stable\n',
      stderr: '',
    });
  });

  test('ends when the task is RUNNING, sooner than by looking from time to time', async () => {
    const { url, asked, move, state } = await surface();
    const begun = performance.now();
    const { ended } = started(`wait task ${taskId('abc').slice(0, 30)} --for running`, url);
    await asked('DescribeTasks', 1);
    while (state.listeners === 0 || !(await isFollowed(url))) await new Promise((resolve) => setImmediate(resolve));
    move('RUNNING', 1);
    expect(await ended).toEqual({ exitCode: 0, stdout: `Task ${taskId('abc')} is RUNNING\n`, stderr: '' });
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  test('looks at a service from time to time, since it may change without a task', async () => {
    const { url, asked, state } = await surface();
    const { ended } = started('wait service web --for stable --cluster shop', url);
    // To find it, at first, and when transitions were followed: what comes after is told by nobody.
    await asked('DescribeServices', 3);
    state.putServices(stable);
    expect(await ended).toEqual({ exitCode: 0, stdout: 'Service web is stable\n', stderr: '' });
  });

  test.each<[string, LastStatus, string]>([
    ['is over', 'STOPPED', 'STOPPED (Essential container in task exited)'],
    ['is on its way out', 'DEACTIVATING', 'DEACTIVATING'],
  ])('gives up on a task that %s', async (_what, lastStatus, words) => {
    const { url, move } = await surface();
    move(lastStatus, 1);
    expect(await started(`wait task ${taskId('abc')} --for RUNNING`, url).ended).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error: Task ${taskId('abc')} can no longer be RUNNING: it is ${words}. (WAIT_HOPELESS)\n`,
    });
  });

  test('gives up on a service that is deleted while it is waited for', async () => {
    const { url, asked, state } = await surface();
    const { ended } = started('wait service web --for stable', url);
    await asked('DescribeServices', 2);
    state.putServices(fakeService({ name: 'web', cluster: 'shop', status: 'DRAINING' }));
    expect(await ended).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: Service web can no longer be stable: it is DRAINING. (WAIT_HOPELESS)\n',
    });
  });

  test('ends when the time is up, and says what it was then', async () => {
    const { url } = await surface();
    expect(await started('wait service web --for inactive --timeout 1s', url).ended).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'error: Service web is not INACTIVE after 1s: ACTIVE. "ecstate why web" says why. (WAIT_TIMEOUT)\n',
    });
  });

  test('says how far a service was when the time was up', async () => {
    const { url } = await surface();
    const { exitCode, stderr } = await started('wait service web --for stable --timeout 1s', url).ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr:
        'error: Service web is not stable after 1s: 1 of 2 tasks runs, 1 is on the way. "ecstate why web" says why. (WAIT_TIMEOUT)\n',
    });
  });

  test.each([
    ['task 0123 --for RUNNING', 3, 'NOT_FOUND'],
    [`task arn:aws:ecs:us-east-1:000000000000:task/shop/${taskId('9')} --for STOPPED`, 3, 'NOT_FOUND'],
    ['service never --for stable', 3, 'NOT_FOUND'],
    ['service web --for RUNNING', 2, 'USAGE_INVALID'],
    [`task ${taskId('abc')} --for stable`, 2, 'USAGE_INVALID'],
    [`task ${taskId('abc')}`, 2, 'USAGE_INVALID'],
    ['service web --for stable --timeout soon', 2, 'USAGE_INVALID'],
    ['cluster shop --for stable', 2, 'USAGE_INVALID'],
  ])('%s', async (words, exitCode, code) => {
    const { url } = await surface();
    const ended = await started(`wait ${words}`, url).ended;
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(ended.stderr).toContain(`(${code})\n`);
  });

  test('says what each can be waited for', async () => {
    const { url } = await surface();
    expect((await started('wait service web --for RUNNING', url).ended).stderr).toBe(
      'error: A service can be waited for with --for stable or --for INACTIVE, not with "RUNNING". (USAGE_INVALID)\n',
    );
  });

  test('of a service that is forgotten meanwhile, says that it is not known', async () => {
    const { url, asked, state } = await surface();
    const { ended } = started('wait service web --for INACTIVE', url);
    await asked('DescribeServices', 2);
    state.forgetService('arn:aws:ecs:us-east-1:000000000000:service/shop/web');
    expect(await ended).toMatchObject({ exitCode: 3 });
  });

  test('shows on a terminal what it waits for, and takes that away', async () => {
    const { url, state } = await surface();
    const { io, ended } = started('wait service web --for stable', url, 64);
    await io.stderr.shows('waiting for');
    state.putServices(stable);
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Service web is stable\n' });
    const lines = stderr.split('\r\u001B[2K');
    expect(lines[1]).toBe('Service web: 1 of 2 tasks runs, 1 is on the way; waiting for s…');
    expect(lines.every((line) => line.length < 64)).toBe(true);
    expect(lines.at(-1)).toBe('');
  });

  test('ends on Ctrl-C', async () => {
    const { url } = await surface();
    const { io, ended } = started('wait service web --for stable', url, 80);
    await io.stderr.shows('waiting for');
    expect(io.signal('SIGINT')).toBe(true);
    expect(await ended).toMatchObject({ exitCode: 130, stdout: '' });
    expect(io.signal('SIGINT')).toBe(false);
  });

  test('outlasts a sidecar that is away, after it was there', async () => {
    const { url, state } = await surface();
    const { service } = state;
    let failed = (): void => {};
    const failing = new Promise<void>((resolve) => (failed = resolve));
    const { io, ended } = started('wait service web --for stable', url, 80);
    await io.stderr.shows('waiting for');
    state.service = () => {
      failed();
      throw new Error('the store is away');
    };
    await failing;
    state.service = service;
    state.putServices(stable);
    expect(await ended).toMatchObject({ exitCode: 0 });
  });
});

/** Somebody reads the stream of transitions. */
async function isFollowed(url: string): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.includes('ecstate_http_streams 1');
}

describe('what a look at a task says', () => {
  const seen = (lastStatus: string, desiredStatus: string, goal: 'RUNNING' | 'STOPPED') =>
    sightingOfTask(ecsTask('default', 'a', { lastStatus, desiredStatus }), goal).verdict;

  test.each([
    ['PROVISIONING', 'RUNNING', 'waiting', 'waiting'],
    ['ACTIVATING', 'RUNNING', 'waiting', 'waiting'],
    ['RUNNING', 'RUNNING', 'reached', 'waiting'],
    ['RUNNING', 'STOPPED', 'reached', 'waiting'],
    ['PENDING', 'STOPPED', 'never', 'waiting'],
    ['STOPPING', 'STOPPED', 'never', 'waiting'],
    ['STOPPED', 'STOPPED', 'never', 'reached'],
    ['DREAMING', 'RUNNING', 'waiting', 'waiting'],
  ])('%s, to be %s', (lastStatus, desiredStatus, running, stopped) => {
    expect([seen(lastStatus, desiredStatus, 'RUNNING'), seen(lastStatus, desiredStatus, 'STOPPED')]).toEqual([
      running,
      stopped,
    ]);
  });
});

test('a service of task sets is never stable in the sense of services-stable', () => {
  const service = { status: 'ACTIVE', deploymentController: { type: 'EXTERNAL' }, deployments: [] };
  expect(sightingOfService(service, 'stable').verdict).toBe('never');
  expect(sightingOfService(service, 'INACTIVE').verdict).toBe('waiting');
});

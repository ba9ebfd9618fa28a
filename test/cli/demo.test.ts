/** `ecstate demo`: what it runs, what it says to try, and what it leaves behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FIRST_TASK_LIMIT } from '../../src/cli/commands/demo-guide.js';
import type { CommittedTask } from '../../src/system/state.port.js';
import type { SidecarOptions } from '../../src/sidecar.port.js';
import { fakeState, fakeTask } from '../http/fake-state.js';
import { ecstate, fakeDependencies, fakeIo } from './harness.js';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function fakeDemo(url: string, ...tasks: readonly CommittedTask[]) {
  const done: string[] = [];
  const asked: { cluster?: object; options?: SidecarOptions } = {};
  const state = fakeState(...tasks);
  const dependencies = fakeDependencies({
    createLogger: () => ({ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }),
    startEmbeddedCluster: async (options) => {
      asked.cluster = options;
      return {
        source: 'the embedded one',
        kubeconfig: '{"kind":"Config"}',
        createSidecar: (sidecarOptions) => {
          asked.options = sidecarOptions;
          return {
            start: async () => void done.push('start'),
            synced: async () => {},
            url,
            state,
            readiness: () => ({ ready: true, watches: [] }),
            stop: async () => void done.push('stop'),
          };
        },
        close: async () => void done.push('close'),
      };
    },
  });
  return { dependencies, asked, done, state };
}

describe('ecstate demo', () => {
  test('says what to try next, ready to be copied, and removes what it made', async () => {
    const { dependencies, asked, done } = fakeDemo(
      'http://127.0.0.1:5380',
      fakeTask({ id: 'aaa', cluster: 'shop' }),
      fakeTask({ id: 'bbb', cluster: 'shop', lastStatus: 'STOPPED' }),
    );
    const io = fakeIo();
    const ended = ecstate('demo', io, dependencies);
    await io.stdout.shows('Ctrl-C');
    const kubeconfig = path.join(asked.options?.dataDirectory ?? '', 'kubeconfig');
    expect(readFileSync(kubeconfig, 'utf8')).toBe('{"kind":"Config"}');
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    expect(io.stdout.text).toBe(
      [
        'The demo is ready: the ECS API is at http://127.0.0.1:5380, over a cluster inside this process whose tasks come and go.',
        '',
        'Try, in another terminal:',
        '',
        '  # every task that is wanted, and those that have stopped',
        '  ecstate tasks --status all',
        '',
        '  # what happens, as it happens',
        '  ecstate watch',
        '',
        '  # what one task is, and how it got there',
        '  ecstate why 000000000000',
        '',
        '  # the ECS API, bare',
        "  curl -s http://127.0.0.1:5380/ -H 'Content-Type: application/x-amz-json-1.1' -H 'X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListTasks' -d '{\"cluster\":\"shop\"}'",
        '',
        '  # the same by the AWS CLI',
        '  AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_DEFAULT_REGION=us-east-1 aws ecs list-tasks --endpoint-url http://127.0.0.1:5380 --cluster shop',
        '',
        '  # the pods behind it',
        `  kubectl --kubeconfig ${kubeconfig} get pods --all-namespaces --watch`,
        '',
        'Ctrl-C ends it.',
        '',
      ].join('\n'),
    );
    io.signal('SIGINT');
    expect((await ended).exitCode).toBe(0);
    expect(done).toEqual(['start', 'stop', 'close']);
    expect(existsSync(asked.options?.dataDirectory ?? '')).toBe(false);
  });

  test('names another address wherever it is needed', async () => {
    const { dependencies, asked } = fakeDemo('http://127.0.0.1:49152', fakeTask({ id: 'aaa' }));
    const io = fakeIo();
    const ended = ecstate(
      'demo --listen 127.0.0.1:0 --seed 7 --speed 2.5 --semantics aws --region eu-west-1',
      io,
      dependencies,
    );
    await io.stdout.shows('Ctrl-C');
    expect(io.stdout.text).toContain('  ecstate watch --url http://127.0.0.1:49152\n');
    expect(asked.cluster).toEqual({ seed: 7, speed: 2.5, region: 'eu-west-1', accountId: '000000000000' });
    expect(asked.options).toMatchObject({ listen: { host: '127.0.0.1', port: 0 }, semantics: 'aws' });
    io.signal('SIGTERM');
    expect((await ended).exitCode).toBe(0);
  });

  test('keeps a directory that was named', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "ecstate it's-"));
    directories.push(directory);
    const { dependencies, asked } = fakeDemo('http://127.0.0.1:5380', fakeTask({ id: 'aaa' }));
    const io = fakeIo();
    const ended = ecstate(['demo', '--data-dir', directory], io, dependencies);
    await io.stdout.shows('Ctrl-C');
    expect(io.stdout.text).toContain(
      `kubectl --kubeconfig '${directory.replace("'", String.raw`'\''`)}/kubeconfig' get pods`,
    );
    io.signal('SIGINT');
    await ended;
    expect(asked.options?.dataDirectory).toBe(directory);
    expect(existsSync(path.join(directory, 'kubeconfig'))).toBe(true);
  });

  test("never takes a real sidecar's directory from the environment", async () => {
    const { dependencies, asked } = fakeDemo('http://127.0.0.1:5380', fakeTask({ id: 'aaa' }));
    const io = fakeIo({ env: { ECSTATE_DATA_DIR: '/var/lib/ecstate' } });
    const ended = ecstate('demo', io, dependencies);
    await io.stdout.shows('Ctrl-C');
    io.signal('SIGINT');
    await ended;
    expect(asked.options?.dataDirectory).toContain('ecstate-demo-');
  });

  test('waits for the first task, but not for long', async () => {
    const { dependencies, state } = fakeDemo('http://127.0.0.1:5380');
    const io = fakeIo();
    const ended = ecstate('demo', io, dependencies);
    await expect.poll(() => io.clock.pending).toBe(1);
    expect(io.stdout.text).toBe('');
    io.clock.advance(FIRST_TASK_LIMIT);
    await io.stdout.shows('ecstate why TASK\n');
    expect(state.listeners).toBe(0);
    io.signal('SIGINT');
    expect((await ended).exitCode).toBe(0);
  });

  test('names the task that comes while it waits', async () => {
    const { dependencies, state } = fakeDemo('http://127.0.0.1:5380');
    const io = fakeIo();
    const ended = ecstate('demo', io, dependencies);
    await expect.poll(() => state.listeners).toBe(1);
    state.put(fakeTask({ id: 'abc'.padEnd(32, '0') }));
    state.emit();
    await io.stdout.shows('ecstate why abc000000000\n');
    expect(io.clock.pending).toBe(0);
    io.signal('SIGINT');
    await ended;
  });
});

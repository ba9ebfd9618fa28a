/** `ecstate serve`: which sidecar it makes, what it says, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/cli/dependencies.port.js';
import { ConfigurationError, RetryableError } from '../../src/errors.js';
import type { Sidecar, SidecarOptions } from '../../src/sidecar.port.js';
import type { LogLevel } from '../../src/telemetry/logger.js';
import { fakeState } from '../http/fake-state.js';
import { ecstate, fakeDependencies, fakeIo } from './harness.js';

/** A cluster that notes what is done to it, with a sidecar that is ready when it is told to be. */
function fakeCluster(overrides: Partial<Sidecar> = {}) {
  const done: string[] = [];
  const asked: { options?: SidecarOptions; connect?: object; level?: LogLevel } = {};
  let ready: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const sidecar: Sidecar = {
    start: async () => void done.push('start'),
    synced: () => synced,
    url: 'http://127.0.0.1:5380',
    state: fakeState(),
    readiness: () => ({ ready: false, watches: [] }),
    stop: async () => void done.push('stop'),
    ...overrides,
  };
  const cluster: Cluster = {
    source: 'the context "kind" of /home/me/.kube/config',
    createSidecar: (options) => {
      asked.options = options;
      return sidecar;
    },
    close: async () => void done.push('close'),
  };
  const dependencies = fakeDependencies({
    createLogger: (level) => {
      asked.level = level;
      return {
        debug: () => {},
        info: (_, message) => void done.push(`log ${message}`),
        warn: () => {},
        error: () => {},
      };
    },
    connect: async ({ kubeconfig, context }) => {
      asked.connect = { kubeconfig, context };
      return cluster;
    },
  });
  return { dependencies, asked, done, ready: () => ready() };
}

describe('ecstate serve', () => {
  test('says in one line when it is ready; a signal stops it', async () => {
    const { dependencies, done, ready } = fakeCluster();
    const io = fakeIo();
    const ended = ecstate('serve', io, dependencies);
    ready();
    await io.stdout.shows('\n');
    expect(done).toEqual(['start', 'log listening']);
    expect(io.signal('SIGTERM')).toBe(true);
    expect(await ended).toEqual({
      exitCode: 0,
      stdout: 'ecstate is ready at http://127.0.0.1:5380 (cluster: the context "kind" of /home/me/.kube/config)\n',
      stderr: '',
    });
    expect(done).toEqual(['start', 'log listening', 'log stopping', 'stop', 'close']);
    expect(io.signal('SIGTERM')).toBe(false);
  });

  test('makes the sidecar that flags, variables and the file ask for', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'ecstate-serve-'));
    const file = path.join(directory, 'ecstate.json');
    writeFileSync(file, '{"listen": "[::1]:1", "namespaces": ["a", "b"], "region": "eu-west-1", "semantics": "aws"}');
    const { dependencies, asked, ready } = fakeCluster();
    const env = { ECSTATE_REGION: 'eu-north-1', ECSTATE_HISTORY_RETENTION: '30d', ECSTATE_CONFIG: '/nowhere' };
    const io = fakeIo({ env });
    const line = `serve --config ${file} --semantics kecs --data-dir /data --retention 2h --account-id 123456789012 --context kind --log-level debug`;
    const ended = ecstate(line, io, dependencies);
    ready();
    await io.stdout.shows('\n');
    io.signal('SIGINT');
    expect((await ended).exitCode).toBe(0);
    rmSync(directory, { recursive: true });
    expect(asked).toEqual({
      connect: { kubeconfig: undefined, context: 'kind' },
      level: 'debug',
      options: {
        listen: { host: '::1', port: 1 },
        dataDirectory: '/data',
        semantics: 'kecs',
        namespaces: ['a', 'b'],
        defaults: { region: 'eu-north-1', accountId: '123456789012' },
        retention: { tasks: 7_200_000, history: 2_592_000_000 },
        clock: io.clock,
      },
    });
  });

  test('can be stopped before it is ready', async () => {
    const { dependencies, done } = fakeCluster();
    const io = fakeIo();
    const ended = ecstate('serve', io, dependencies);
    await expect.poll(() => done).toContain('log listening');
    io.signal('SIGINT');
    expect(await ended).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(done).toEqual(['start', 'log listening', 'log stopping', 'stop', 'close']);
  });

  test('ends at once at the second signal, however long the stop takes', async () => {
    let stopped: () => void = () => {};
    const stopping = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const { dependencies, ready } = fakeCluster({ stop: () => stopping });
    const io = fakeIo();
    const ended = ecstate('serve', io, dependencies);
    ready();
    await io.stdout.shows('\n');
    io.signal('SIGTERM');
    expect(io.exits).toEqual([]);
    io.signal('SIGTERM');
    expect(io.exits).toEqual([130]);
    stopped();
    await ended;
  });

  test('stops what it began when the start fails', async () => {
    const failure = new RetryableError('LISTEN_FAILED', '127.0.0.1:5380 is in use. Choose another with --listen.');
    const { dependencies, done } = fakeCluster({ start: () => Promise.reject(failure) });
    const io = fakeIo();
    expect(await ecstate('serve', io, dependencies)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: 127.0.0.1:5380 is in use. Choose another with --listen. (LISTEN_FAILED)\n',
    });
    expect(done).toEqual(['stop', 'close']);
    expect(io.signal('SIGINT')).toBe(false);
  });

  test('without a cluster it says what to do, and ends as misconfigured', async () => {
    const message = 'No Kubernetes cluster was named, and none was found: … or try ecstate without any: ecstate demo.';
    const dependencies = fakeDependencies({
      connect: () => Promise.reject(new ConfigurationError('KUBECONFIG_MISSING', message)),
    });
    expect(await ecstate('serve', fakeIo(), dependencies)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: ${message} (KUBECONFIG_MISSING)\n`,
    });
  });

  test('refuses a bad value before it touches a cluster', async () => {
    expect(await ecstate('serve --retention soon')).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await ecstate('serve --namespaces A')).stderr).toBe(
      'error: --namespaces A cannot be used: give names of namespaces, separated by commas: lower-case letters, digits and ' +
        'hyphens, at most 63 of them each. (CONFIG_INVALID)\n',
    );
  });
});

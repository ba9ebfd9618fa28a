/** `ecstate` as the process that people start: built, with real pipes, signals and exit codes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Built before the first test by test/support/global-setup.ts. */
const main = path.join(ROOT, 'dist', 'src', 'cli', 'main.js');
/** Without a kubeconfig in it. */
const home = mkdtempSync(path.join(tmpdir(), 'ecstate-home-'));
const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Resolves with the match once standard output has it. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]) => {
    children.delete(child);
    // The first argument of `close` is the exit code, or null after a signal.
    return { exitCode: exitCode as number | null, stdout, stderr };
  });
  return {
    child,
    output: () => ({ stdout, stderr }),
    ended,
    shows: async (pattern) => {
      for (;;) {
        const match = pattern.exec(stdout);
        if (match !== null) return match;
        const more = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
        if (!more) throw new Error(`it ended without ${String(pattern)}: ${stdout}${stderr}`);
      }
    },
  };
}

test('prints its version', async () => {
  expect(await start(['--version']).ended).toEqual({ exitCode: 0, stdout: 'ecstate 0.1.0\n', stderr: '' });
});

test('ends with 2 for a mistake, and says it on standard error', async () => {
  expect(await start(['tasks', '--nope']).ended).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: "error: unknown option '--nope' (USAGE_INVALID)\n",
  });
});

test('serve without a cluster says what to do', async () => {
  const { exitCode, stdout, stderr } = await start(['serve']).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^error: No Kubernetes cluster was named.*ecstate demo\. \(KUBECONFIG_MISSING\)\n$/);
});

test('replays a recording, and refuses what is none', async () => {
  const { exitCode, stdout, stderr } = await start(['replay', 'test/recordings/crash-never']).ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    tasks: [
      {
        lastStatus: 'STOPPED',
        stopCode: 'EssentialContainerExited',
        history: [{ to: 'PROVISIONING' }, { to: 'PENDING' }, { to: 'RUNNING' }, { to: 'STOPPED' }],
      },
    ],
    services: [],
  });
  const refused = await start(['replay', 'test/recordings/none']).ended;
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toMatch(/^error: .*test\/recordings\/none.*\(RECORDING_INVALID\)\n$/);
});

test('a pipe that is closed is no error', async () => {
  const running = start(['diagram', 'task']);
  running.child.stdout?.destroy();
  expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' });
});

test('the demo runs, can be asked as it says, and ends cleanly', async () => {
  const demo = start(['demo', '--listen', '127.0.0.1:0', '--speed', '10'], { ECSTATE_DATA_DIR: '/nowhere' });
  const [, url = ''] = await demo.shows(/ECS API is at (http:\/\/127\.0\.0\.1:\d+),[\s\S]*Ctrl-C/);
  const line = (pattern: RegExp): string => pattern.exec(demo.output().stdout)?.[1] ?? '';

  const why = line(/ ((?:why) \S+ --url \S+)/).split(' ');
  expect(await start(why).ended).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Task [0-9a-f-]{32,36} /),
  });

  const tasks = await start(['tasks', '--status', 'all', '-o', 'json'], { ECSTATE_URL: url }).ended;
  expect(tasks).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(tasks.stdout).tasks.length).toBeGreaterThan(0);

  const curl = spawn('sh', ['-c', line(/^ {2}(curl .*)$/m)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let answer = '';
  curl.stdout.on('data', (text: Buffer) => (answer += text.toString()));
  await once(curl, 'close');
  expect(JSON.parse(answer)).toEqual({ taskArns: expect.any(Array) });

  const watch = start(['watch', '-o', 'json'], { ECSTATE_URL: url });
  const [, transition = ''] = await watch.shows(/^(.+)\n/);
  expect(JSON.parse(transition)).toMatchObject({ taskArn: expect.stringContaining(':task/'), to: expect.any(String) });
  watch.child.kill('SIGINT');
  expect((await watch.ended).exitCode).toBe(130);

  const kubeconfig = line(/--kubeconfig (\S+)/);
  expect(existsSync(kubeconfig)).toBe(true);
  demo.child.kill('SIGINT');
  expect(await demo.ended).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringMatching(/The demo has ended\.\n$/),
  });
  expect(existsSync(path.dirname(kubeconfig))).toBe(false);
});

/**
 * Owns the proof that every command in the README works: each line of its shell blocks is run against the demo, or is one that CI itself runs; a
 * line that nobody runs fails here.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/src/cli/main.js');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
// The shape of our own package.json.
const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** Every line of the README's shell blocks. */
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block.split('\n').filter((line) => line !== ''),
);
/** The commands of its table of claims. */
const claims = [...readme.matchAll(/^\| .* \| `((?:npx vitest|npm run) [^`]+)`/gm)].map(([, command = '']) => command);

/** The address that the README's commands speak of. */
const ADDRESS = '127.0.0.1:5380';

const home = mkdtempSync(join(tmpdir(), 'ecstate-readme-'));
let demo: ChildProcess | undefined;
let url = '';

beforeAll(async () => {
  const started = spawn(process.execPath, [MAIN, 'demo', '--listen', '127.0.0.1:0', '--speed', '10'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  demo = started;
  url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const read = (text: string): void => {
      output += text;
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (match !== null) resolve(match[0]);
    };
    started.stdout.setEncoding('utf8').on('data', read);
    started.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    started.on('exit', (code) => reject(new Error(`the demo ended with ${code}: ${output}`)));
  });
});

afterAll(() => {
  demo?.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

/** Runs a line as a shell does, with the package's own command and the demo's address. */
async function run(line: string): Promise<string> {
  const shell = line.replace(/^npx ecstate/, `"${process.execPath}" "${MAIN}"`).replaceAll(`http://${ADDRESS}`, url);
  const { stdout } = await promisify(execFile)('sh', ['-c', shell], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: home, ECSTATE_URL: url },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** What is expected of each line; one that CI runs itself says so. */
const EXPECTED: Readonly<Record<string, RegExp | 'ci' | 'endless'>> = {
  'npm ci && npm start': 'ci',
  'npm ci && npm test': 'ci',
  'npx ecstate tasks': /TASK .*STATUS/,
  'npx ecstate services': /SERVICE .*STATUS/,
  'npx ecstate service checkout': /ecs-svc\/\d{19}/,
  'npx ecstate watch': 'endless',
  'npx ecstate why checkout': /checkout/,
  'npx ecstate wait service checkout --for stable --timeout 2m': /./,
  [`curl -s http://${ADDRESS}/readyz`]: /"ready":true/,
  [`curl -s http://${ADDRESS}/ -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters' -d '{}'`]:
    /"clusterArns":\["arn:aws:ecs:us-east-1:000000000000:cluster\/default"\]/,
  'npx ecstate serve --namespaces default-us-east-1 --data-dir /var/lib/ecstate': 'endless',
  'npx ecstate replay test/recordings/oom -o table':
    /STOPPED\s+the pod ended as Failed; main exited with 137 \(OOMKilled\)/,
  'npx ecstate replay test/recordings/deploy-rolling -o json': /"rolloutState": ?"COMPLETED"/,
  'npx ecstate diagram task -o mermaid': /^stateDiagram-v2/,
};

describe('the README', () => {
  test('has no command that nobody runs, and none is run that it does not have', () => {
    expect(commands.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  const runnable = Object.entries(EXPECTED).flatMap(([line, expected]) =>
    expected instanceof RegExp ? [[line, expected] as const] : [],
  );
  test.each(runnable)('%s', async (line, expected) => {
    expect(await run(line)).toMatch(expected);
  });

  test('npx ecstate watch', async () => {
    const child = spawn(process.execPath, [MAIN, 'watch', '--url', url], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: home },
    });
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', resolve);
      child.on('exit', (code) => reject(new Error(`watch ended with ${code}`)));
    });
    child.kill('SIGKILL');
    expect(line).toMatch(/PROVISIONING|PENDING|ACTIVATING|RUNNING|DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED/);
  });

  test('npx ecstate serve …, against the demo’s own cluster', async () => {
    const kubeconfig = join(home, 'none');
    const shell = `"${process.execPath}" "${MAIN}" serve --kubeconfig ${kubeconfig} --namespaces default-us-east-1 --data-dir "${home}/data"`;
    const failed = await promisify(execFile)('sh', ['-c', shell], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: home },
    }).catch((error: { readonly code: number; readonly stderr: string }) => error);
    // Its options are taken; there is no such kubeconfig, and it says so.
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining(kubeconfig) as string });
  });

  test('the two commands are what CI runs, and start is the demo', () => {
    expect(ci).toContain('npm ci');
    expect(ci).toContain('npm test');
    expect(scripts['start']).toBe('node dist/src/cli/main.js demo');
  });

  test.each(claims)('the command of a claim is one that can be run: %s', (command) => {
    const script = /^npm run ([\w:]+)/.exec(command)?.[1];
    if (script !== undefined) {
      expect(Object.keys(scripts)).toContain(script);
      expect(ci).toContain(`npm run --silent ${script}`);
    } else {
      const paths = command.replace(/^npx vitest run /, '').split(' ');
      expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    }
  });
});

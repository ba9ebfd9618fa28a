/** Owns the proof of credential plugins: when they run, what they are told, and what is said when they fail. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  EXEC_EXPIRY_MARGIN,
  EXEC_PLUGIN_TIMEOUT,
  ExecPlugin,
  type ExecConfig,
} from '../../src/kubernetes/exec-plugin.js';
import { ManualClock } from '../../src/system/clock.js';

/** Prints what the environment says, and notes each run with what it was told. */
const SCRIPT = `
const fs = require('node:fs');
const runs = process.argv[2];
fs.appendFileSync(runs, process.env.KUBERNETES_EXEC_INFO + '\\n');
const count = fs.readFileSync(runs, 'utf8').trim().split('\\n').length;
if (process.env.HANG) setInterval(() => {}, 1000);
else if (process.env.FAIL) { console.error(process.env.FAIL); process.exit(3); }
else console.log((process.env.PRINT ?? '{"status":{"token":"token-COUNT"}}').replace('COUNT', count));
`;

let directory: string;
let script: string;
let runs: string;
let clock: ManualClock;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'ecstate-exec-'));
  script = path.join(directory, 'plugin.cjs');
  writeFileSync(script, SCRIPT);
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  runs = path.join(directory, `runs-${Math.random()}`);
  clock = new ManualClock(1_000_000);
});

const config = (env: Readonly<Record<string, string>> = {}, more: Partial<ExecConfig> = {}): ExecConfig => ({
  command: process.execPath,
  args: [script, runs],
  env: Object.entries(env).map(([name, value]) => ({ name, value })),
  ...more,
});
const plugin = (env?: Readonly<Record<string, string>>, more?: Partial<ExecConfig>): ExecPlugin =>
  new ExecPlugin(config(env, more), clock);
const told = (): unknown[] =>
  readFileSync(runs, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('a credential plugin', () => {
  it('is run once for all who ask, and told what the protocol says', async () => {
    const aws = plugin({}, { apiVersion: 'client.authentication.k8s.io/v1beta1', cluster: { server: 'https://kube' } });
    const both = await Promise.all([aws.credential(), aws.credential()]);
    expect([...both, await aws.credential()]).toEqual([
      { token: 'token-1' },
      { token: 'token-1' },
      { token: 'token-1' },
    ]);
    expect(told()).toEqual([
      {
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        kind: 'ExecCredential',
        spec: { interactive: false, cluster: { server: 'https://kube' } },
      },
    ]);
  });

  it('is run again shortly before its credential expires', async () => {
    const expirationTimestamp = new Date(1_060_000).toISOString();
    const aws = plugin({ PRINT: JSON.stringify({ status: { token: 'token-COUNT', expirationTimestamp } }) });
    expect(await aws.credential()).toEqual({ token: 'token-1' });
    clock.moveTo(1_060_000 - EXEC_EXPIRY_MARGIN - 1);
    expect(await aws.credential()).toEqual({ token: 'token-1' });
    clock.advance(1);
    expect(await aws.credential()).toEqual({ token: 'token-2' });
  });

  it('is run again when its credential was refused, and not when an older one was', async () => {
    const aws = plugin();
    await aws.credential();
    aws.invalidate('Bearer token-1', undefined);
    expect(await aws.credential()).toEqual({ token: 'token-2' });
    aws.invalidate('Bearer token-1', undefined);
    expect(await aws.credential()).toEqual({ token: 'token-2' });
  });

  it('may give a certificate', async () => {
    const status = { clientCertificateData: 'CERT', clientKeyData: 'KEY' };
    const aws = plugin({ PRINT: JSON.stringify({ status }) });
    expect(await aws.credential()).toEqual({ certificate: 'CERT', key: 'KEY' });
    aws.invalidate(undefined, 'CERT');
    await aws.credential();
    expect(told()).toHaveLength(2);
  });

  it.each([
    [
      'fails',
      { FAIL: 'no session' },
      {},
      /^The credential plugin ".*" of the kubeconfig failed \(it ended with 3: no session\)/,
    ],
    [
      'is not there',
      {},
      { command: '/nowhere/aws', installHint: 'get it' },
      /"\/nowhere\/aws" .* \(there is no such program: get it\)/,
    ],
    ['prints no JSON', { PRINT: 'hello' }, {}, /printed something that is not JSON/],
    ['prints nothing of use', { PRINT: '{"status":{"clientCertificateData":"CERT"}}' }, {}, /printed no credential/],
    ['prints null', { PRINT: 'null' }, {}, /printed no credential/],
  ])('that %s is said by name', async (_, env, more, message) => {
    await expect(plugin(env, more).credential()).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'KUBERNETES_UNAUTHORIZED',
      message: expect.stringMatching(message),
    });
  });

  it('that failed is run again', async () => {
    const aws = plugin({ FAIL: 'no session' });
    await expect(aws.credential()).rejects.toThrow('no session');
    await expect(aws.credential()).rejects.toThrow('no session');
    expect(told()).toHaveLength(2);
  });

  it('that hangs is ended', async () => {
    const aws = plugin({ HANG: '1' });
    const credential = aws.credential();
    clock.advance(EXEC_PLUGIN_TIMEOUT);
    await expect(credential).rejects.toThrow('it had not ended after 60 s');
    expect(clock.pending).toBe(0);
  });

  it('is the same as another that is configured alike', () => {
    expect(plugin().sameAs(plugin())).toBe(true);
    expect(plugin().sameAs(plugin({ AWS_PROFILE: 'other' }))).toBe(false);
  });
});

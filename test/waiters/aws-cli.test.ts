/**
 * Scripts as people write them: the AWS CLI pointed at a sidecar over the embedded cluster. Its waiters look at once and then every 6 or 15
 * seconds, so only verdicts that stand are asked for; waiters.test.ts has the rest.
 */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRig } from './rig.js';
import type { WaiterRig } from './rig.js';

function awsVersion(): string | undefined {
  try {
    return execFileSync('aws', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  } catch {
    return undefined;
  }
}

const isInstalled = awsVersion() !== undefined;

describe.skipIf(!isInstalled)(`the AWS CLI${isInstalled ? '' : ' (skipped: it is not installed here)'}`, () => {
  let rig: WaiterRig;
  beforeAll(async () => {
    rig = await startRig('kecs');
  });
  afterAll(() => rig.stop());

  /** Runs a shell script in which `aws` speaks to the sidecar, and stops at the first command that fails. */
  async function script(lines: readonly string[]): Promise<{ readonly code: unknown; readonly stdout: string }> {
    const ecs = `ecs() { aws --endpoint-url '${rig.url}' --output text ecs "$@"; }`;
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
    };
    try {
      const { stdout } = await promisify(execFile)('sh', ['-ec', [ecs, ...lines].join('\n')], { env });
      return { code: 0, stdout };
    } catch (error) {
      const { code, stdout = '' } = Object(error) as { readonly code?: unknown; readonly stdout?: string };
      return { code, stdout };
    }
  }

  test('waits for a service, lists it, tells its rollout, and sees it go', async () => {
    await rig.create('web', { revision: 1, desiredCount: 2 });
    await rig.until('web', ({ context }) => context.rollouts.steady);
    const up = await script([
      'ecs wait services-stable --cluster default --services web',
      'ecs list-services --cluster default --query "serviceArns[]"',
      'ecs describe-services --cluster default --services web --query "services[0].[status,runningCount,deployments[0].rolloutState]"',
    ]);
    expect(up).toEqual({
      code: 0,
      stdout: 'arn:aws:ecs:us-east-1:000000000000:service/default/web\nACTIVE\t2\tCOMPLETED\n',
    });
    await rig.remove('web');
    await rig.until('web', ({ status }) => status === 'INACTIVE');
    const down = await script(['ecs wait services-inactive --cluster default --services web']);
    expect(down).toEqual({ code: 0, stdout: '' });
    // 255 is what the CLI ends with when a waiter gives up.
    expect(await script(['ecs wait services-stable --cluster default --services web'])).toEqual({
      code: 255,
      stdout: '',
    });
  });

  test('waits for a task that is over, and gives up on it as one that is to run', async () => {
    const id = await rig.run('b1', 'demo/job:1', { exitAfter: 2_000 });
    await rig.untilStopped(id);
    expect(
      await script([
        `ecs wait tasks-stopped --cluster default --tasks ${id}`,
        'echo over',
        `ecs wait tasks-running --cluster default --tasks ${id}`,
      ]),
    ).toEqual({ code: 255, stdout: 'over\n' });
  });
});

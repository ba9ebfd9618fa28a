/** The simulator with the real kubectl: the commands that people use, and what they see. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.js';
import { createSimulator } from '../../src/simulator/simulator.js';

/** The program: of the variable KUBECTL, or of the search path. */
function findKubectl(): string | undefined {
  const program = process.env['KUBECTL'] ?? 'kubectl';
  try {
    execFileSync(program, ['version', '--client'], { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

const kubectl = findKubectl();
const title = kubectl === undefined ? 'kubectl (skipped: there is none; set KUBECTL to its path)' : 'kubectl';

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: "nginx:1" }] }
`;

describe.skipIf(kubectl === undefined)(title, () => {
  let simulator: Simulator;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    simulator = createSimulator({ seed: 3, paceScale: 0.02 });
    await simulator.start();
    folder = mkdtempSync(join(tmpdir(), 'ecstate-kubectl-'));
    env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig'), KUBECACHEDIR: join(folder, 'cache'), HOME: folder };
    writeFileSync(join(folder, 'kubeconfig'), simulator.kubeconfig());
    writeFileSync(join(folder, 'web.yaml'), MANIFEST);
  });
  afterAll(async () => {
    await simulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs kubectl; the output without the space at its end. */
  async function run(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(kubectl ?? '', [...args], { env, timeout: 20_000 });
    return stdout.trimEnd();
  }

  it('applies, waits, changes, goes back and deletes', async () => {
    const file = join(folder, 'web.yaml');
    expect(await run('apply', '-f', file)).toBe('deployment.apps/web created');
    expect(await run('apply', '-f', file)).toBe('deployment.apps/web unchanged');
    expect(await run('rollout', 'status', 'deployment/web')).toMatch(/deployment "web" successfully rolled out$/);
    expect(await run('set', 'image', 'deployment/web', 'main=nginx:2')).toBe('deployment.apps/web image updated');
    expect(await run('rollout', 'status', 'deployment/web')).toMatch(/successfully rolled out$/);
    expect(await run('rollout', 'undo', 'deployment/web')).toBe('deployment.apps/web rolled back');
    expect(await run('rollout', 'status', 'deployment/web')).toMatch(/successfully rolled out$/);
    expect(await run('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'nginx:1',
    );
    expect(await run('rollout', 'history', 'deployment/web')).toMatch(
      /REVISION\s+CHANGE-CAUSE\n2\s+<none>\n3\s+<none>$/,
    );
    expect(await run('rollout', 'restart', 'deployment/web')).toBe('deployment.apps/web restarted');
    expect(await run('scale', 'deployment', 'web', '--replicas=3')).toBe('deployment.apps/web scaled');
    expect(await run('rollout', 'status', 'deployment/web')).toMatch(/successfully rolled out$/);
    expect(await run('annotate', 'deployment', 'web', 'team=a')).toMatch(/annotate/);
    expect(await run('wait', '--for=condition=Available', 'deployment/web', '--timeout=20s')).toBe(
      'deployment.apps/web condition met',
    );
    expect(await run('get', 'deployment', 'web')).toMatch(
      /^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+3\/3\s+3\s+3\s+\d+s$/,
    );
    expect(await run('delete', 'deployment', 'web')).toBe('deployment.apps "web" deleted');
    expect(await run('get', 'deployments,replicasets', '-o', 'name')).toBe('');
  });

  it('shows pods with their usual columns, and what happened to one', async () => {
    await run('run', 'task', '--image=busybox:exit3', '--restart=Never');
    // The watch of kubectl ends with the pod's end, which it waits for.
    await run('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/task', '--timeout=20s').catch(async () => {
      // kubectl before 1.23 cannot wait for a path.
      while ((await run('get', 'pod', 'task', '-o', 'jsonpath={.status.phase}')) !== 'Failed');
    });
    expect(await run('get', 'pod', 'task')).toMatch(
      /^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\ntask\s+0\/1\s+Error\s+0\s+\d+s$/,
    );
    const description = await run('describe', 'pod', 'task');
    expect(description).toMatch(/Reason:\s+Error\n\s+Exit Code:\s+3/);
    expect(description).toMatch(/Normal\s+Scheduled\s+.*Successfully assigned default\/task to sim-node-\d/);
    expect(description).toMatch(/Normal\s+Started\s+.*Started container task/);
    expect(await run('delete', 'pod', 'task')).toBe('pod "task" deleted');
  });

  it('watches', async () => {
    await run('run', 'first', '--image=busybox:1', '--restart=Never');
    const watching = execFile(kubectl ?? '', ['get', 'pods', '-w'], { env });
    let text = '';
    const until = (part: RegExp) =>
      new Promise<void>((resolve) => {
        watching.stdout?.on('data', () => {
          if (part.test(text)) resolve();
        });
      });
    watching.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    // The list has been read: whatever happens from now on is watched.
    await until(/first/);
    await run('run', 'short', '--image=busybox:exit0', '--restart=Never');
    await until(/Completed/);
    expect(text).toMatch(/short\s+0\/1\s+(Pending|ContainerCreating)[^]*short\s+0\/1\s+Completed/);
    watching.kill();
  });

  it('shows nodes, and drains one', async () => {
    await run('run', 'stays', '--image=busybox:1', '--restart=Never', '--overrides={"spec":{"nodeName":"sim-node-1"}}');
    await run('wait', '--for=condition=Ready', 'pod/stays', '--timeout=20s');
    expect(await run('get', 'nodes')).toMatch(/sim-node-1\s+Ready\s+<none>\s+\d+s\s+v1\.20\.2\nsim-node-2\s+Ready/);
    expect(await run('drain', 'sim-node-1', '--force', '--timeout=20s')).toMatch(/pod\/stays (evicted|deleted)/);
    expect(await run('get', 'nodes')).toMatch(/sim-node-1\s+Ready,SchedulingDisabled/);
    expect(await run('get', 'pods', '--field-selector', 'metadata.name=stays', '-o', 'name')).toBe('');
  });

  it('says no as a real cluster does', async () => {
    await expect(run('get', 'pod', 'nobody')).rejects.toThrow('Error from server (NotFound): pods "nobody" not found');
    await expect(run('get', 'cronjobs')).rejects.toThrow(`the server doesn't have a resource type "cronjobs"`);
  });
});

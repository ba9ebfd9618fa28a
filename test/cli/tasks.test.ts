/** `ecstate tasks` and `ecstate task`, against a sidecar with fixed answers. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  ecsTask,
  fakeSidecar,
  PULLING,
  RUNNING,
  STOPPED,
  type FakeSidecar,
  type FakeSidecarOptions,
} from './fake-sidecar.js';
import { ecstate, fakeIo } from './harness.js';

const open: FakeSidecar[] = [];
afterEach(async () => {
  for (const sidecar of open.splice(0)) await sidecar.stop();
});

async function sidecar(options?: FakeSidecarOptions): Promise<FakeSidecar> {
  const one = await fakeSidecar(options);
  open.push(one);
  return one;
}

describe('ecstate tasks', () => {
  test('lists the tasks that are wanted, in every cluster, with whole ids for a pipe', async () => {
    const { url, requests } = await sidecar();
    expect(await ecstate(`tasks --url ${url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'TASK                              GROUP         STATUS   HEALTH   AGE  WHY',
        'aaaa1111000000000000000000000000  service:shop  RUNNING  HEALTHY  10m',
        'bbbb2222000000000000000000000000  family:web    PENDING            3m  app: ImagePullBackOff: Back-off pulling image "registry.test/missing:1"',
        '',
      ].join('\n'),
    });
    expect(requests).toEqual([
      'GET /readyz',
      'ListClusters {}',
      'ListTasks {"cluster":"arn:aws:ecs:us-east-1:000000000000:cluster/batch","desiredStatus":"RUNNING"}',
      'ListTasks {"cluster":"arn:aws:ecs:us-east-1:000000000000:cluster/default","desiredStatus":"RUNNING"}',
      'DescribeTasks {"cluster":"arn:aws:ecs:us-east-1:000000000000:cluster/default","tasks":["arn:aws:ecs:us-east-1:000000000000:task/default/aaaa1111000000000000000000000000","arn:aws:ecs:us-east-1:000000000000:task/default/bbbb2222000000000000000000000000"],"include":["TAGS"]}',
    ]);
  });

  test('fits a terminal: short ids, a column for the cluster where there are several, and what is too long is cut', async () => {
    const { url } = await sidecar();
    expect(await ecstate(`tasks --status all --url ${url}`, fakeIo({ columns: 80 }))).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'TASK          CLUSTER  GROUP         STATUS   HEALTH   AGE  WHY',
        'aaaa33330000  batch    family:job    STOPPED            9m  Essential container…',
        'aaaa11110000  default  service:shop  RUNNING  HEALTHY  10m',
        'bbbb22220000  default  family:web    PENDING            3m  app: ImagePullBackO…',
        '',
      ].join('\n'),
    });
  });

  test('colours a terminal, and not where NO_COLOR asks for none', async () => {
    const { url } = await sidecar({ tasks: [RUNNING] });
    const coloured = await ecstate(`tasks --url ${url}`, fakeIo({ columns: 100, env: { NO_COLOR: '' } }));
    expect(coloured.stdout).toContain('\u001B[32mRUNNING\u001B[0m');
    const plain = await ecstate(`tasks --url ${url}`, fakeIo({ columns: 100 }));
    expect(plain.stdout).not.toContain('\u001B');
  });

  test('narrows by cluster, service, family and status, in any case of the letters', async () => {
    const { url, requests } = await sidecar();
    const { exitCode } = await ecstate(
      `tasks --cluster default --service shop --family web --status stopped --url ${url}`,
    );
    expect(exitCode).toBe(0);
    expect(requests.slice(1)).toEqual([
      'ListTasks {"cluster":"default","desiredStatus":"STOPPED","serviceName":"shop","family":"web"}',
    ]);
  });

  test('says on standard error that there are none', async () => {
    const { url } = await sidecar({ tasks: [STOPPED] });
    expect(await ecstate(`tasks --url ${url}`)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'No such tasks. With --status all, stopped ones are listed too.\n',
    });
  });

  test('gives the JSON of DescribeTasks as it came', async () => {
    const { url } = await sidecar();
    const { exitCode, stdout } = await ecstate(`tasks --status all -o json --url ${url}`);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ tasks: [STOPPED.task, RUNNING.task, PULLING.task], failures: [] });
  });

  test('reads every page, and describes a hundred at a time', async () => {
    const tasks = Array.from({ length: 250 }, (_, index) => ({
      task: ecsTask('default', index.toString(16).padStart(8, '0')),
      history: [],
    }));
    const { url, requests } = await sidecar({ tasks });
    const { stdout } = await ecstate(`tasks -o json --url ${url}`);
    expect(JSON.parse(stdout)).toEqual({ tasks: tasks.map(({ task }) => task), failures: [] });
    expect(requests.map((line) => line.split(' ')[0])).toEqual([
      'GET',
      'ListClusters',
      ...Array(3).fill('ListTasks'),
      ...Array(3).fill('DescribeTasks'),
    ]);
  });

  test('warns that a sidecar which is not ready may not know all', async () => {
    const { url } = await sidecar({ unready: 'not yet synced: pods' });
    const { stderr, exitCode } = await ecstate(`tasks --url ${url}`);
    expect({ stderr, exitCode }).toEqual({
      exitCode: 0,
      stderr: 'note: the sidecar is not ready yet, and may not know all: not yet synced: pods\n',
    });
  });

  test('shows text of the cluster without what would move the cursor', async () => {
    const nasty = ecsTask('default', 'cccc', {
      containers: [{ name: 'app', lastStatus: 'PENDING', reason: 'a\u001B[2J\nb\u202Ec' }],
    });
    const { url } = await sidecar({ tasks: [{ task: nasty, history: [] }] });
    const { stdout } = await ecstate(`tasks --url ${url}`);
    expect(stdout.split('\n')[1]).toMatch(/ {2}app: a \[2J b c$/);
  });
});

describe('ecstate task', () => {
  test('shows every field, and the containers', async () => {
    const { url } = await sidecar();
    expect(await ecstate(`task aaaa3 --url ${url}`)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'task            aaaa3333000000000000000000000000',
        'cluster         batch',
        'group           family:job',
        'definition      job:7',
        'launch type     FARGATE',
        'last status     STOPPED',
        'desired status  STOPPED',
        'health          UNKNOWN',
        'stop code       EssentialContainerExited',
        'stopped reason  Essential container in task exited',
        'created         2026-01-01 00:01:00Z',
        'started         2026-01-01 00:01:01Z',
        'ended           2026-01-01 00:06:48Z',
        'stopped         2026-01-01 00:06:48Z',
        'version         5',
        'pod             batch-us-east-1/pod-aaaa3333',
        '',
        'CONTAINER  STATUS   EXIT  IMAGE         REASON',
        'main       STOPPED   137  busybox:1.35  OOMKilled',
        'log        STOPPED     0  busybox:1.35  Completed',
        '',
      ].join('\n'),
    });
  });

  test.each([
    ['the beginning of an id', 'bbbb'],
    ['in capitals', 'BBBB2'],
    ['the whole id', 'bbbb2222000000000000000000000000'],
    ['the ARN', 'arn:aws:ecs:us-east-1:000000000000:task/default/bbbb2222000000000000000000000000'],
  ])('takes %s, and gives the Task of DescribeTasks as JSON', async (_, id) => {
    const { url } = await sidecar();
    const { exitCode, stdout } = await ecstate(['task', id, '-o', 'json', '--url', url]);
    expect({ exitCode, task: JSON.parse(stdout) }).toEqual({ exitCode: 0, task: PULLING.task });
  });

  test('refuses the beginning of several ids, and names them', async () => {
    const { url } = await sidecar();
    expect(await ecstate(`task aaaa --url ${url}`)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'error: The ids of 2 tasks begin with "aaaa": aaaa3333000000000000000000000000 (cluster batch), ' +
        'aaaa1111000000000000000000000000 (cluster default). Give more digits, an ARN, or --cluster. (USAGE_INVALID)\n',
    });
    expect(await ecstate(`task aaaa --cluster batch -o json --url ${url}`)).toMatchObject({ exitCode: 0 });
  });

  test('says that there is none', async () => {
    const { url } = await sidecar();
    expect(await ecstate(`task dddd --url ${url}`)).toEqual({
      exitCode: 3,
      stdout: '',
      stderr:
        'error: No task\'s id begins with "dddd" in the 2 clusters that are known. "ecstate tasks --status all" lists those that can be named. (NOT_FOUND)\n',
    });
  });

  test('says that a whole ARN names none', async () => {
    const { url } = await sidecar();
    const arn = 'arn:aws:ecs:us-east-1:000000000000:task/default/dddd';
    expect(await ecstate(['task', arn, '-o', 'json', '--url', url])).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: `${JSON.stringify({
        error: {
          code: 'NOT_FOUND',
          message: `No task ${arn} is described any more. "ecstate why" may still know its history.`,
          exitCode: 3,
        },
      })}\n`,
    });
  });
});

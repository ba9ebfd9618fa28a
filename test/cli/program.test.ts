/** Help, versions, mistakes on the command line, and how errors are told. */
import { afterEach, describe, expect, test } from 'vitest';
import { REQUEST_TIMEOUT } from '../../src/cli/client/sidecar-client.js';
import { EXIT_CODES, exitCodeOf } from '../../src/cli/exit-codes.js';
import { ConfigurationError, FatalError, RetryableError } from '../../src/errors.js';
import { fakeSidecar, type FakeSidecar } from './fake-sidecar.js';
import { ecstate, fakeDependencies, fakeIo } from './harness.js';

const open: FakeSidecar[] = [];
afterEach(async () => {
  for (const sidecar of open.splice(0)) await sidecar.stop();
});

const COMMANDS = ['demo', 'serve', 'tasks', 'task', 'watch', 'why', 'replay', 'diagram', 'version'];

describe('help', () => {
  test('of the program lists the commands and the exit codes', async () => {
    const asked = await ecstate('--help', fakeIo({ columns: 100 }));
    expect(asked).toEqual({ exitCode: 0, stderr: '', stdout: HELP });
    expect(await ecstate('', fakeIo({ columns: 100 }))).toEqual(asked);
    expect(await ecstate('help', fakeIo({ columns: 100 }))).toEqual(asked);
  });

  test.each(COMMANDS)('of %s says what it does, and gives examples that can be copied', async (command) => {
    const { exitCode, stdout, stderr } = await ecstate(`${command} --help`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: ecstate ${command}[ \\n]`));
    expect(stdout).toMatch(/\nExamples:\n( {2}ecstate .+ {2}# .+\n)+$/);
    expect(await ecstate(`help ${command}`)).toEqual({ exitCode, stdout, stderr });
  });

  test('tells of each option its default and its variable', async () => {
    const { stdout } = await ecstate('serve --help', fakeIo({ columns: 120 }));
    expect(stdout).toContain(
      '  --retention <duration>          how long a stopped task can be described (default: 1h; env: ECSTATE_RETENTION)\n',
    );
    const demo = await ecstate('demo --help', fakeIo({ columns: 200 }));
    expect(demo.stdout).toContain('(default: a temporary one, removed at the end)\n');
    expect(demo.stdout).toContain('(default: warn; env: ECSTATE_LOG_LEVEL)\n');
    expect(demo.stdout).not.toContain('ECSTATE_DATA_DIR');
  });
});

describe('version', () => {
  test.each(['--version', '-V'])('%s', async (flag) => {
    expect(await ecstate(flag)).toEqual({ exitCode: 0, stdout: 'ecstate 1.2.3\n', stderr: '' });
  });

  test('as a command tells of Node.js too', async () => {
    expect(await ecstate('version')).toEqual({
      exitCode: 0,
      stdout: `ecstate 1.2.3 (Node.js ${process.version}, ${process.platform} ${process.arch})\n`,
      stderr: '',
    });
  });
});

describe('a mistake on the command line', () => {
  test.each([
    ['taks', "unknown command 'taks' (Did you mean one of task, tasks?)"],
    ['tasks --clster x', "unknown option '--clster' (Did you mean --cluster?)"],
    ['task', "missing required argument 'id'"],
    ['tasks extra', "too many arguments for 'tasks'. Expected 0 arguments but got 1."],
    ['tasks -o yaml', "option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are table, json."],
    [
      'tasks --status DONE',
      "option '--status <desired>' argument 'DONE' is invalid. Allowed choices are RUNNING, STOPPED, all.",
    ],
  ])('%s', async (line, message) => {
    expect(await ecstate(line)).toEqual({ exitCode: 2, stdout: '', stderr: `error: ${message} (USAGE_INVALID)\n` });
  });

  test('is JSON where JSON was asked for', async () => {
    for (const line of ['task -o json', 'task -ojson', 'task --output json', 'task --output=json']) {
      expect(await ecstate(line)).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: '{"error":{"code":"USAGE_INVALID","message":"missing required argument \'id\'","exitCode":2}}\n',
      });
    }
  });
});

describe('an address', () => {
  test('where nothing listens: what to do', async () => {
    const sidecar = await fakeSidecar();
    await sidecar.stop();
    expect(await ecstate(`tasks --url ${sidecar.url}`)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        `error: No sidecar answers at ${sidecar.url} (connection refused). Start one with "ecstate serve" for a real cluster or ` +
        '"ecstate demo" without any, or say where it listens with --url or ECSTATE_URL. (SIDECAR_UNREACHABLE)\n',
    });
  });

  test('where nobody answers what was asked', async () => {
    const sidecar = await fakeSidecar({ answer: () => {} });
    open.push(sidecar);
    const io = fakeIo();
    const ended = ecstate(`tasks --url ${sidecar.url}`, io);
    await expect.poll(() => sidecar.requests).toEqual(['GET /readyz']);
    io.clock.advance(REQUEST_TIMEOUT);
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining(`at ${sidecar.url} (no answer within 30 s). `),
    });
  });

  test('where something else listens', async () => {
    const sidecar = await fakeSidecar({ answer: (_, response) => response.writeHead(404).end('<html>') });
    open.push(sidecar);
    expect(await ecstate('tasks', fakeIo({ env: { ECSTATE_URL: sidecar.url } }))).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        `error: What answers at ${sidecar.url} is no ecstate sidecar (HTTP 404). Say where yours listens with --url or ECSTATE_URL. ` +
        '(SIDECAR_UNREACHABLE)\n',
    });
  });

  test.each([
    [400, 'com.amazonaws.ecs#ClusterNotFoundException', 'Cluster not found.', 3, 'Cluster not found. (NOT_FOUND)'],
    [400, 'InvalidParameterException', 'Cluster must match', 2, 'Cluster must match (USAGE_INVALID)'],
    [
      500,
      'ServerException',
      'Its log says why.',
      1,
      'The sidecar at URL answered with ServerException: Its log says why. (SIDECAR_REFUSED)',
    ],
  ])('that answers with %d %s', async (status, type, message, exitCode, words) => {
    const sidecar = await fakeSidecar({
      answer: (_, response) => response.writeHead(status).end(JSON.stringify({ __type: type, message })),
    });
    open.push(sidecar);
    expect(await ecstate(`tasks --cluster a --url ${sidecar.url}`)).toEqual({
      exitCode,
      stdout: '',
      stderr: `error: ${words.replace('URL', sidecar.url)}\n`,
    });
  });
});

describe('an error that nobody foresaw', () => {
  const dependencies = fakeDependencies({ connect: () => Promise.reject(new TypeError('x is not a function')) });

  test('is told without its stack', async () => {
    expect(await ecstate('serve', fakeIo(), dependencies)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'error: x is not a function. This is a fault of ecstate; --log-level debug shows where it happened. (UNEXPECTED)\n',
    });
  });

  test.each([
    ['--log-level debug', {}],
    ['--log-level=debug', {}],
    ['', { ECSTATE_LOG_LEVEL: 'debug' }],
  ])('shows its stack with %j and %j', async (flag, env) => {
    const { stderr } = await ecstate(`serve ${flag}`, fakeIo({ env }), dependencies);
    expect(stderr).toMatch(/UNEXPECTED.*\nTypeError: x is not a function\n {4}at /);
  });
});

test('errors are red on a terminal', async () => {
  const { stderr } = await ecstate('taks', fakeIo({ columns: 80, env: { NO_COLOR: '' } }));
  expect(stderr.startsWith('\u001B[31merror:\u001B[0m unknown command')).toBe(true);
});

describe('exit codes', () => {
  test('are these, whatever else changes', () => {
    expect(Object.entries(EXIT_CODES).map(([name, { code }]) => [name, code])).toEqual([
      ['ok', 0],
      ['failed', 1],
      ['usage', 2],
      ['notFound', 3],
      ['timeout', 4],
      ['interrupted', 130],
    ]);
  });

  test.each([
    [new RetryableError('KUBERNETES_UNAVAILABLE', ''), 1],
    [new FatalError('STORE_CORRUPT', ''), 1],
    [new ConfigurationError('KUBECONFIG_MISSING', ''), 2],
    [new ConfigurationError('RECORDING_INVALID', ''), 2],
    [new FatalError('NOT_FOUND', ''), 3],
    [new FatalError('WAIT_HOPELESS', ''), 1],
    [new RetryableError('WAIT_TIMEOUT', ''), 4],
    [new Error('a fault'), 1],
    ['thrown text', 1],
  ])('%s', (error, code) => expect(exitCodeOf(error)).toBe(code));
});

const HELP = `Usage: ecstate [options] [command]

The state sidecar for KECS: every Amazon ECS task and service on Kubernetes as a state machine,
served as the ECS API.

Options:
  -V, --version                    print the version
  -h, --help                       print help

Run a sidecar:
  demo [options]                   run one on an embedded cluster whose tasks come and go
  serve [options]                  run one on a Kubernetes cluster

Ask a running one:
  tasks [options]                  list tasks
  task [options] <id>              show one task
  services [options]               list services
  service [options] <name>         show one service
  watch [options]                  follow transitions as they happen
  wait [options] <what> <id>       wait until a task or a service is what it is to be
  why [options] <task or service>  explain what a task or a service is, and how it got there

Without one:
  replay [options] <directory...>  print what ECS would have shown of a recording
  diagram [options] <machine>      print a statechart
  version                          print the version, and what it runs on
  help [command]                   print the help of a command

Exit codes:
    0  It was done.
    1  It could not be done: the sidecar or the cluster cannot be reached, or failed; or what was waited for can no longer happen.
    2  The command line, the configuration, the kubeconfig or a recording cannot be used.
    3  No such task, cluster or service is known.
    4  What was waited for did not happen in time.
  130  It was interrupted (Ctrl-C) before its end.

Examples:
  ecstate demo        # see it work, without a cluster
  ecstate why 3f2a91  # why is this task not RUNNING?
  ecstate why web     # what does the rollout of this service wait for?
  ecstate help serve  # every option of a command
`;

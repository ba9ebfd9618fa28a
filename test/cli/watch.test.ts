/** `ecstate watch`: live lines, over lost connections. */
import { afterEach, describe, expect, test } from 'vitest';
import { RECONNECT, SILENCE_LIMIT } from '../../src/cli/client/transitions.js';
import { fakeSidecar, RUNNING, T0, type FakeSidecar } from './fake-sidecar.js';
import { ecstate, fakeIo } from './harness.js';

const open: FakeSidecar[] = [];
afterEach(async () => {
  for (const sidecar of open.splice(0)) await sidecar.stop();
});

async function started() {
  const sidecar = await fakeSidecar();
  open.push(sidecar);
  return sidecar;
}

/** The block of a transition, as the sidecar sends it. */
function block(sequence: number, from: string | null, to: string, cause: string): string {
  const data = {
    sequence,
    taskArn: RUNNING.task['taskArn'],
    from,
    to,
    at: T0 + sequence / 1000,
    cause,
    version: sequence,
  };
  return `id: ${sequence}\nevent: transition\ndata: ${JSON.stringify(data)}\n\n`;
}

describe('ecstate watch', () => {
  test('writes a line a transition, until Ctrl-C', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send(block(7, null, 'PROVISIONING', 'pod web was created'));
    sidecar.send(': heartbeat\n\n');
    sidecar.send(block(8, 'PROVISIONING', 'RUNNING', 'all 2 containers\nare ready'));
    await io.stdout.shows('ready');
    expect(io.signal('SIGINT')).toBe(true);
    expect(await ended).toEqual({
      exitCode: 130,
      stderr: `following ${sidecar.url}; Ctrl-C ends\n`,
      stdout: [
        '00:00:00.007  default/aaaa11110000             new → PROVISIONING    pod web was created',
        '00:00:00.008  default/aaaa11110000    PROVISIONING → RUNNING         all 2 containers are ready',
        '',
      ].join('\n'),
    });
    expect(io.signal('SIGINT')).toBe(false);
  });

  test('cuts lines to the terminal', async () => {
    const sidecar = await started();
    const io = fakeIo({ columns: 80 });
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send(block(1, 'PENDING', 'RUNNING', 'its container is ready'));
    await io.stdout.shows('\n');
    io.signal('SIGTERM');
    expect((await ended).stdout).toBe(
      '00:00:00.001  default/aaaa11110000         PENDING → RUNNING         its contai…\n',
    );
  });

  test('gives each transition as a JSON line, as it came', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch -o json --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send(block(1, null, 'PENDING', 'c'));
    await io.stdout.shows('\n');
    io.signal('SIGINT');
    expect(JSON.parse((await ended).stdout)).toEqual({
      sequence: 1,
      taskArn: RUNNING.task['taskArn'],
      from: null,
      to: 'PENDING',
      at: T0 + 0.001,
      cause: 'c',
      version: 1,
    });
  });

  test('asks for one cluster, and for one task by its whole ARN', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --cluster default --task aaaa --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    io.signal('SIGINT');
    await ended;
    expect(sidecar.requests.at(-1)).toBe(
      'GET /api/transitions?cluster=default&task=arn%3Aaws%3Aecs%3Aus-east-1%3A000000000000%3Atask%2Fdefault%2Faaaa1111000000000000000000000000',
    );
  });

  test('says that the connection is lost, and goes on after the last transition when the sidecar is back', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send(block(7, null, 'PENDING', 'one'));
    await io.stdout.shows('one');
    await sidecar.stop();
    await io.stderr.shows('trying again in 500ms');
    io.clock.advance(RECONNECT.first);
    await io.stderr.shows('trying again in 1.0s');
    await sidecar.listen();
    io.clock.advance(2 * RECONNECT.first);
    await io.stderr.shows('connected again');
    expect(sidecar.streamHeaders()['last-event-id']).toBe('7');
    sidecar.send(`event: gap\ndata: {"after":7}\n\n${block(10, 'PENDING', 'RUNNING', 'two')}`);
    await io.stdout.shows('two');
    io.signal('SIGINT');
    expect(await ended).toMatchObject({
      exitCode: 130,
      stderr: [
        `following ${sidecar.url}; Ctrl-C ends`,
        'connection lost: the connection broke; trying again in 500ms',
        'connection lost: no sidecar answers; trying again in 1.0s',
        'connected again',
        'transitions may have been missed; "ecstate why TASK" has those of a task',
        '',
      ].join('\n'),
    });
  });

  test('gives up a connection on which nothing is heard', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send(block(1, null, 'PENDING', 'one'));
    await io.stdout.shows('one');
    io.clock.advance(SILENCE_LIMIT);
    await io.stderr.shows('connection lost: nothing was heard for 45 s; trying again in 500ms');
    io.clock.advance(RECONNECT.first);
    await io.stderr.shows('connected again');
    io.signal('SIGINT');
    expect((await ended).exitCode).toBe(130);
  });

  test('can be ended while the sidecar has not answered yet, and gives up one that never does', async () => {
    const sidecar = await fakeSidecar({
      answer: (request, response) => {
        if (request.url === '/readyz') response.end('{"ready":true}');
      },
    });
    open.push(sidecar);
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await expect.poll(() => sidecar.requests).toHaveLength(2);
    io.signal('SIGINT');
    expect(await ended).toEqual({ exitCode: 130, stdout: '', stderr: '' });

    const patient = fakeIo();
    const given = ecstate(`watch --url ${sidecar.url}`, patient);
    await expect.poll(() => sidecar.requests).toHaveLength(4);
    patient.clock.advance(SILENCE_LIMIT);
    expect(await given).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('(nothing was heard for 45 s)'),
    });
  });

  test('says when it reads too slowly', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    sidecar.send('event: lagging\ndata: {}\n\n');
    // The sidecar ends the stream after that.
    sidecar.end();
    await io.stderr.shows('connection lost: this reader was too slow');
    io.signal('SIGINT');
    await ended;
  });

  test('ends quietly when nobody reads its output any more', async () => {
    const sidecar = await started();
    const io = fakeIo();
    const ended = ecstate(`watch --url ${sidecar.url}`, io);
    await io.stderr.shows('following');
    io.closeOutput();
    expect((await ended).exitCode).toBe(0);
  });

  test('fails at once where no sidecar answers', async () => {
    const sidecar = await fakeSidecar();
    await sidecar.stop();
    expect(await ecstate(`watch --url ${sidecar.url}`)).toMatchObject({ exitCode: 1, stdout: '' });
  });
});

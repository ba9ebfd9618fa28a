/** What a log line looks like, and that no credential ever reaches one. */
import fs from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { createLogger, LOG_LEVELS, REDACTED } from '../../src/telemetry/logger.js';
import type { LogLevel } from '../../src/telemetry/logger.js';

function recorded(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  const parsed = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, parsed };
}

describe('createLogger', () => {
  test('writes one JSON object a line: level, time, fields, message', () => {
    const { logger, lines, parsed } = recorded();
    logger.info({ kind: 'pods', objects: 3 }, 'listed');
    expect(lines[0]?.endsWith('\n')).toBe(true);
    const [line] = parsed();
    expect(line).toEqual({ level: 'info', time: expect.any(String), kind: 'pods', objects: 3, msg: 'listed' });
    expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time']);
  });

  test('writes what is at or above its level, and nothing when silent', () => {
    const say = (level: LogLevel): unknown[] => {
      const { logger, parsed } = recorded(level);
      logger.debug({}, 'a');
      logger.info({}, 'b');
      logger.warn({}, 'c');
      logger.error({}, 'd');
      return parsed().map((line) => line['msg']);
    };
    expect(LOG_LEVELS.map((level) => [level, say(level)])).toEqual([
      ['debug', ['a', 'b', 'c', 'd']],
      ['info', ['b', 'c', 'd']],
      ['warn', ['c', 'd']],
      ['error', ['d']],
      ['silent', []],
    ]);
  });

  test('replaces whatever is named like a credential, at any depth', () => {
    const { logger, lines, parsed } = recorded();
    logger.warn(
      {
        headers: { Authorization: 'Bearer s3cret', accept: 'application/json' },
        users: [{ name: 'me', token: 's3cret', 'client-key-data': 's3cret', password: 's3cret' }],
        AWS_SECRET_ACCESS_KEY: 's3cret',
        err: Object.assign(new Error('refused'), { request: { headers: { cookie: 's3cret' } } }),
      },
      'refused',
    );
    expect(lines.join('')).not.toContain('s3cret');
    expect(parsed()[0]).toMatchObject({
      headers: { Authorization: REDACTED, accept: 'application/json' },
      users: [{ name: 'me', token: REDACTED, 'client-key-data': REDACTED, password: REDACTED }],
      AWS_SECRET_ACCESS_KEY: REDACTED,
      err: { type: 'Error', message: 'refused', request: { headers: { cookie: REDACTED } } },
    });
  });

  test('writes errors with their code and stack, dates as text, and ends at a cycle', () => {
    const { logger, parsed } = recorded();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    logger.error({ err: new ConfigurationError('LISTEN_FAILED', 'taken'), at: new Date(0), cycle }, 'stopped');
    expect(parsed()[0]).toMatchObject({
      err: {
        type: 'ConfigurationError',
        code: 'LISTEN_FAILED',
        message: 'taken',
        stack: expect.stringContaining('logger.test'),
      },
      at: '1970-01-01T00:00:00.000Z',
      msg: 'stopped',
    });
  });

  test('writes to standard error, at once, where no destination is given', () => {
    const writes: unknown[] = [];
    const spy = vi.spyOn(fs, 'writeSync').mockImplementation((fd: number, line: unknown) => {
      writes.push([fd, JSON.parse(String(line))]);
      return Buffer.byteLength(String(line));
    });
    createLogger({ level: 'info' }).info({ a: 1 }, 'hello');
    spy.mockRestore();
    expect(writes).toEqual([[2, { level: 'info', time: expect.any(String), a: 1, msg: 'hello' }]]);
  });
});

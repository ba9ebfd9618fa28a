/** Which texts are values of which form, and what they come to. */
import { describe, expect, test } from 'vitest';
import {
  MAX_DURATION,
  accountNumber,
  duration,
  listenAddress,
  namespaceNames,
  oneOf,
  regionName,
  seedNumber,
  serverUrl,
  speedFactor,
  type ValueForm,
} from '../../src/config/values.js';

function table(
  form: ValueForm<unknown>,
  taken: readonly (readonly [string, unknown])[],
  refused: readonly string[],
): void {
  test.each(taken)('takes %j', (text, value) => expect(form.parse(text)).toEqual(value));
  test.each(refused)('refuses %j', (text) => expect(form.parse(text)).toBeUndefined());
}

describe('an address to listen on', () => {
  table(
    listenAddress,
    [
      ['127.0.0.1:5380', { host: '127.0.0.1', port: 5380 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
      ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
      ['[::1]:5380', { host: '::1', port: 5380 }],
      ['[::ffff:127.0.0.1]:80', { host: '::ffff:127.0.0.1', port: 80 }],
    ],
    [
      '',
      '5380',
      ':5380',
      'localhost',
      'localhost:',
      'localhost:65536',
      'localhost:http',
      '::1:5380',
      '[localhost]:1',
      'a b:1',
      'http://a:1',
    ],
  );
});

describe('a duration', () => {
  table(
    duration,
    [
      ['1s', 1_000],
      ['90s', 90_000],
      ['15m', 900_000],
      ['1h', 3_600_000],
      ['7d', 604_800_000],
      ['3650d', MAX_DURATION],
    ],
    ['', '0s', '0d', '1', 's', '-1h', '1.5h', '1h30m', '1 h', '1H', '1w', '3651d', '9999999999s'],
  );
});

describe('one of several words', () => {
  table(
    oneOf(['kecs', 'aws']),
    [
      ['kecs', 'kecs'],
      ['aws', 'aws'],
    ],
    ['', 'KECS', 'ecs', 'kecs,aws'],
  );
});

describe('names of namespaces', () => {
  table(
    namespaceNames,
    [
      ['default-us-east-1', ['default-us-east-1']],
      ['a,b', ['a', 'b']],
      ['a, b,a', ['a', 'b']],
      ['a'.repeat(63), ['a'.repeat(63)]],
    ],
    ['', ',', 'a,', 'A', 'a_b', '-a', 'a-', 'a'.repeat(64)],
  );
});

describe('a region', () => {
  table(
    regionName,
    [
      ['us-east-1', 'us-east-1'],
      ['us-gov-west-1', 'us-gov-west-1'],
      ['local', 'local'],
    ],
    ['', 'US-EAST-1', 'us east', 'us-', 'a:b'],
  );
});

describe('an account', () => {
  table(
    accountNumber,
    [
      ['000000000000', '000000000000'],
      ['123456789012', '123456789012'],
    ],
    ['', '12345678901', '1234567890123', '12345678901x'],
  );
});

describe("a server's address", () => {
  table(
    serverUrl,
    [
      ['http://127.0.0.1:5380', 'http://127.0.0.1:5380'],
      ['http://127.0.0.1:5380/', 'http://127.0.0.1:5380'],
      ['https://ecs.example.test/ecstate//', 'https://ecs.example.test/ecstate'],
      ['http://[::1]:5380', 'http://[::1]:5380'],
    ],
    ['', '127.0.0.1:5380', 'localhost:5380', 'ftp://a', 'http://', 'http://a/?b=c', 'http://a/#b'],
  );
});

describe('a seed', () => {
  table(
    seedNumber,
    [
      ['0', 0],
      ['4294967295', 4_294_967_295],
    ],
    ['', '-1', '1.5', '4294967296', 'x'],
  );
});

describe('a speed', () => {
  table(
    speedFactor,
    [
      ['1', 1],
      ['0.1', 0.1],
      ['1000', 1000],
    ],
    ['', '0', '0.05', '1001', '-1', '1e2', 'fast'],
  );
});

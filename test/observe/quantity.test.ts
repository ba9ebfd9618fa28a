/**
 * Kubernetes quantities and their ECS forms.
 */
import { describe, expect, it } from 'vitest';
import { cpuUnits, memoryMib, parseQuantity } from '../../src/observe/quantity.js';

describe('a quantity', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['-1', -1],
    ['+2', 2],
    ['100n', 1e-7],
    ['100u', 1e-4],
    ['250m', 0.25],
    ['2k', 2_000],
    ['3M', 3_000_000],
    ['1G', 1e9],
    ['1T', 1e12],
    ['1P', 1e15],
    ['1E', 1e18],
    ['1Ki', 1024],
    ['512Mi', 512 * 2 ** 20],
    ['2Gi', 2 ** 31],
    ['1Ti', 2 ** 40],
    ['1Pi', 2 ** 50],
    ['1Ei', 2 ** 60],
    ['1e3', 1000],
    ['1E3', 1000],
    ['12e-1', 1.2],
    [7, 7],
  ])('%j is %d', (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 12);
  });

  it.each([
    '',
    ' ',
    'Mi',
    '1 Mi',
    '1mi',
    '1K',
    '1KI',
    '1e',
    '1.2.3',
    '--1',
    '0x10',
    'Infinity',
    'NaN',
    '1e999',
    'constructor',
    null,
    undefined,
    true,
    {},
    [],
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('%j is none', (value) => {
    expect(parseQuantity(value)).toBeUndefined();
    expect(cpuUnits(value)).toBeUndefined();
    expect(memoryMib(value)).toBeUndefined();
  });
});

describe('in ECS', () => {
  it.each([
    ['250m', '256'],
    ['1', '1024'],
    ['0.5', '512'],
    [2, '2048'],
    ['100m', '102'],
    ['0', '0'],
  ])('a CPU of %j is %s units', (cpu, units) => expect(cpuUnits(cpu)).toBe(units));

  it.each([
    ['512Mi', '512'],
    ['1Gi', '1024'],
    ['1G', '954'],
    ['536870912', '512'],
    ['1', '1'],
    ['1.1Gi', '1127'],
    ['0', '0'],
  ])('a memory of %j is %s MiB, rounded up', (memory, mib) => expect(memoryMib(memory)).toBe(mib));
});

/** How times, ids and foreign text are written, and how tables are laid out. */
import { describe, expect, test } from 'vitest';
import { formatAge, formatDuration, printable, truncate, wrap } from '../../src/cli/text/format.js';
import { painterFor } from '../../src/cli/text/style.js';
import { renderTable } from '../../src/cli/text/table.js';
import { fakeIo } from './harness.js';

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each([
  [-5, '0s'],
  [999, '0s'],
  [42 * S, '42s'],
  [3 * M + 12 * S, '3m12s'],
  [5 * M, '5m'],
  [H + 59 * S, '1h'],
  [5 * H + 7 * M, '5h7m'],
  [2 * D + 23 * H + 59 * M, '2d23h'],
  [400 * D, '400d'],
])('an age of %d ms is %s', (milliseconds, text) => expect(formatAge(milliseconds)).toBe(text));

test.each([
  [-1, '0ms'],
  [15.4, '15ms'],
  [999, '999ms'],
  [1_749, '1.7s'],
  [9_999, '9.9s'],
  [10_900, '10s'],
  [90 * S, '1m30s'],
])('a duration of %d ms is %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

test('text from elsewhere cannot move the cursor, break the line or turn around', () => {
  expect(printable(' a\tb\r\nc\u001B[31md\u0007\u202Ee\u2028f\u009B ')).toBe('a b c [31md e f');
});

test.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['a bcd', 3, 'a…'],
  ['ab', 1, 'a'],
  ['ab', 0, ''],
])('%j in %d characters is %j', (text, width, cut) => expect(truncate(text, width)).toBe(cut));

test.each([
  ['', 4, ['']],
  ['one two', 7, ['one two']],
  ['one two', 6, ['one', 'two']],
  ['one twothree', 5, ['one', 'twoth', 'ree']],
  ['abcdef g', 3, ['abc', 'def', 'g']],
])('%j in lines of %d characters is %j', (text, width, lines) => expect(wrap(text, width)).toEqual(lines));

describe('a table', () => {
  const columns = [{ title: 'ID' }, { title: 'N', align: 'right' as const }, { title: 'NOTE', narrowest: 4 }];

  test('is as wide as what is in it', () => {
    const rows = [
      ['a', '1', 'short'],
      ['bcd', '100', 'a longer note'],
    ];
    expect(renderTable(columns, rows, { width: undefined })).toBe(
      'ID     N  NOTE\na      1  short\nbcd  100  a longer note\n',
    );
  });

  test('is narrowed where it may be, and no further', () => {
    const rows = [['bcd', '100', 'a longer note']];
    expect(renderTable(columns, rows, { width: 18 })).toBe('ID     N  NOTE\nbcd  100  a longe…\n');
    expect(renderTable(columns, rows, { width: 2 })).toBe('ID     N  NOTE\nbcd  100  a l…\n');
  });

  test('narrows the widest column first', () => {
    const two = [
      { title: 'A', narrowest: 1 },
      { title: 'B', narrowest: 1 },
    ];
    expect(renderTable(two, [['abcd', 'abcdefgh']], { width: 10 })).toBe('A     B\nabcd  abc…\n');
  });

  test('wraps a column that asks for it, colours included', () => {
    const wrapped = [{ title: 'A' }, { title: 'B', narrowest: 3, wraps: true as const }];
    const paint = painterFor({ write: () => {}, isTTY: true, columns: 9 }, {});
    const rows = [
      [
        { text: 'x', colour: 'red' as const },
        { text: 'one two', colour: 'green' as const },
      ],
    ];
    expect(renderTable(wrapped, rows, { width: 7, paint })).toBe(
      '\u001B[1mA\u001B[0m  \u001B[1mB\u001B[0m\n\u001B[31mx\u001B[0m  \u001B[32mone\u001B[0m\n   \u001B[32mtwo\u001B[0m\n',
    );
  });

  test('leaves out a column without anything in it, and titles that are not given', () => {
    expect(renderTable(columns, [['a', '', 'b']], { width: undefined })).toBe('ID  NOTE\na   b\n');
    expect(renderTable([{ title: '' }, { title: '' }], [['a', 'b']], { width: undefined })).toBe('a  b\n');
    expect(renderTable(columns, [], { width: undefined })).toBe('');
  });
});

test.each([
  ['a terminal', 80, {}, true],
  ['a pipe', undefined, {}, false],
  ['NO_COLOR', 80, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', 80, { NO_COLOR: '' }, true],
  ['a dumb terminal', 80, { TERM: 'dumb' }, false],
])('colour: %s', (_, columns, env, coloured) => {
  const { stdout } = fakeIo(columns === undefined ? {} : { columns });
  expect(painterFor(stdout, env)('red', 'x')).toBe(coloured ? '\u001B[31mx\u001B[0m' : 'x');
});

/**
 * What holds for every source file: it says what it owns, pure layers are pure, and what a comment points at can be opened.
 */
import { describe, expect, it } from 'vitest';
import { bareCode, commentsOf, filesUnder, textOf } from './sources.js';

const sources = filesUnder(['machines', 'src', 'visualizations'], /\.ts$/);
const tests = filesUnder(['test'], /\.ts$/);
const documents = ['README.md', 'CHANGELOG.md', ...filesUnder(['machines', 'src', 'visualizations', 'test'], /\.md$/)];

describe('every source file', () => {
  it('opens with a block comment that says what it owns', () => {
    const silent = sources.filter((file) => !/^(?:#![^\n]*\n)?\/\*\*?\s/.test(textOf(file)));
    expect(silent).toEqual([]);
  });

  it('names documents that are in the repository', () => {
    const names = new Set(documents.map((file) => file.split('/').at(-1)));
    const lost = [...sources, ...tests].flatMap((file) =>
      [...commentsOf(textOf(file)).matchAll(/[\w-]+\.md\b/g)].flatMap(([name]) =>
        names.has(name) ? [] : [`${file}: ${name}`],
      ),
    );
    expect(lost).toEqual([]);
  });

  it('names no place outside of the repository', () => {
    // Put together here, since this file is searched too.
    const places = ['main', 'shared'].map((place) => ['', 'work', place].join('/'));
    const named = [...sources, ...tests, ...documents].filter((file) =>
      places.some((place) => textOf(file).includes(place)),
    );
    expect(named).toEqual([]);
  });
});

/** What a function of its arguments has no use for: time, chance, timers, the process, the network, a console. */
const IMPURE =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\brandomUUID\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bperformance\b|\bprocess\b|\bglobalThis\b|\bfetch\(|\bconsole\b/;
const impure = (code: string): string | undefined => IMPURE.exec(bareCode(code))?.[0];

describe('a pure layer', () => {
  it.each(['machines', 'src/observe', 'src/project', 'visualizations'])(
    '%s: no clock, no chance, no timer, no process',
    (folder) => {
      const found = filesUnder([folder], /\.ts$/).flatMap((file) => {
        const what = impure(textOf(file));
        return what === undefined ? [] : [`${file}: ${what}`];
      });
      expect(found).toEqual([]);
    },
  );

  it.each([
    'const at = Date.now();',
    'const at = new Date();',
    'const id = Math.random();',
    'setTimeout(() => {}, 1);',
    'const home = process.env;',
    "await fetch('http://x');",
  ])('%s would be seen', (code) => {
    expect(impure(code)).toBeDefined();
    expect(impure(`/** ${code} */ const text = '// ${code.replaceAll("'", '')}';`)).toBeUndefined();
  });
});

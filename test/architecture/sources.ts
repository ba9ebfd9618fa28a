/**
 * Owns the sources as text: which files there are, what is code in them and what is comment, and what they import.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a file, by its path from the root of the repository. */
export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Every file under these folders whose name ends so, by its path from the root; what is built or installed is none of ours. */
export function filesUnder(folders: readonly string[], ending: RegExp): readonly string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => posix.join(folder, name)),
    )
    .filter((file) => ending.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
    .toSorted();
}

/** Comments, and everything in which what looks like a comment is none. */
const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** The code without its comments. */
export const withoutComments = (source: string): string =>
  source.replaceAll(TOKENS, (token) => (token.startsWith('/*') || token.startsWith('//') ? ' ' : token));

/** The code without its comments and without what stands in quotes. */
export const bareCode = (source: string): string => source.replaceAll(TOKENS, ' ');

/** The comments alone. */
export const commentsOf = (source: string): string =>
  [...source.matchAll(TOKENS)].flatMap(([token]) => (token.startsWith('/') ? [token] : [])).join('\n');

export interface Import {
  /** The importing file, by its path from the root. */
  readonly from: string;
  /** The imported file by its path from the root, or the package (`lmdb`, `node:fs`). */
  readonly to: string;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

/** `import … from '…'`, `export … from '…'`, `import '…'`. */
const STATIC = /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;

/** What a file imports. */
export function importsOf(from: string, source: string): readonly Import[] {
  const code = withoutComments(source);
  const resolve = (specifier: string): string =>
    specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts') : specifier;
  return [
    ...[...code.matchAll(STATIC)].map(([, type, specifier = '']) => ({
      from,
      to: resolve(specifier),
      typeOnly: type !== undefined,
    })),
    ...[...code.matchAll(DYNAMIC)].map(([, specifier = '']) => ({ from, to: resolve(specifier), typeOnly: false })),
  ];
}

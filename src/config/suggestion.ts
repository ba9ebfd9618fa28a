/**
 * Owns the guess at what somebody meant who wrote a name that does not exist.
 */

/** A name is suggested when it differs in at most so many letters. */
const MOST_EDITS = 3;

/** The name that `written` is nearest to; undefined when none is near. Case and dashes do not count. */
export function suggest(written: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of names) {
    const edits = editDistance(plain(written), plain(name));
    // A short name is near to every other short one.
    if (edits <= Math.min(MOST_EDITS, Math.floor(name.length / 2)) && edits < (best?.edits ?? Infinity)) {
      best = { name, edits };
    }
  }
  return best?.name;
}

/** Levenshtein's: how many letters to insert, drop or replace. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...from].entries()) {
    const line = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above[to.length] ?? 0;
}

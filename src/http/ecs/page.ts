/**
 * Owns paging: which items a page holds, and the token that the next one begins with.
 *
 * A token says after which item the page before it ended, not how many came before: items that come and go in between neither repeat nor
 * hide others. It is bound to the filters of its request, so it cannot be carried to another list; it holds nothing secret, and its
 * checksum is there to tell a damaged token, not a forged one.
 */
import { createHash } from 'node:crypto';
import { invalidParameter } from '../errors.js';

/** Where an item stands: by the first, and by the second where the first is equal. */
export type Position = readonly [number, string];

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextToken?: string;
}

/** Characters of the checksum in a token. */
const CHECKSUM_LENGTH = 16;

const isAfter = (a: Position, b: Position): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);

const checksum = (scope: string, payload: string): string =>
  createHash('sha256').update(`${scope}\u0000${payload}`).digest('base64url').slice(0, CHECKSUM_LENGTH);

function encode(scope: string, position: Position): string {
  const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${checksum(scope, payload)}${payload}`;
}

function decode(scope: string, token: string): Position {
  const payload = token.slice(CHECKSUM_LENGTH);
  if (payload === '' || token.slice(0, CHECKSUM_LENGTH) !== checksum(scope, payload)) {
    throw invalidParameter('Invalid nextToken: it is not one that ecstate gave for this request.');
  }
  // Whoever knows how to make the checksum may send anything, and gets a page of what they may list anyway.
  const position: unknown = parsed(Buffer.from(payload, 'base64url').toString());
  if (Array.isArray(position) && typeof position[0] === 'number' && typeof position[1] === 'string') {
    return [position[0], position[1]];
  }
  throw invalidParameter('Invalid nextToken: it is not one that ecstate gave for this request.');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The first `size` items after the token's position. The items may come in any order; the nearer to that of their positions, the faster
 * (one comparison each when they are in it).
 *
 * @param scope what the token is bound to: the operation and its filters
 * @throws HttpError InvalidParameterException for a token that was not made for this scope
 */
export function pageOf<T>(
  items: Iterable<T>,
  positionOf: (item: T) => Position,
  request: { readonly scope: string; readonly size: number; readonly token: string | undefined },
): Page<T> {
  const after = request.token === undefined ? undefined : decode(request.scope, request.token);
  // One more than asked for, to know whether another page follows.
  const kept: { readonly item: T; readonly position: Position }[] = [];
  for (const item of items) {
    const position = positionOf(item);
    if (after !== undefined && !isAfter(position, after)) continue;
    const last = kept.at(-1);
    if (last !== undefined && kept.length > request.size && !isAfter(last.position, position)) continue;
    let at = kept.length;
    for (let before = kept[at - 1]; before !== undefined && isAfter(before.position, position); before = kept[at - 1])
      at -= 1;
    kept.splice(at, 0, { item, position });
    if (kept.length > request.size + 1) kept.pop();
  }
  const shown = kept.slice(0, request.size);
  const end = shown.at(-1);
  const page = { items: shown.map(({ item }) => item) };
  return kept.length > request.size && end !== undefined
    ? { ...page, nextToken: encode(request.scope, end.position) }
    : page;
}

/**
 * Owns the proof that no change is lost and none is handed over twice, whatever breaks: a server with a history answers as Kubernetes
 * does, and is cut off at any byte, refuses, expires and forgets, as a seed decides.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from './scripted-server.js';
import { change, configMap, errorLine, WatchHarness } from './watch-harness.js';

/** How long the history is. */
const LAST = 120;

/** A small generator of numbers from 0 to 1 (mulberry32): the same seed, the same trouble. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes in pieces that have nothing to do with lines; resolves when they are on their way. */
async function writeInPieces(exchange: Exchange, text: string, random: () => number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + 1 + Math.floor(random() * 1000));
    await new Promise((resolve) => exchange.response.write(bytes.subarray(start, end), resolve));
    start = end;
  }
}

/** Answers one request, well or not. Object `o<n>` is version n of the history; the list shows the last ten. */
async function answer(exchange: Exchange, random: () => number): Promise<void> {
  const query = exchange.url.searchParams;
  const trouble = random();
  if (trouble < 0.08) return exchange.break();
  if (trouble < 0.14) return exchange.json({ kind: 'Status', message: 'busy' }, 503);
  if (query.get('watch') !== 'true') {
    if (query.has('continue') && trouble < 0.3)
      return exchange.json({ kind: 'Status', message: 'too old', reason: 'Expired' }, 410);
    // The first page of a list is made at some moment; the second is of the same moment.
    const version = query.get('limit') === '1' ? LAST : Number(query.get('continue') ?? Math.floor(random() * 40) + 40);
    const item = (n: number): object => configMap(`o${n}`, String(n));
    if (query.get('limit') === '1') return exchange.page(String(version), [item(1)]);
    const items = Array.from({ length: 10 }, (_, index) => item(version - 9 + index));
    if (query.has('continue')) return exchange.page(String(version), items.slice(5));
    return exchange.page(String(version), items.slice(0, 5), String(version));
  }
  const from = Number(query.get('resourceVersion'));
  if (trouble < 0.2) return exchange.json({ kind: 'Status', message: 'too old', reason: 'Expired' }, 410);
  exchange.open();
  const until = Math.min(LAST, from + Math.floor(random() * 30));
  const lines = Array.from(
    { length: until - from },
    (_, index) => `${JSON.stringify(change('ADDED', `o${from + 1 + index}`, String(from + 1 + index)))}\n`,
  );
  const text = lines.join('');
  const ending = random();
  if (ending < 0.4) {
    await writeInPieces(exchange, text.slice(0, Math.floor(random() * text.length)), random);
    exchange.break();
  } else if (ending < 0.5) {
    await writeInPieces(exchange, `${text}${JSON.stringify(errorLine(500, 'InternalError', 'oops'))}\n`, random);
    exchange.end();
  } else if (ending < 0.6) {
    await writeInPieces(exchange, `${text}${JSON.stringify(errorLine(410, 'Expired', 'too old'))}\n`, random);
    exchange.end();
  } else {
    await writeInPieces(exchange, text, random);
    exchange.end();
  }
}

describe('a watch under any trouble', () => {
  let harness: WatchHarness | undefined;
  afterEach(() => harness?.close());

  it.each(Array.from({ length: 16 }, (_, seed) => seed))(
    'loses nothing and repeats nothing (seed %i)',
    async (seed) => {
      const random = generator(seed);
      const loop = (harness = await WatchHarness.start(seed % 2 === 0 ? {} : { resourceVersion: '3' }));
      let over = false;
      loop.loop.onTransition(({ state, context }) => {
        over ||= context.resourceVersion === String(LAST);
        // The wait is armed just after this; it need not be waited out in earnest.
        if (state === 'backingOff') setImmediate(() => loop.clock.moveTo(context.retryAt ?? 0));
      });
      const serve = async (): Promise<void> => {
        for (;;) {
          const exchange = await loop.server.next();
          if (over) return;
          await answer(exchange, random);
        }
      };
      void serve();
      await loop.reached(String(LAST));
      await loop.loop.stop();

      // What a consumer makes of it: the version up to which it has seen everything.
      let reached = seed % 2 === 0 ? Number.NaN : 3;
      let page = '';
      for (const call of loop.calls.waiting) {
        const [, listed, marks, at] = /^listed \[(.*)\] (.*) at (\d+)$/.exec(call) ?? [];
        if (listed !== undefined && at !== undefined) {
          page = marks?.includes('first') === true ? listed : `${page},${listed}`;
          if (marks?.includes('last') !== true) continue;
          const names = Array.from(
            { length: 10 },
            (_, index) => `o${Number(at) - 9 + index}@${Number(at) - 9 + index}`,
          );
          expect(page).toBe(names.join(','));
          reached = Number(at);
          continue;
        }
        for (const version of call.match(/(?<=@)\d+/g) ?? []) {
          expect(Number(version)).toBe(reached + 1);
          reached = Number(version);
        }
        expect(call.endsWith(` to ${reached}`)).toBe(true);
      }
      expect(reached).toBe(LAST);
      expect(loop.counts.malformed).toBeUndefined();
    },
  );
});

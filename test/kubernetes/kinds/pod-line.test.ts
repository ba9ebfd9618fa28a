/**
 * The sliced reading of a pod's line is the whole reading, or none: on every line of the recordings, and on what no API server prints.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskIdentity } from '../../../machines/task/task.types.js';
import { slicePodLine } from '../../../src/kubernetes/kinds/pod-line.js';
import { podKind } from '../../../src/kubernetes/kinds/pods.js';
import { observeIdentity } from '../../../src/observe/identity.js';
import { observePod } from '../../../src/observe/pod.js';
import { object, string } from '../../../src/observe/raw.js';

const RECORDINGS = join(import.meta.dirname, '../../recordings');
const DEFAULTS = { region: 'us-east-1', accountId: '000000000000' };

/** The wire bytes: what a recorded line holds under `event`, to the letter. */
const wireOf = (recorded: string): string =>
  recorded.slice(recorded.indexOf('"event":') + '"event":'.length, recorded.lastIndexOf('}'));

const lines = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readFileSync(join(RECORDINGS, name, 'pods.jsonl'), 'utf8').split('\n'))
  .filter((line) => line !== '')
  .map(wireOf)
  .filter((line) => !line.startsWith('{"type":"BOOKMARK"') && !line.startsWith('{"type":"ERROR"'));

type Json = Readonly<Record<string, unknown>>;
interface Event {
  readonly type: string;
  readonly object: Json;
}
/** What the recordings hold, and any JSON object with a pod's form; every field of it is read as unknown. */
const parse = (line: string): Event => JSON.parse(line) as Event;

const identityIn = (line: string): TaskIdentity => observeIdentity(parse(line).object, DEFAULTS);

/** What is known of pods: this one's identity, or nothing. */
const knowing = (identity: TaskIdentity | undefined) =>
  podKind('kecs', { identityOf: () => identity, podVersion: () => undefined }, DEFAULTS);

/** A grace period says something only of a deletion. */
const deletionIn = ({ deletionTimestamp, deletionGracePeriodSeconds }: Json) =>
  deletionTimestamp === undefined ? undefined : { deletionTimestamp, deletionGracePeriodSeconds };

/** The whole reading of what slices are read for. */
function whole(line: string) {
  const { type, object: pod } = parse(line);
  const metadata = object(pod['metadata']);
  const { uid, resourceVersion } = metadata;
  return { type, uid, resourceVersion, deletion: deletionIn(metadata), status: pod['status'] };
}

/** The same of the slices; undefined where there are none. */
function sliced(line: string): ReturnType<typeof whole> | undefined {
  const slices = slicePodLine(Buffer.from(line));
  const status = slices?.status();
  if (slices === undefined || status === undefined) return undefined;
  const { type, uid, resourceVersion, metadata } = slices;
  return { type, uid, resourceVersion, deletion: deletionIn(metadata), status };
}

const attempt = <Result>(work: () => Result): { readonly result: Result } | 'refused' => {
  try {
    return { result: work() };
  } catch {
    return 'refused';
  }
};

describe('every line of the recordings', () => {
  it('has slices that say what the whole line says', () => {
    expect(lines.length).toBeGreaterThan(600);
    for (const line of lines) expect(sliced(line)).toEqual(whole(line));
  });

  it('gives the same observation whether its pod is known or not', () => {
    for (const line of lines) {
      const unknown = knowing(undefined).decodeLine(Buffer.from(line));
      const known = knowing(identityIn(line)).decodeLine(Buffer.from(line));
      if (!('object' in unknown) || !('object' in known)) throw new Error('a line of a pod is a change');
      expect(known.type).toBe(unknown.type);
      expect(known.object.value?.facts).toEqual(unknown.object.value?.facts);
      expect(known.object).toMatchObject({
        uid: unknown.object.uid,
        resourceVersion: unknown.object.resourceVersion,
        value: { podUid: unknown.object.uid, resourceVersion: unknown.object.resourceVersion },
      });
    }
  });

  it('is refused when its end is missing, wherever it was cut off', () => {
    const kind = knowing(identityIn(lines[0] ?? ''));
    fc.assert(
      fc.property(fc.constantFrom(...lines), fc.nat(), (line, at) => {
        expect(attempt(() => kind.decodeLine(Buffer.from(line).subarray(0, at % line.length)))).toBe('refused');
      }),
    );
  });
});

/** What looks like a mark, and what is hard to print. */
const text = fc.oneof(
  fc.constantFrom('},"status":{', ',"labels":{', '"deletionTimestamp":', '}}', '{"type":"', '\\', '\\"', '"'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string(),
);
const key = fc.oneof(
  fc.constantFrom('status', 'labels', 'metadata', 'spec', 'object', 'type', 'uid', 'resourceVersion', 'kind'),
  fc.constantFrom('deletionTimestamp', 'deletionGracePeriodSeconds', 'f:status', 'nodeName'),
  text,
);
const value = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, 0, true, {}, [], { status: {} }, { labels: {} }, { a: {}, status: { b: {} } }),
  fc.dictionary(key, fc.oneof(text, fc.constant({}), fc.dictionary(key, text))),
);

/** Makes one object of the tree another, found by following `path`. */
interface Mutation {
  readonly path: readonly number[];
  readonly change: 'put' | 'remove' | 'shuffle';
  readonly key: string;
  readonly value: unknown;
  readonly order: readonly number[];
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.nat(), { minLength: 2, maxLength: 7 }) },
    { weight: 1, arbitrary: fc.array(fc.nat(), { maxLength: 1 }) },
  ),
  change: fc.constantFrom('put', 'remove', 'shuffle'),
  key,
  value,
  order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
});

function mutated(node: unknown, { path: [step, ...path], ...rest }: Mutation): unknown {
  if (Array.isArray(node)) {
    if (step === undefined || node.length === 0) return node;
    return node.with(step % node.length, mutated(node[step % node.length], { path, ...rest }));
  }
  if (typeof node !== 'object' || node === null) return rest.value;
  const entries = Object.entries(node);
  const at = step === undefined ? -1 : step % Math.max(1, entries.length);
  const [name, inner] = entries[at] ?? [];
  if (name !== undefined && (path.length > 0 || rest.change === 'put')) {
    return Object.fromEntries(entries.with(at, [name, mutated(inner, { path, ...rest })]));
  }
  switch (rest.change) {
    case 'put': {
      const place = (rest.order[0] ?? 0) % (entries.length + 1);
      const others = entries.filter(([other]) => other !== rest.key);
      return Object.fromEntries([...others.slice(0, place), [rest.key, rest.value], ...others.slice(place)]);
    }
    case 'remove':
      return Object.fromEntries(entries.filter((_, index) => index !== (rest.order[0] ?? 0) % entries.length));
    case 'shuffle': {
      const rank = (index: number): number => rest.order[index % rest.order.length] ?? 0;
      return Object.fromEntries(
        entries
          .map((entry, index) => ({ entry, index }))
          .sort((a, b) => rank(a.index) - rank(b.index))
          .map(({ entry }) => entry),
      );
    }
  }
}

/** As Go prints it, which escapes what HTML would read. */
const asGo = (line: string): string =>
  line.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const strange = fc
  .tuple(fc.constantFrom(...lines), fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([line, mutations, go]) => {
    const { type, object: pod } = parse(line);
    const changed = JSON.stringify({
      type,
      object: mutations.reduce((node: unknown, each) => mutated(node, each), pod),
    });
    return { from: line, line: go ? asGo(changed) : changed };
  });

describe('any watch event', () => {
  it('has slices that say what the whole line says, or none', () => {
    let read = 0;
    fc.assert(
      fc.property(strange, ({ line }) => {
        const slices = sliced(line);
        if (slices === undefined) return;
        read += 1;
        expect(slices).toEqual(whole(line));
      }),
      { numRuns: 3000 },
    );
    // Otherwise the property would hold of nothing.
    expect(read).toBeGreaterThan(500);
  });

  it('gives the observation of the whole line, or is refused as that is', () => {
    fc.assert(
      fc.property(strange, ({ from, line }) => {
        const identity = identityIn(from);
        const decoded = attempt(() => knowing(identity).decodeLine(Buffer.from(line)));
        const unknown = attempt(() => knowing(undefined).decodeLine(Buffer.from(line)));
        if (decoded === 'refused' || !('object' in decoded.result)) {
          expect(decoded).toEqual(unknown);
          return;
        }
        const { type, object: pod } = parse(line);
        const metadata = object(pod['metadata']);
        const { uid, resourceVersion, value } = decoded.result.object;
        expect({ type: decoded.result.type, uid, resourceVersion }).toEqual({
          type,
          uid: metadata['uid'],
          resourceVersion: metadata['resourceVersion'],
        });
        // Without an identity the containers are those of the known one, which do not change while a pod lives.
        const { containers } = value?.identity ?? identity;
        const nodeName = string(object(pod['spec'])['nodeName']);
        expect(value?.facts).toEqual(observePod(metadata, object(pod['status']), containers, nodeName));
      }),
      { numRuns: 2000 },
    );
  });

  it('whose fields are in another order is read whole', () => {
    for (const line of lines) {
      const { type, object: pod } = parse(line);
      expect(slicePodLine(Buffer.from(JSON.stringify({ object: pod, type })))).toBeUndefined();
    }
  });

  it('that is no pod at all is read whole', () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        expect(slicePodLine(Buffer.from(line))).toBeUndefined();
      }),
    );
  });
});

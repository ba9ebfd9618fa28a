/**
 * Objects that are not what they should be: an observer answers with facts or with MalformedObjectError, and never with anything else.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observePodEvent } from '../../src/observe/event.js';
import { observeIdentity } from '../../src/observe/identity.js';
import { observePod } from '../../src/observe/pod.js';
import { MalformedObjectError, object, string } from '../../src/observe/raw.js';
import { runTaskPod } from './raw-pods.js';
import type { Raw } from './raw-pods.js';
import { allRecorded } from './recorded.js';

const DEFAULTS = { region: 'us-east-1', accountId: '000000000000' };
const look = (pod: Raw) => {
  const identity = observeIdentity(pod, DEFAULTS);
  const nodeName = string(object(pod['spec'])['nodeName']);
  return { identity, facts: observePod(object(pod['metadata']), object(pod['status']), identity.containers, nodeName) };
};

/** A copy of the JSON with another value at the path; `undefined` takes it away. */
function replaced(json: unknown, [key, ...path]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(json)) {
    return json.map((entry: unknown, index) => (String(index) === key ? replaced(entry, path, value) : entry));
  }
  const copy: Record<string, unknown> = { ...object(json) };
  copy[key] = replaced(copy[key], path, value);
  return copy;
}

/** The paths to every value of a JSON document. */
const pathsOf = (json: unknown): readonly (readonly string[])[] =>
  typeof json === 'object' && json !== null
    ? Object.entries(json).flatMap(([key, value]) => [[key], ...pathsOf(value).map((path) => [key, ...path])])
    : [];

const anything = fc.oneof(
  fc.constantFrom(undefined, null, '', 'constructor', '__proto__', -1, 0, 1e300, true, [], {}, [null], ['x'], { x: 1 }),
  fc.json().map((text): unknown => JSON.parse(text)),
);

/** Some of the recorded objects with one to four of their values replaced. */
const mutated = (objects: readonly Raw[]) =>
  fc
    .constantFrom(...objects.filter((_, index) => index % 7 === 0))
    .chain((original) =>
      fc
        .array(fc.tuple(fc.constantFrom(...pathsOf(original)), anything), { minLength: 1, maxLength: 4 })
        .map((changes) =>
          object(changes.reduce((json: unknown, [path, value]) => replaced(json, path, value), original)),
        ),
    );

/** Runs an observer; a malformed object is an answer too. */
function answered<Value>(observe: () => Value): Value | MalformedObjectError {
  try {
    return observe();
  } catch (error) {
    if (error instanceof MalformedObjectError) return error;
    throw error;
  }
}

describe('a pod without what every pod has', () => {
  const required = [
    'metadata.name',
    'metadata.namespace',
    'metadata.uid',
    'metadata.creationTimestamp',
    'spec.containers',
  ];
  const wrong = [undefined, null, '', 7, true, [], {}];
  it.each(required.flatMap((path) => wrong.map((value) => ({ path, value }))))(
    'is malformed: $path is $value',
    ({ path, value }) => {
      const pod = object(replaced(runTaskPod(), path.split('.'), value));
      expect(() => look(pod)).toThrow(new MalformedObjectError('pod', path));
    },
  );

  it.each(['metadata', 'spec'])('is malformed: no %s', (part) => {
    expect(() => look({ ...runTaskPod(), [part]: undefined })).toThrow(MalformedObjectError);
  });

  it('is not malformed without a status: it has not been looked at by any kubelet', () => {
    expect(look({ ...runTaskPod(), status: undefined }).facts).toMatchObject({ phase: 'Unknown', scheduled: false });
  });

  it('has an error whose message says what is missing', () => {
    expect(() => look({})).toThrow('a pod of the cluster has no usable metadata.name');
  });
});

describe('whatever is wrong with an object', () => {
  it('a pod gives facts that are JSON, or is malformed', () => {
    fc.assert(
      fc.property(mutated(allRecorded('pods')), (pod) => {
        const answer = answered(() => look(pod));
        if (answer instanceof MalformedObjectError) return;
        expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
        expect(answer.facts.containers).toHaveLength(answer.identity.containers.length);
        for (const required of ['taskArn', 'taskId', 'clusterArn', 'clusterName', 'group', 'podUid'] as const) {
          expect(answer.identity[required]).toMatch(/./);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('an Event gives facts that are JSON, nothing, or is malformed', () => {
    fc.assert(
      fc.property(mutated(allRecorded('events')), (event) => {
        const facts = answered(() => observePodEvent(event)?.facts);
        if (facts !== undefined && !(facts instanceof MalformedObjectError)) {
          expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('what is no object at all is malformed', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(answered(() => look(object(value)))).toBeInstanceOf(MalformedObjectError);
        expect(answered(() => observePodEvent(object(value)))).toBeUndefined();
      }),
    );
  });
});

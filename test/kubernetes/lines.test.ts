/** Owns the proof of the framing of a watch, however the network cuts it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLine,
  findResourceVersion,
  LineSplitter,
  LineTooLongError,
  MAX_LINE,
} from '../../src/kubernetes/lines.js';

const splitAll = (chunks: readonly (string | Buffer)[]): string[] => {
  const splitter = new LineSplitter();
  return chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)).map(String));
};

describe('LineSplitter', () => {
  it('gives complete lines, leaves out empty ones, and keeps what has not ended', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('one\n\ntwo\nthr')).map(String)).toEqual(['one', 'two']);
    expect(splitter.pending).toBe(3);
    expect(splitter.push(Buffer.from('')).map(String)).toEqual([]);
    expect(splitter.push(Buffer.from('e')).map(String)).toEqual([]);
    expect(splitter.push(Buffer.from('e\n')).map(String)).toEqual(['three']);
    expect(splitter.pending).toBe(0);
  });

  it('gives the same lines wherever the bytes are cut, inside a character too', () => {
    const text = '{"name":"zürich ✓"}\n{"n":2}\n\n{"long":"xxxxxxxxxxxxxxxx"}\n';
    const bytes = Buffer.from(text);
    const whole = splitAll([bytes]);
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 })), (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
        expect(splitAll(chunks)).toEqual(whole);
      }),
    );
  });

  it('copies nothing that lies within one chunk', () => {
    const chunk = Buffer.from('one\ntwo\n');
    const [one] = new LineSplitter().push(chunk);
    expect(one?.buffer).toBe(chunk.buffer);
  });

  it('gives up on a line that does not end', () => {
    const splitter = new LineSplitter();
    splitter.push(Buffer.alloc(MAX_LINE));
    expect(() => splitter.push(Buffer.alloc(1))).toThrow(LineTooLongError);
  });
});

describe('decodeLine', () => {
  const decode = (line: unknown): unknown =>
    decodeLine(Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)), (item) => item['data']);

  it('reads a change', () => {
    const object = { metadata: { uid: 'u', resourceVersion: '5' }, data: 'value' };
    expect(decode({ type: 'MODIFIED', object })).toEqual({
      type: 'MODIFIED',
      object: { uid: 'u', resourceVersion: '5', value: 'value' },
    });
  });

  it('reads a bookmark, of which only the version means anything', () => {
    const object = { metadata: { resourceVersion: '9', creationTimestamp: null }, spec: { containers: null } };
    expect(decode({ type: 'BOOKMARK', object })).toEqual({ type: 'BOOKMARK', resourceVersion: '9' });
  });

  it('reads an error, and leaves out what is not of its type', () => {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old', metadata: {} };
    expect(decode({ type: 'ERROR', object })).toEqual({
      type: 'ERROR',
      status: { code: 410, reason: 'Expired', message: 'too old' },
    });
    expect(decode({ type: 'ERROR', object: { code: '410' } })).toEqual({ type: 'ERROR', status: {} });
  });

  it.each([
    ['', 'Unexpected end of JSON input'],
    ['[]', 'the line is not an object'],
    [{ type: 'ADDED' }, 'the object is not an object'],
    [{ type: 'ADDED', object: { metadata: { uid: 'u' } } }, 'metadata.resourceVersion is missing'],
    [{ type: 'ADDED', object: { metadata: { resourceVersion: '5' } } }, 'metadata.uid is missing'],
    [{ type: 'BOOKMARK', object: { metadata: {} } }, 'metadata.resourceVersion is missing'],
    [{ type: 'MOVED', object: {} }, 'the type "MOVED" is not one of a watch'],
  ])('refuses %j', (line, message) => {
    expect(() => decode(line)).toThrow(message);
  });
});

describe('findResourceVersion', () => {
  it('finds it in a line that is broken further on', () => {
    expect(
      findResourceVersion(Buffer.from('{"type":"ADDED","object":{"metadata":{"resourceVersion": "77","labels":{')),
    ).toBe('77');
    expect(findResourceVersion(Buffer.from('garbage'))).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { applyPatch } from '../../../src/simulator/api/patch.js';

const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json; charset=utf-8';
const STRATEGIC = 'application/strategic-merge-patch+json';

describe('JSON merge patch', () => {
  it('merges objects, replaces lists, and deletes by null', () => {
    const document = { a: { b: 1, c: [1, 2] }, d: 'x', e: 'y' };
    expect(applyPatch(document, { a: { c: [3], f: {} }, d: null }, MERGE)).toEqual({
      a: { b: 1, c: [3], f: {} },
      e: 'y',
    });
    expect(document).toEqual({ a: { b: 1, c: [1, 2] }, d: 'x', e: 'y' });
  });
});

describe('JSON patch', () => {
  const document = { metadata: { labels: { 'a/b': '1' } }, list: ['x', 'z'] };

  it('applies every operation', () => {
    const patch = [
      { op: 'test', path: '/list/0', value: 'x' },
      { op: 'add', path: '/list/1', value: 'y' },
      { op: 'add', path: '/list/-', value: 'end' },
      { op: 'replace', path: '/metadata/labels/a~1b', value: '2' },
      { op: 'copy', from: '/metadata/labels', path: '/copied' },
      { op: 'move', from: '/list/0', path: '/first' },
      { op: 'remove', path: '/list/0' },
    ];
    expect(applyPatch(document, patch, JSON_PATCH)).toEqual({
      metadata: { labels: { 'a/b': '2' } },
      list: ['z', 'end'],
      copied: { 'a/b': '2' },
      first: 'x',
    });
  });

  it.each([
    [{ op: 'remove', path: '/none' }, 422],
    [{ op: 'replace', path: '/list/9', value: 1 }, 422],
    [{ op: 'test', path: '/list/0', value: 'other' }, 422],
    [{ op: 'add', path: 'list', value: 1 }, 400],
    [{ op: 'invent', path: '/list' }, 400],
  ])('refuses %j', (operation, code) => {
    expect(() => applyPatch(document, [operation], JSON_PATCH)).toThrow(expect.objectContaining({ code }));
  });
});

describe('strategic merge patch', () => {
  const spec = {
    containers: [
      { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }], ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'b', image: 'b:1', args: ['1'] },
    ],
    tolerations: [{ key: 'k' }],
  };

  it('merges lists of named things by name, and replaces the others', () => {
    const patch = {
      containers: [
        { name: 'b', args: ['2', '3'] },
        {
          name: 'a',
          env: [
            { name: 'X', value: '2' },
            { name: 'Y', value: '3' },
          ],
          ports: [{ containerPort: 80, protocol: 'UDP' }],
        },
      ],
      tolerations: [{ key: 'other' }],
    };
    expect(applyPatch(spec, patch, STRATEGIC)).toEqual({
      containers: [
        {
          name: 'a',
          image: 'a:1',
          env: [
            { name: 'X', value: '2' },
            { name: 'Y', value: '3' },
          ],
          ports: [{ containerPort: 80, name: 'http', protocol: 'UDP' }],
        },
        { name: 'b', image: 'b:1', args: ['2', '3'] },
      ],
      tolerations: [{ key: 'other' }],
    });
  });

  it('minds the directives', () => {
    const patch = {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }],
      containers: [
        { name: 'c', image: 'c:1' },
        { name: 'a', $patch: 'delete' },
      ],
      tolerations: null,
    };
    expect(applyPatch(spec, patch, STRATEGIC)).toEqual({
      containers: [
        { name: 'c', image: 'c:1' },
        { name: 'b', image: 'b:1', args: ['1'] },
      ],
    });
    const strategy = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }, finalizers: ['a', 'b'] };
    const recreate = {
      strategy: { $retainKeys: ['type'], type: 'Recreate' },
      '$deleteFromPrimitiveList/finalizers': ['a'],
      finalizers: ['c'],
    };
    expect(applyPatch(strategy, recreate, STRATEGIC)).toEqual({
      strategy: { type: 'Recreate' },
      finalizers: ['b', 'c'],
    });
    expect(applyPatch({ a: { b: 1 } }, { a: { $patch: 'replace', c: 2 } }, STRATEGIC)).toEqual({ a: { c: 2 } });
  });
});

it('knows no other kind of patch', () => {
  expect(() => applyPatch({}, {}, 'application/apply-patch+yaml')).toThrow(expect.objectContaining({ code: 415 }));
});

/** Owns the proof that paths are read in the terms of RBAC. */
import { describe, expect, it } from 'vitest';
import { parseResourcePath, rbacVerb } from '../../src/kubernetes/resource-path.js';

describe('parseResourcePath', () => {
  it.each([
    ['/api/v1/pods', { apiGroup: '', version: 'v1', resource: 'pods' }],
    ['/api/v1/namespaces', { apiGroup: '', version: 'v1', resource: 'namespaces' }],
    ['/api/v1/namespaces/a', { apiGroup: '', version: 'v1', resource: 'namespaces', name: 'a' }],
    ['/api/v1/namespaces/a/pods', { apiGroup: '', version: 'v1', resource: 'pods', namespace: 'a' }],
    [
      '/api/v1/namespaces/a/pods/p/log',
      { apiGroup: '', version: 'v1', resource: 'pods/log', namespace: 'a', name: 'p' },
    ],
    ['/apis/apps/v1/deployments', { apiGroup: 'apps', version: 'v1', resource: 'deployments' }],
    [
      '/apis/coordination.k8s.io/v1/namespaces/a/leases/l',
      { apiGroup: 'coordination.k8s.io', version: 'v1', resource: 'leases', namespace: 'a', name: 'l' },
    ],
    ['/version', undefined],
    ['/apis/apps', undefined],
    ['/', undefined],
  ])('reads %s', (path, expected) => {
    expect(parseResourcePath(path)).toEqual(expected);
  });
});

describe('rbacVerb', () => {
  const pods = { apiGroup: '', version: 'v1', resource: 'pods' };
  it.each([
    ['GET', pods, false, 'list'],
    ['GET', pods, true, 'watch'],
    ['GET', { ...pods, name: 'p' }, false, 'get'],
    ['POST', pods, false, 'create'],
    ['PUT', { ...pods, name: 'p' }, false, 'update'],
    ['PATCH', { ...pods, name: 'p' }, false, 'patch'],
    ['DELETE', { ...pods, name: 'p' }, false, 'delete'],
    ['DELETE', pods, false, 'deletecollection'],
  ])('knows %s of %j (watch: %s) as %s', (method, resource, watch, verb) => {
    expect(rbacVerb(method, resource, watch)).toBe(verb);
  });
});

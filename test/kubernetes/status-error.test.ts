/** Owns the proof of what each refusal means: which error, and what it tells the operator. */
import { describe, expect, it } from 'vitest';
import { ConfigurationError, FatalError, RetryableError } from '../../src/errors.js';
import { kubernetesStatus, parseRetryAfter, statusError, statusToError } from '../../src/kubernetes/status-error.js';

const asked = {
  server: 'https://kube:6443',
  method: 'GET',
  path: '/apis/apps/v1/deployments',
  credentials: 'the token',
};
const body = (reason: string, message: string, details?: object): string =>
  JSON.stringify({ kind: 'Status', reason, message, details });

describe('statusError', () => {
  it.each([
    [
      401,
      body('Unauthorized', 'Unauthorized'),
      ConfigurationError,
      'KUBERNETES_UNAUTHORIZED',
      'The cluster at https://kube:6443 does not accept the token (401: Unauthorized). If that has expired, or belongs to another cluster, renew it: it is read again with each try.',
    ],
    [
      403,
      body('Forbidden', 'deployments.apps is forbidden'),
      ConfigurationError,
      'KUBERNETES_FORBIDDEN',
      'The cluster does not allow ecstate to list deployments in all namespaces (403: deployments.apps is forbidden). Bind its account to a ClusterRole with the rule {apiGroups: ["apps"], resources: ["deployments"], verbs: ["list","watch"]}.',
    ],
    [
      404,
      '404 page not found\n',
      FatalError,
      'KUBERNETES_NOT_FOUND',
      'The cluster at https://kube:6443 does not serve /apis/apps/v1/deployments (404: 404 page not found). Check that the address is that of a Kubernetes API server, with its path if it has one, and that this version of Kubernetes has this kind.',
    ],
    [
      410,
      body('Expired', 'too old'),
      RetryableError,
      'KUBERNETES_EXPIRED',
      'The cluster has forgotten the version that was asked for (410: too old).',
    ],
    [
      429,
      body('TooManyRequests', 'slow down'),
      RetryableError,
      'KUBERNETES_UNAVAILABLE',
      'The cluster asks to be asked less often (429: slow down).',
    ],
    [
      502,
      '<html><body>Bad Gateway</body></html>',
      RetryableError,
      'KUBERNETES_UNAVAILABLE',
      'The cluster at https://kube:6443 cannot answer for now (502). If this lasts, look at the logs of the API server and of etcd.',
    ],
    [
      302,
      '',
      FatalError,
      'KUBERNETES_PROTOCOL',
      'https://kube:6443 answered /apis/apps/v1/deployments with a redirect (302), as the Kubernetes API never does. Check the address of the server: it may be a login page or a proxy.',
    ],
    [
      422,
      body('Invalid', 'no such name'),
      FatalError,
      'KUBERNETES_REFUSED',
      'The cluster does not accept GET /apis/apps/v1/deployments (422: no such name).',
    ],
  ])('makes of %i what a caller should do', (status, text, type, code, message) => {
    const error = statusError({ status, body: text }, asked, 0);
    expect(error).toBeInstanceOf(type);
    expect([error.code, error.message]).toEqual([code, message]);
    expect(kubernetesStatus(error)?.status).toBe(status);
  });

  it('names the verb of a write, and a Role when it is about one namespace', () => {
    const lease = { ...asked, method: 'PUT', path: '/apis/coordination.k8s.io/v1/namespaces/kube/leases/shard-1' };
    expect(statusError({ status: 403, body: '' }, lease, 0).message).toBe(
      'The cluster does not allow ecstate to update leases "shard-1" in the namespace "kube" (403). Bind its account to a Role in the namespace "kube" with the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["update"]}.',
    );
  });

  it('tells a missing object from a missing kind', () => {
    const lease = { ...asked, path: '/apis/coordination.k8s.io/v1/namespaces/kube/leases/shard-1' };
    const error = statusError({ status: 404, body: body('NotFound', 'leases "shard-1" not found') }, lease, 0);
    expect(error.message).toBe(
      'The cluster has no leases "shard-1" in the namespace "kube" (404: leases "shard-1" not found).',
    );
  });

  it('has no rule to offer for a path that is no resource', () => {
    expect(statusError({ status: 403, body: '' }, { ...asked, path: '/version' }, 0).message).toBe(
      'The cluster does not allow GET /version (403).',
    );
  });

  it('tells whoever writes that somebody else was first', () => {
    const error = statusError({ status: 409, body: body('Conflict', 'the object has been modified') }, asked, 0);
    expect(kubernetesStatus(error)).toMatchObject({
      status: 409,
      reason: 'Conflict',
      message: 'the object has been modified',
    });
  });

  it.each([
    ['the header', { status: 503, retryAfter: '3', body: body('x', 'y', { retryAfterSeconds: 9 }) }, 3000],
    ['the Status, without one', { status: 504, body: body('x', 'y', { retryAfterSeconds: 9 }) }, 9000],
    ['nothing', { status: 503, body: 'null' }, undefined],
  ])('waits as %s says', (_, answer, wait) => {
    const error = statusError(answer, asked, 0);
    expect(error instanceof RetryableError && error.retryAfter).toBe(wait);
  });
});

describe('statusToError', () => {
  it('knows an expiration by its reason', () => {
    expect(statusToError({ reason: 'Gone', message: 'too old' }, asked).code).toBe('KUBERNETES_EXPIRED');
  });

  it('takes a Status that says nothing for a failure of the server', () => {
    expect(statusToError({}, asked).code).toBe('KUBERNETES_UNAVAILABLE');
  });
});

describe('parseRetryAfter', () => {
  it.each([
    ['2', 2000],
    [' 0 ', 0],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %s at ten seconds past', (header, wait) => {
    expect(parseRetryAfter(header, 10_000)).toBe(wait);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import type { Simulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import type { RequestOptions } from '../client.js';
import { at, call, listOf } from '../client.js';

const NOW = Date.parse('2026-01-01T00:00:00.250Z');

let clock: ManualClock;
let simulator: Simulator;

beforeEach(async () => {
  clock = new ManualClock(NOW);
  simulator = createSimulator({ clock, seed: 7, passive: true });
  await simulator.start();
});
afterEach(async () => {
  await simulator.stop();
});

const api = (path: string, options?: RequestOptions) => call(`${simulator.url}${path}`, options);
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const podBody = (name: string) => ({
  metadata: { name, labels: { app: 'a' } },
  spec: { containers: [{ name: 'main', image: 'busybox:1.35' }] },
});
const deploymentBody = (name: string) => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'nginx', env: [{ name: 'A', value: '1' }] }] },
    },
  },
});

describe('creating', () => {
  it('completes a pod as the API server and its admission plugins do', async () => {
    const { status, text } = await api(pods, { method: 'POST', body: podBody('p1') });
    expect(status).toBe(201);
    const pod = simulator.objects.get(PODS, 'default', 'p1');
    const volume = (pod.spec.volumes as [{ name: string }])[0].name;
    expect(volume).toMatch(/^kube-api-access-[b-z2-9]{5}$/);
    // The bytes, for the order of the fields is part of it.
    expect(text).toBe(
      `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p1","namespace":"default","uid":"${pod.metadata.uid}","resourceVersion":"602","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"a"},"managedFields":[{"manager":"unknown","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"main\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}]},"spec":{"volumes":[{"name":"${volume}","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[{"name":"main","image":"busybox:1.35","resources":{},"volumeMounts":[{"name":"${volume}","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Pending","qosClass":"BestEffort"}}\n`,
    );
  });

  it('completes a Deployment', async () => {
    const { status, body } = await api(deployments, { method: 'POST', body: deploymentBody('web') });
    expect(status).toBe(201);
    expect(at(body, 'metadata')).toMatchObject({ generation: 1 });
    expect(at(body, 'spec')).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: { metadata: { creationTimestamp: null }, spec: { containers: [{ imagePullPolicy: 'Always' }] } },
    });
    expect(at(body, 'status')).toEqual({});
  });

  it('makes a name from generateName', async () => {
    const { body } = await api(pods, { method: 'POST', body: { ...podBody(''), metadata: { generateName: 'job-' } } });
    expect(at(body, 'metadata', 'name')).toMatch(/^job-[b-z2-9]{5}$/);
    expect(at(body, 'metadata', 'generateName')).toBe('job-');
  });

  it('says the quality-of-service class', async () => {
    const withResources = (name: string, resources: object) => {
      const body = podBody(name);
      return { ...body, spec: { containers: [{ name: 'main', image: 'i', resources }] } };
    };
    const limits = { cpu: '250m', memory: '64Mi' };
    const guaranteed = await api(pods, { method: 'POST', body: withResources('g', { limits }) });
    const burstable = await api(pods, { method: 'POST', body: withResources('b', { requests: limits }) });
    expect(at(guaranteed.body, 'status', 'qosClass')).toBe('Guaranteed');
    expect(at(guaranteed.body, 'spec', 'containers', '0')).toMatchObject({ resources: { limits, requests: limits } });
    expect(at(burstable.body, 'status', 'qosClass')).toBe('Burstable');
  });

  it('gives service pods a task id, as the webhook of KECS does', async () => {
    const service = { metadata: { name: 's', labels: { 'kecs.dev/service': 'web' } }, spec: podBody('s').spec };
    const own = {
      metadata: { name: 't', labels: { 'kecs.dev/service': 'web', 'kecs.dev/task-id': 'mine' } },
      spec: podBody('t').spec,
    };
    const made = await api(pods, { method: 'POST', body: service });
    const kept = await api(pods, { method: 'POST', body: own });
    expect(at(made.body, 'metadata', 'labels', 'kecs.dev/task-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(at(kept.body, 'metadata', 'labels', 'kecs.dev/task-id')).toBe('mine');
  });

  it('stores nothing in a dry run', async () => {
    const { status } = await api(`${pods}?dryRun=All`, { method: 'POST', body: podBody('dry') });
    expect(status).toBe(201);
    expect((await api(`${pods}/dry`)).status).toBe(404);
  });
});

describe('refusing, with the answers of a real API server', () => {
  it('404 for an object and for a namespace that are not there', async () => {
    expect((await api(`${pods}/none`)).text).toBe(
      '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \\"none\\" not found","reason":"NotFound","details":{"name":"none","kind":"pods"},"code":404}\n',
    );
    const nowhere = await api('/apis/apps/v1/namespaces/nowhere/deployments', {
      method: 'POST',
      body: deploymentBody('web'),
    });
    expect(nowhere.body).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
    const missing = await api(`${deployments}/none`);
    expect(at(missing.body, 'message')).toBe('deployments.apps "none" not found');
    expect(at(missing.body, 'details')).toEqual({ name: 'none', group: 'apps', kind: 'deployments' });
  });

  it('404 for a kind and for a group that are not served', async () => {
    expect((await api('/api/v1/namespaces/default/things')).body).toMatchObject({
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
    });
    const group = await api('/apis/none.example/v1/namespaces/default/things?watch=1');
    expect([group.status, group.headers['content-type'], group.text]).toEqual([
      404,
      'text/plain; charset=utf-8',
      '404 page not found\n',
    ]);
  });

  it('409 AlreadyExists', async () => {
    await api(pods, { method: 'POST', body: podBody('p1') });
    const { status, body } = await api(pods, { method: 'POST', body: podBody('p1') });
    expect(status).toBe(409);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "p1" already exists',
      reason: 'AlreadyExists',
      details: { name: 'p1', kind: 'pods' },
      code: 409,
    });
  });

  it('409 Conflict for an old resourceVersion', async () => {
    const { body: old } = await api(pods, { method: 'POST', body: podBody('p1') });
    simulator.objects.patch(PODS, 'default', 'p1', { metadata: { labels: { b: 'c' } } });
    const { status, body } = await api(`${pods}/p1`, { method: 'PUT', body: old });
    expect([status, at(body, 'reason'), at(body, 'message')]).toEqual([
      409,
      'Conflict',
      'Operation cannot be fulfilled on pods "p1": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  it('422 Invalid for a bad name, with its cause', async () => {
    const { status, body } = await api(pods, { method: 'POST', body: podBody('NOT_VALID') });
    expect(status).toBe(422);
    expect(at(body, 'message')).toContain(
      'Pod "NOT_VALID" is invalid: metadata.name: Invalid value: "NOT_VALID": a lowercase RFC 1123',
    );
    expect(at(body, 'details')).toMatchObject({
      name: 'NOT_VALID',
      kind: 'Pod',
      causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }],
    });
  });

  it('422 for what may not change', async () => {
    await api(pods, { method: 'POST', body: podBody('p1') });
    await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const merge = { 'content-type': 'application/merge-patch+json' };
    const pod = await api(`${pods}/p1`, {
      method: 'PATCH',
      headers: merge,
      body: { spec: { restartPolicy: 'Never' } },
    });
    expect(at(pod.body, 'details', 'causes')).toEqual([
      {
        reason: 'FieldValueForbidden',
        message:
          'Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)',
        field: 'spec',
      },
    ]);
    const selector = await api(`${deployments}/web`, {
      method: 'PATCH',
      headers: merge,
      body: { spec: { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } } },
    });
    expect(at(selector.body, 'message')).toBe(
      'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    );
  });

  it('422 for a Deployment whose selector does not meet its pods', async () => {
    const body = deploymentBody('web');
    const bad = { ...body, spec: { ...body.spec, selector: { matchLabels: { app: 'other' } } } };
    expect(at((await api(deployments, { method: 'POST', body: bad })).body, 'message')).toBe(
      'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    );
  });

  it('405 for a method, 415 for a patch, 400 for a body that cannot be understood', async () => {
    await api(pods, { method: 'POST', body: podBody('p1') });
    expect(at((await api(pods, { method: 'PUT', body: podBody('p1') })).body, 'reason')).toBe('MethodNotAllowed');
    expect((await api(`${pods}/p1`, { method: 'PATCH', body: {} })).status).toBe(415);
    const wrongKind = await api(pods, { method: 'POST', body: { ...podBody('p2'), kind: 'Deployment' } });
    expect([wrongKind.status, at(wrongKind.body, 'reason')]).toEqual([400, 'BadRequest']);
    const garbage = await api(pods, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      body: 1,
    });
    expect(at(garbage.body, 'reason')).toBe('UnsupportedMediaType');
  });
});

describe('changing', () => {
  it('raises the generation with the spec, not with labels or status', async () => {
    await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const url = `${deployments}/web`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const labelled = await api(url, { method: 'PATCH', headers: merge, body: { metadata: { labels: { a: 'b' } } } });
    const scaled = await api(url, { method: 'PATCH', headers: merge, body: { spec: { replicas: 3 } } });
    const reported = await api(`${url}/status`, {
      method: 'PATCH',
      headers: merge,
      body: { spec: { replicas: 9 }, status: { replicas: 1, observedGeneration: 2 } },
    });
    expect([labelled, scaled, reported].map(({ body }) => at(body, 'metadata', 'generation'))).toEqual([1, 2, 2]);
    expect(at(reported.body, 'spec', 'replicas')).toBe(3);
    expect(at(reported.body, 'status')).toEqual({ observedGeneration: 2, replicas: 1 });
  });

  it('leaves the version alone when nothing changes', async () => {
    const { body } = await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const again = await api(`${deployments}/web`, { method: 'PUT', body });
    expect(at(again.body, 'metadata', 'resourceVersion')).toBe(at(body, 'metadata', 'resourceVersion'));
  });

  it('does not take a status with the object', async () => {
    const { body } = await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const put = await api(`${deployments}/web`, { method: 'PUT', body: { ...body, status: { replicas: 7 } } });
    expect(at(put.body, 'status')).toEqual({});
  });

  it('merges a strategic patch by the names of containers and variables', async () => {
    await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const { body } = await api(`${deployments}/web`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: {
        spec: {
          template: {
            spec: {
              $setElementOrder: [],
              containers: [
                { name: 'main', image: 'nginx:2', env: [{ name: 'B', value: '2' }] },
                { name: 'side', image: 'busybox' },
              ],
            },
          },
        },
      },
    });
    expect(at(body, 'spec', 'template', 'spec', 'containers')).toMatchObject([
      {
        name: 'main',
        image: 'nginx:2',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      { name: 'side', image: 'busybox' },
    ]);
  });

  it('scales through the subresource', async () => {
    await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const { body: scale } = await api(`${deployments}/web/scale`);
    expect([at(scale, 'kind'), at(scale, 'spec'), at(scale, 'status')]).toEqual([
      'Scale',
      { replicas: 2 },
      { replicas: 0, selector: 'app=web' },
    ]);
    const put = await api(`${deployments}/web/scale`, { method: 'PUT', body: { ...scale, spec: { replicas: 4 } } });
    expect(at(put.body, 'spec')).toEqual({ replicas: 4 });
    expect(simulator.objects.get(DEPLOYMENTS, 'default', 'web')).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 4 },
    });
  });

  it('wants the version of a Lease that is replaced', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z' } };
    const { body } = await api(leases, { method: 'POST', body: lease });
    expect(at((await api(`${leases}/l`, { method: 'PUT', body: lease })).body, 'message')).toBe(
      'Lease.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    );
    const renewed = await api(`${leases}/l`, { method: 'PUT', body: { ...body, spec: { holderIdentity: 'b' } } });
    expect([renewed.status, at(renewed.body, 'spec')]).toEqual([200, { holderIdentity: 'b' }]);
    expect((await api(`${leases}/l`, { method: 'PUT', body: { ...body, spec: { holderIdentity: 'c' } } })).status).toBe(
      409,
    );
  });
});

describe('deleting', () => {
  it('removes a pod without a node at once, by way of a grace period of 0', async () => {
    await api(pods, { method: 'POST', body: podBody('p1') });
    const seen: unknown[] = [];
    simulator.objects.subscribe(PODS, ({ type, object }) =>
      seen.push([type, object.metadata.deletionTimestamp, object.metadata.deletionGracePeriodSeconds]),
    );
    const { status, body } = await api(`${pods}/p1`, { method: 'DELETE' });
    expect([status, at(body, 'kind')]).toEqual([200, 'Pod']);
    expect(seen).toEqual([
      ['MODIFIED', '2026-01-01T00:00:00Z', 0],
      ['DELETED', '2026-01-01T00:00:00Z', 0],
    ]);
  });

  it('gives a pod on a node its grace, in the future; a shorter one moves it back; 0 ends it', async () => {
    const body = { ...podBody('p1'), spec: { ...podBody('p1').spec, nodeName: 'node-1' } };
    await api(pods, { method: 'POST', body });
    const marks: unknown[] = [];
    for (const grace of [undefined, 30, 10, 20]) {
      const answer = await api(`${pods}/p1`, { method: 'DELETE', body: { gracePeriodSeconds: grace } });
      marks.push([
        at(answer.body, 'metadata', 'deletionTimestamp'),
        at(answer.body, 'metadata', 'deletionGracePeriodSeconds'),
      ]);
      clock.advance(1000);
    }
    expect(marks).toEqual([
      ['2026-01-01T00:00:30Z', 30],
      ['2026-01-01T00:00:30Z', 30],
      ['2026-01-01T00:00:10Z', 10],
      ['2026-01-01T00:00:10Z', 10],
    ]);
    await api(`${pods}/p1`, { method: 'DELETE', body: { gracePeriodSeconds: 0 } });
    expect((await api(`${pods}/p1`)).status).toBe(404);
  });

  it('answers with a Status when an object is gone at once', async () => {
    const { body: made } = await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const { body } = await api(`${deployments}/web`, { method: 'DELETE' });
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'web', group: 'apps', kind: 'deployments', uid: at(made, 'metadata', 'uid') },
    });
  });

  it('holds an object by its finalizers and by the propagation policy', async () => {
    await api(deployments, { method: 'POST', body: deploymentBody('web') });
    const { body } = await api(`${deployments}/web`, { method: 'DELETE', body: { propagationPolicy: 'Foreground' } });
    expect(at(body, 'metadata')).toMatchObject({
      generation: 2,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['foregroundDeletion'],
    });
    simulator.objects.patch(DEPLOYMENTS, 'default', 'web', { metadata: { finalizers: null } });
    expect((await api(`${deployments}/web`)).status).toBe(404);
  });

  it('minds preconditions', async () => {
    await api(pods, { method: 'POST', body: podBody('p1') });
    const { status, body } = await api(`${pods}/p1`, { method: 'DELETE', body: { preconditions: { uid: 'other' } } });
    expect([status, at(body, 'message')]).toEqual([
      409,
      expect.stringContaining('Precondition failed: UID in precondition: other'),
    ]);
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['p1', 'p2']) await api(pods, { method: 'POST', body: podBody(name) });
    await api(pods, { method: 'POST', body: { ...podBody('p3'), metadata: { name: 'p3', labels: { app: 'b' } } } });
    const { body } = await api(`${pods}?labelSelector=app%3Da`, { method: 'DELETE' });
    expect(listOf(body, 'items').map((item) => at(item, 'metadata', 'name'))).toEqual(['p1', 'p2']);
    expect(simulator.objects.list(PODS).map(({ metadata }) => metadata.name)).toEqual(['p3']);
  });
});

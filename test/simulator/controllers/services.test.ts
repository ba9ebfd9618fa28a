import { describe, expect, it } from 'vitest';
import { quotaExceeded } from '../../../src/simulator/api/admission.js';
import type { AdmissionHook } from '../../../src/simulator/api/admission.js';
import type { Resource } from '../../../src/simulator/resources.js';
import { DEPLOYMENTS, EVENTS, NAMESPACES, PODS, REPLICASETS } from '../../../src/simulator/resources.js';
import { container, NAMESPACE, PROBE, TestCluster } from '../cluster.js';

const condition = (cluster: TestCluster, type: string) =>
  cluster.web.status.conditions?.find((each) => each.type === type);
const images = (cluster: TestCluster) => cluster.pods().map(({ spec }) => spec.containers[0]?.image);
const sizes = (cluster: TestCluster) =>
  cluster
    .replicaSets()
    .sort((a, b) => Number(a.metadata.annotations?.[REVISION]) - Number(b.metadata.annotations?.[REVISION]))
    .map(({ metadata, spec, status }) => `rev${metadata.annotations?.[REVISION]}: ${spec.replicas}/${status.replicas}`);
const REVISION = 'deployment.kubernetes.io/revision';

describe('a rolling update', () => {
  it.each([
    [10, '25%', '25%', 13, 8],
    [4, '25%', '25%', 5, 3],
    [3, '0%', '1', 3, 2],
    [3, 1, 0, 4, 3],
    [3, '100%', '0%', 6, 3],
    [5, '0%', '0%', 5, 4],
    [1, '25%', '25%', 2, 1],
  ])(
    'of %i with maxSurge %s and maxUnavailable %s has at most %i pods and at least %i ready',
    (replicas, maxSurge, maxUnavailable, most, least) => {
      const unavailable = maxUnavailable === '1' ? 1 : maxUnavailable;
      const cluster = new TestCluster({ scripts: { main: { readyAfter: 2_000 } } });
      cluster.serve({
        replicas,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: unavailable } },
      });
      cluster.wait(15);
      const seen: { pods: number; ready: number }[] = [];
      cluster.simulator.objects.subscribe(DEPLOYMENTS, ({ object: { status } }) => {
        seen.push({ pods: status.replicas ?? 0, ready: status.readyReplicas ?? 0 });
      });
      cluster.deploy('web:2');
      cluster.wait(120);
      expect(images(cluster)).toEqual(Array(replicas).fill('web:2'));
      expect(condition(cluster, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
      expect(Math.max(...seen.map(({ pods }) => pods))).toBe(most);
      expect(Math.min(...seen.map(({ ready }) => ready))).toBe(least);
    },
  );

  it('goes back to the same ReplicaSet under a new revision, and keeps the history', () => {
    const cluster = new TestCluster();
    cluster.serve();
    cluster.wait(10);
    const first = cluster.replicaSets()[0]?.metadata;
    cluster.deploy('web:2');
    cluster.wait(60);
    cluster.deploy('web:1');
    cluster.wait(60);
    expect(sizes(cluster)).toEqual(['rev2: 0/0', 'rev3: 3/3']);
    const again = cluster.replicaSets().find(({ spec }) => spec.replicas === 3)?.metadata;
    expect([again?.uid, again?.annotations?.['deployment.kubernetes.io/revision-history']]).toEqual([first?.uid, '1']);
    expect(cluster.web.metadata.annotations?.[REVISION]).toBe('3');
  });

  it('keeps as many old ReplicaSets as it is told to', () => {
    const cluster = new TestCluster();
    cluster.serve({ replicas: 1, revisionHistoryLimit: 2 });
    for (let revision = 2; revision < 7; revision++) {
      cluster.wait(30);
      cluster.change({ template: { metadata: { annotations: { revision: String(revision) } } } });
    }
    cluster.wait(60);
    expect(sizes(cluster)).toEqual(['rev4: 0/0', 'rev5: 0/0', 'rev6: 1/1']);
  });

  it('scaled in the middle gives to old and new in proportion', () => {
    const cluster = new TestCluster({
      scriptFor: ({ spec }) => (spec.containers[0]?.image === 'web:2' ? { neverReady: true } : {}),
    });
    cluster.serve({ replicas: 8 });
    cluster.wait(10);
    cluster.deploy('web:2');
    cluster.wait(30);
    expect(sizes(cluster)).toEqual(['rev1: 6/6', 'rev2: 4/4']);
    cluster.change({ replicas: 16 });
    cluster.wait(30);
    expect(sizes(cluster)).toEqual(['rev1: 12/12', 'rev2: 8/8']);
    cluster.change({ replicas: 4 });
    cluster.wait(60);
    expect(sizes(cluster)).toEqual(['rev1: 3/3', 'rev2: 2/2']);
  });

  it('does not wait for pods that take long to go', () => {
    const cluster = new TestCluster({ scripts: { main: { ignoresTerm: true } } });
    cluster.serve({ replicas: 2 });
    cluster.wait(10);
    cluster.deploy('web:2');
    cluster.wait(15);
    expect(condition(cluster, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    const terminating = cluster.simulator.objects
      .list(PODS)
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(terminating).toHaveLength(2);
    expect(cluster.web.status.replicas).toBe(2);
  });
});

describe('the other ways of a Deployment', () => {
  it('Recreate takes all old pods down before the first new one', () => {
    const cluster = new TestCluster({ scripts: { main: { stopTime: 4_000 } } });
    cluster.serve({ strategy: { type: 'Recreate' } });
    cluster.wait(10);
    const together: unknown[] = [];
    cluster.simulator.objects.subscribe(PODS, () => {
      const present = new Set(cluster.simulator.objects.list(PODS).map(({ spec }) => spec.containers[0]?.image));
      if (present.size > 1) together.push([...present]);
    });
    cluster.deploy('web:2');
    cluster.wait(60);
    expect(images(cluster)).toEqual(['web:2', 'web:2', 'web:2']);
    expect(together).toEqual([]);
  });

  it('paused rolls nothing out until it is resumed', () => {
    const cluster = new TestCluster();
    cluster.serve();
    cluster.wait(10);
    cluster.change({ paused: true });
    cluster.wait(1);
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    cluster.deploy('web:2');
    cluster.wait(30);
    expect(images(cluster)).toEqual(['web:1', 'web:1', 'web:1']);
    cluster.change({ paused: false });
    cluster.wait(60);
    expect(images(cluster)).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('minReadySeconds: ready is not yet available', () => {
    const cluster = new TestCluster();
    cluster.serve({ replicas: 1, minReadySeconds: 10 });
    cluster.wait(6);
    expect([cluster.web.status.readyReplicas, cluster.web.status.availableReplicas]).toEqual([1, undefined]);
    cluster.wait(10);
    expect([cluster.web.status.readyReplicas, cluster.web.status.availableReplicas]).toEqual([1, 1]);
  });

  it('the deadline counts from the last progress, and a later success clears it', () => {
    const cluster = new TestCluster({ scripts: { main: { readyAfter: 40_000 } } });
    cluster.serve({ replicas: 1, progressDeadlineSeconds: 20 });
    cluster.wait(19);
    expect(condition(cluster, 'Progressing')?.reason).toBe('ReplicaSetUpdated');
    cluster.wait(4);
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    cluster.wait(30);
    expect(condition(cluster, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('losing pods later does not touch the progress', () => {
    const cluster = new TestCluster();
    cluster.serve();
    cluster.wait(10);
    const before = condition(cluster, 'Progressing');
    for (const { metadata } of cluster.pods()) cluster.deletePod(metadata.name);
    cluster.wait(1);
    expect(condition(cluster, 'Available')?.status).toBe('False');
    cluster.wait(20);
    expect(condition(cluster, 'Available')?.status).toBe('True');
    expect(condition(cluster, 'Progressing')).toEqual(before);
  });
});

describe('ReplicaSets', () => {
  it('give up the pods that are the least loss', () => {
    const cluster = new TestCluster({
      scriptFor: ({ metadata }) => ({ readyAfter: metadata.labels?.['slow'] === 'yes' ? 60_000 : 0 }),
    });
    cluster.serve({ replicas: 2 });
    cluster.wait(10);
    const old = cluster.pods().map(({ metadata }) => metadata.name);
    cluster.change({ replicas: 4 });
    cluster.wait(0.5);
    cluster.change({ replicas: 2 });
    cluster.wait(2);
    // The two new ones were not ready yet.
    expect(cluster.pods().map(({ metadata }) => metadata.name)).toEqual(old);
  });

  it('say why they cannot create pods, and try again', () => {
    let quota = 2;
    const hook: AdmissionHook = (resource, object) => {
      if (resource.kind === 'Pod' && quota-- <= 0) throw quotaExceeded(object, 'pods', 2);
      return object;
    };
    const cluster = new TestCluster({ hooks: [hook] });
    cluster.serve({ replicas: 4 });
    cluster.wait(2);
    const [replicaSet] = cluster.replicaSets();
    expect(replicaSet?.status).toMatchObject({
      replicas: 2,
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
    });
    expect(condition(cluster, 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    expect(replicaSet?.status.conditions?.[0]?.message).toMatch(
      /^pods "web-[^"]+" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=2, limited: pods=2$/,
    );
    expect(cluster.eventTexts('FailedCreate')[0]).toMatch(
      /^\d+ (\(combined from similar events\): )?Error creating: pods "web-/,
    );
    quota = 100;
    cluster.wait(30);
    expect(cluster.web.status.availableReplicas).toBe(4);
    expect(condition(cluster, 'ReplicaFailure')).toBeUndefined();
  });

  it('adopt pods that they select and that nobody owns', () => {
    const cluster = new TestCluster();
    cluster.serve({ replicas: 2 });
    cluster.wait(10);
    cluster.simulator.objects.delete(DEPLOYMENTS, NAMESPACE, 'web', { propagationPolicy: 'Orphan' });
    cluster.wait(2);
    const names = cluster.pods().map(({ metadata }) => metadata.name);
    cluster.serve({ replicas: 2 });
    cluster.wait(10);
    // The orphaned ReplicaSet has the same template: it is taken again, with its pods.
    expect(cluster.pods().map(({ metadata }) => metadata.name)).toEqual(names);
    expect(cluster.replicaSets().map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([
      cluster.web.metadata.uid,
    ]);
  });
});

describe('deletion', () => {
  it('Background: the Deployment and its ReplicaSets at once, the pods after their grace', () => {
    const cluster = new TestCluster();
    cluster.serve();
    cluster.wait(10);
    const { objects } = cluster.simulator;
    objects.delete(DEPLOYMENTS, NAMESPACE, 'web');
    cluster.wait(0.5);
    expect([objects.list(DEPLOYMENTS), objects.list(REPLICASETS), cluster.pods()]).toEqual([[], [], []]);
    expect(objects.list(PODS)).toHaveLength(3);
    cluster.wait(60);
    expect(objects.list(PODS)).toEqual([]);
  });

  it('Foreground: the pods first, the Deployment last', () => {
    const cluster = new TestCluster();
    cluster.serve({ replicas: 1 });
    cluster.wait(10);
    const { objects } = cluster.simulator;
    const gone: string[] = [];
    const kinds: readonly Resource[] = [DEPLOYMENTS, REPLICASETS, PODS];
    for (const resource of kinds) {
      objects.subscribe(resource, ({ type, object }) => {
        if (type === 'DELETED') gone.push(object.kind);
      });
    }
    objects.delete(DEPLOYMENTS, NAMESPACE, 'web', { propagationPolicy: 'Foreground' });
    expect(cluster.web.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:10Z',
      finalizers: ['foregroundDeletion'],
    });
    cluster.wait(60);
    expect(gone).toEqual(['Pod', 'ReplicaSet', 'Deployment']);
  });

  it('of a namespace: some seconds of silence, then everything, and Events too', () => {
    const cluster = new TestCluster();
    cluster.serve();
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(10);
    const { objects } = cluster.simulator;
    objects.delete(NAMESPACES, undefined, NAMESPACE);
    expect(objects.get(NAMESPACES, undefined, NAMESPACE).status).toEqual({ phase: 'Terminating' });
    expect(() => cluster.run('late', { containers: [container('main')] })).toThrow(
      `pods "late" is forbidden: unable to create new content in namespace ${NAMESPACE} because it is being terminated`,
    );
    cluster.wait(4);
    expect(cluster.pods()).toHaveLength(4);
    cluster.wait(60);
    expect([objects.list(PODS), objects.list(DEPLOYMENTS), objects.list(EVENTS)]).toEqual([[], [], []]);
    expect(objects.find(NAMESPACES, undefined, NAMESPACE)).toBeUndefined();
  });
});

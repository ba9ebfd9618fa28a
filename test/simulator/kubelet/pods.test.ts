import { describe, expect, it } from 'vitest';
import { SCRIPT_ANNOTATION } from '../../../src/simulator/kubelet/script.js';
import type { Pod } from '../../../src/simulator/objects.js';
import { PODS } from '../../../src/simulator/resources.js';
import { container, NAMESPACE, PROBE, TestCluster } from '../cluster.js';

const state = ({ status }: Pod, name: string) =>
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find((each) => each.name === name);
const condition = ({ status }: Pod, type: string) => status.conditions?.find((each) => each.type === type);

describe('what a container does', () => {
  it('is said by an annotation of its pod, for a name or for all', () => {
    const cluster = new TestCluster();
    const scripts = { main: { exitAfter: 1_000, exitCode: 7 }, '*': { exitAfter: 5_000 } };
    cluster.run(
      'task',
      { containers: [container('main'), container('other')] },
      { [SCRIPT_ANNOTATION]: JSON.stringify(scripts) },
    );
    cluster.wait(10);
    expect(state(cluster.pod('task'), 'main')?.state.terminated).toMatchObject({ exitCode: 7, reason: 'Error' });
    expect(state(cluster.pod('task'), 'other')?.state.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  });

  it.each([
    ['not JSON', '{', 'not JSON'],
    ['a field that is none', '{"main":{"exitsAfter":1}}', 'main: no such field: exitsAfter'],
    ['a value that is none', '{"main":{"exitAfter":"soon"}}', 'main.exitAfter: not "soon"'],
    ['a script that is none', '{"main":5}', 'the script of main must be an object'],
  ])('refuses a pod whose annotation is %s', (_what, annotation, why) => {
    const cluster = new TestCluster();
    expect(() => cluster.run('task', { containers: [container('main')] }, { [SCRIPT_ANNOTATION]: annotation })).toThrow(
      why,
    );
  });

  it.each([
    ['registry.example/job-exit4:1', { exitCode: 4 }],
    ['crash-test:1', { exitCode: 1, reason: 'Error' }],
    ['demo/oom:2', { exitCode: 137, reason: 'OOMKilled' }],
  ])('is said by the name of its image: %s', (image, expected) => {
    const cluster = new TestCluster();
    cluster.run('task', { containers: [container('main', { image })] });
    cluster.wait(20);
    expect(state(cluster.pod('task'), 'main')?.state.terminated).toMatchObject(expected);
  });

  it.each([
    ['nosuch/app:1', 'ImagePullBackOff'],
    ['org/missing-app', 'ImagePullBackOff'],
    ['denied/app:1', 'ImagePullBackOff'],
    ['Not A Valid:Image!', 'InvalidImageName'],
  ])('an image that cannot be had by its name: %s', (image, reason) => {
    const cluster = new TestCluster();
    cluster.run('task', { containers: [container('main', { image })] });
    cluster.wait(17);
    expect(state(cluster.pod('task'), 'main')?.state.waiting?.reason).toBe(reason);
  });

  it('is said by the program that uses the simulator, run by run', () => {
    const cluster = new TestCluster({
      scriptFor: (_pod, _name, restart) => (restart < 2 ? { exitAfter: 500, exitCode: 1 } : {}),
    });
    cluster.run('service', { restartPolicy: 'Always', containers: [container('main')] });
    cluster.wait(60);
    expect(state(cluster.pod('service'), 'main')).toMatchObject({
      restartCount: 2,
      ready: true,
      state: { running: {} },
      lastState: { terminated: { exitCode: 1 } },
    });
  });
});

describe('images', () => {
  it('are pulled once on each node, and always with the policy Always', () => {
    const cluster = new TestCluster({ nodes: 1, images: [], scriptFor: () => ({ pullTime: 1_234 }) });
    cluster.run('first', { containers: [container('main', { image: 'demo/app:1' })] });
    cluster.wait(5);
    cluster.run('second', { containers: [container('main', { image: 'demo/app:1' })] });
    cluster.run('third', { containers: [container('main', { image: 'demo/app:1', imagePullPolicy: 'Always' })] });
    cluster.wait(5);
    expect(cluster.eventTexts('Pulled')).toEqual([
      '1 Container image "demo/app:1" already present on machine',
      '1 Successfully pulled image "demo/app:1" in 1.234s',
      '1 Successfully pulled image "demo/app:1" in 1.234s',
    ]);
  });

  it('have their full name and a digest once they run', () => {
    const cluster = new TestCluster();
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(5);
    expect(state(cluster.pod('task'), 'main')).toMatchObject({
      image: 'docker.io/library/busybox:1.35',
      imageID: expect.stringMatching(/^docker\.io\/library\/busybox@sha256:[0-9a-f]{64}$/) as string,
      containerID: expect.stringMatching(/^containerd:\/\/[0-9a-f]{64}$/) as string,
    });
  });

  it('that fail a few times are there in the end', () => {
    const cluster = new TestCluster({
      images: [],
      scriptFor: () => ({ pullError: 'missing', pullFailures: 2, exitAfter: 1_000 }),
    });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(90);
    expect(cluster.pod('task').status.phase).toBe('Succeeded');
    expect(cluster.eventTexts('Pulling')).toEqual(['3 Pulling image "busybox:1.35"']);
  });
});

describe('restart policies', () => {
  it('OnFailure restarts what failed, and is done when all have succeeded', () => {
    const cluster = new TestCluster({
      scriptFor: (_pod, _name, restart) => ({ exitAfter: 500, exitCode: restart === 0 ? 1 : 0 }),
    });
    cluster.run('job', { restartPolicy: 'OnFailure', containers: [container('main')] });
    cluster.wait(30);
    expect(cluster.pod('job').status.phase).toBe('Succeeded');
    expect(state(cluster.pod('job'), 'main')).toMatchObject({
      restartCount: 1,
      state: { terminated: { exitCode: 0 } },
    });
  });

  it('Always waits ever longer for a container that crashes, up to five minutes', () => {
    const cluster = new TestCluster({ scripts: { main: { exitAfter: 100, exitCode: 1 } } });
    const delays = new Set<string>();
    cluster.simulator.objects.subscribe(PODS, ({ object }) => {
      const message = state(object, 'main')?.state.waiting?.message;
      const delay = /^back-off (\S+) restarting/.exec(message ?? '')?.[1];
      if (delay !== undefined) delays.add(delay);
    });
    cluster.run('service', { restartPolicy: 'Always', containers: [container('main')] });
    cluster.wait(1_800);
    expect([...delays]).toEqual(['10s', '20s', '40s', '1m20s', '2m40s', '5m0s']);
  });
});

describe('init containers and sidecars', () => {
  it('a native sidecar runs beside the main container, and is told to end after it', () => {
    const cluster = new TestCluster({
      scripts: { proxy: {}, setup: { exitAfter: 1_000 }, main: { exitAfter: 3_000 } },
    });
    const { objects } = cluster.simulator;
    const phases: unknown[] = [];
    objects.subscribe(PODS, ({ object }) => phases.push(object.status.phase));
    cluster.run('task', {
      initContainers: [container('proxy', { restartPolicy: 'Always' }), container('setup')],
      containers: [container('main')],
    });
    cluster.wait(4);
    expect(state(cluster.pod('task'), 'proxy')).toMatchObject({ ready: true, started: true, state: { running: {} } });
    expect(condition(cluster.pod('task'), 'Initialized')?.status).toBe('True');
    cluster.wait(20);
    expect(cluster.pod('task').status.phase).toBe('Succeeded');
    expect([...new Set(phases)]).toEqual(['Pending', 'Running', 'Succeeded']);
  });

  it('an init container that fails is tried again for ever with the policy Always', () => {
    const cluster = new TestCluster({ scripts: { setup: { exitAfter: 100, exitCode: 1 } } });
    cluster.run('service', {
      restartPolicy: 'Always',
      initContainers: [container('setup')],
      containers: [container('main')],
    });
    cluster.wait(120);
    expect(cluster.pod('service').status.phase).toBe('Pending');
    expect(state(cluster.pod('service'), 'setup')?.restartCount).toBeGreaterThan(2);
    expect(state(cluster.pod('service'), 'main')?.state).toEqual({
      waiting: { reason: 'PodInitializing', message: undefined },
    });
  });
});

describe('probes', () => {
  it('a container is ready when its probe succeeds, not before', () => {
    const cluster = new TestCluster({ scripts: { main: { readyAfter: 5_000 } } });
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(5);
    expect([cluster.pod('task').status.phase, condition(cluster.pod('task'), 'Ready')]).toMatchObject([
      'Running',
      { status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' },
    ]);
    cluster.wait(3);
    expect(condition(cluster.pod('task'), 'Ready')?.status).toBe('True');
    expect(cluster.eventTexts('Unhealthy')).toEqual(['4 Readiness probe failed: ']);
  });

  it('comes and goes with its script', () => {
    const cluster = new TestCluster({ scripts: { main: { readiness: { ready: 10_000, unready: 5_000 } } } });
    const seen: unknown[] = [];
    cluster.simulator.objects.subscribe(PODS, ({ object }) => seen.push(condition(object, 'Ready')?.status));
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(40);
    const changes = seen.filter((status, index) => status !== seen[index - 1] && status !== undefined);
    expect(changes).toEqual(['False', 'True', 'False', 'True', 'False', 'True']);
  });

  it('a failed health check restarts the container in place, and says so', () => {
    const cluster = new TestCluster({ scripts: { main: { livenessFailsAfter: 10_000 } } });
    const probes = { livenessProbe: { ...PROBE, periodSeconds: 2 }, readinessProbe: PROBE };
    cluster.run('service', { restartPolicy: 'Always', containers: [container('main', probes)] });
    cluster.wait(20);
    expect(state(cluster.pod('service'), 'main')).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(cluster.eventTexts('Killing')).toEqual(['1 Container main failed liveness probe, will be restarted']);
  });

  it('find nobody between the end of a container and its notice', () => {
    const cluster = new TestCluster({ scripts: { main: {} } });
    cluster.run('service', {
      restartPolicy: 'Always',
      containers: [container('main', { readinessProbe: { ...PROBE, periodSeconds: 1 } })],
    });
    cluster.wait(5);
    cluster.deletePod('service');
    cluster.wait(60);
    expect(cluster.eventTexts('Unhealthy')).toEqual([
      '1 Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state',
    ]);
  });
});

describe('deletion', () => {
  it('kills what does not listen when the grace is over, and sooner when that is shortened', () => {
    const cluster = new TestCluster({ scripts: { main: { ignoresTerm: true } } });
    for (const name of ['patient', 'hasty']) cluster.run(name, { containers: [container('main')] });
    cluster.wait(5);
    for (const name of ['patient', 'hasty']) cluster.deletePod(name);
    cluster.wait(2);
    cluster.deletePod('hasty', { gracePeriodSeconds: 1 });
    cluster.wait(5);
    expect(state(cluster.pod('patient'), 'main')?.state.running).toBeDefined();
    expect(cluster.simulator.objects.find(PODS, NAMESPACE, 'hasty')?.metadata.deletionTimestamp).toBe(
      '2026-01-01T00:00:06Z',
    );
    cluster.wait(60);
    expect(cluster.simulator.objects.list(PODS)).toEqual([]);
  });

  it('waits for finalizers', () => {
    const cluster = new TestCluster({ scripts: { main: {} } });
    const { objects } = cluster.simulator;
    objects.create(PODS, {
      metadata: { namespace: NAMESPACE, name: 'held', finalizers: ['example.com/hold'] },
      spec: { containers: [container('main')] },
    });
    cluster.wait(5);
    cluster.deletePod('held');
    cluster.wait(60);
    expect(cluster.pod('held').metadata.deletionGracePeriodSeconds).toBe(0);
    objects.patch(PODS, NAMESPACE, 'held', { metadata: { finalizers: null } });
    expect(objects.list(PODS)).toEqual([]);
  });
});

describe('harm from outside', () => {
  it('a container that is killed is an error with 137, and restarts', () => {
    const cluster = new TestCluster({ scripts: { main: {} } });
    cluster.run('service', { restartPolicy: 'Always', containers: [container('main')] });
    cluster.wait(5);
    expect(cluster.simulator.killContainer(NAMESPACE, 'service', 'main')).toBe(true);
    expect(cluster.simulator.killContainer(NAMESPACE, 'service', 'other')).toBe(false);
    cluster.wait(5);
    expect(state(cluster.pod('service'), 'main')).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, reason: 'Error' } },
    });
  });

  it('an evicted pod has a reason and nothing else', () => {
    const cluster = new TestCluster({ scripts: { main: {} } });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(5);
    expect(cluster.simulator.evictPod(NAMESPACE, 'task', 'The node was low on resource: memory. ')).toBe(true);
    cluster.wait(5);
    expect(cluster.pod('task').status).toEqual({
      phase: 'Failed',
      message: 'The node was low on resource: memory. ',
      reason: 'Evicted',
      startTime: '2026-01-01T00:00:00Z',
    });
  });
});

describe('nodes', () => {
  it('a lost node: not ready after 40 s with its containers ready, terminating after five minutes, gone when it is back', () => {
    const cluster = new TestCluster({ nodes: 1, scripts: { main: {} } });
    cluster.run('task', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.wait(5);
    cluster.simulator.loseNode('sim-node-1');
    cluster.wait(39);
    expect(condition(cluster.pod('task'), 'Ready')?.status).toBe('True');
    cluster.wait(2);
    expect(condition(cluster.pod('task'), 'Ready')?.status).toBe('False');
    expect(condition(cluster.pod('task'), 'ContainersReady')?.status).toBe('True');
    expect(state(cluster.pod('task'), 'main')).toMatchObject({ ready: true, state: { running: {} } });
    expect(cluster.eventTexts('NodeNotReady')).toEqual(['1 Node is not ready']);
    cluster.wait(300);
    expect(cluster.eventTexts('TaintManagerEviction')).toEqual([`1 Marking for deletion Pod ${NAMESPACE}/task`]);
    expect(cluster.pod('task').metadata.deletionGracePeriodSeconds).toBe(30);
    cluster.wait(600);
    expect(cluster.pod('task').status.phase).toBe('Running');
    cluster.simulator.recoverNode('sim-node-1');
    cluster.wait(60);
    expect(cluster.simulator.objects.list(PODS)).toEqual([]);
  });

  it('a node that is back in time: ready again, with a new time', () => {
    const cluster = new TestCluster({ nodes: 1, scripts: { main: { exitAfter: 120_000 } } });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(5);
    const before = condition(cluster.pod('task'), 'Ready')?.lastTransitionTime;
    cluster.simulator.loseNode('sim-node-1');
    cluster.wait(60);
    cluster.simulator.recoverNode('sim-node-1');
    cluster.wait(1);
    const after = condition(cluster.pod('task'), 'Ready');
    expect(after?.status).toBe('True');
    expect(after?.lastTransitionTime).not.toBe(before);
    cluster.wait(120);
    expect(cluster.pod('task').status.phase).toBe('Succeeded');
  });

  it('what ends while the node is lost is told when it is back', () => {
    const cluster = new TestCluster({ nodes: 1, scripts: { main: { exitAfter: 20_000, exitCode: 2 } } });
    cluster.run('task', { containers: [container('main')] });
    cluster.wait(5);
    cluster.simulator.loseNode('sim-node-1');
    cluster.wait(60);
    expect(cluster.pod('task').status.phase).toBe('Running');
    cluster.simulator.recoverNode('sim-node-1');
    cluster.wait(1);
    expect(cluster.pod('task').status.phase).toBe('Failed');
    expect(state(cluster.pod('task'), 'main')?.state.terminated).toMatchObject({
      exitCode: 2,
      finishedAt: '2026-01-01T00:00:20Z',
    });
  });

  it('a kubelet that starts anew flaps the readiness of pods with probes, and of no others', () => {
    const cluster = new TestCluster({ nodes: 1, scripts: { main: {} } });
    cluster.run('probed', { containers: [container('main', { readinessProbe: PROBE })] });
    cluster.run('plain', { containers: [container('main')] });
    cluster.wait(5);
    const seen: unknown[] = [];
    cluster.simulator.objects.subscribe(PODS, ({ object }) =>
      seen.push([object.metadata.name, condition(object, 'Ready')?.status]),
    );
    cluster.simulator.restartKubelet('sim-node-1');
    cluster.wait(5);
    expect(seen).toEqual([
      ['probed', 'False'],
      ['probed', 'True'],
    ]);
  });
});

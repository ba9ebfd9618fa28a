/**
 * What one look at a pod says.
 */
import { describe, expect, it } from 'vitest';
import type { ContainerDefinition, ContainerFacts, TaskFacts } from '../../machines/task/task.types.js';
import { containerDefinitions } from '../../src/observe/containers.js';
import { observePod } from '../../src/observe/pod.js';
import { object } from '../../src/observe/raw.js';
import {
  EPOCH_SECONDS,
  IMAGE_DIGEST,
  NGINX,
  RUNTIME_ID,
  lost,
  restarted,
  runTaskPod,
  running,
  terminated,
  waiting,
  withStatus,
} from './raw-pods.js';
import type { Raw, RawContainerStatus, StatusParts } from './raw-pods.js';
import { recorded } from './recorded.js';

const at = (second: number): number => (EPOCH_SECONDS + second) * 1000;
const definitionsOf = (pod: Raw): readonly ContainerDefinition[] =>
  containerDefinitions(object(pod['spec']), object(object(pod['metadata'])['annotations']));
const look = (pod: Raw): TaskFacts => observePod(object(pod['metadata']), object(pod['status']), definitionsOf(pod));
const see = (parts: StatusParts, pod: Raw = runTaskPod()): TaskFacts => look(withStatus(pod, parts));
/** What is said of the one container in this status. */
const container = (status: RawContainerStatus): ContainerFacts | undefined =>
  see({ containers: { nginx: status } }).containers[0];

const CREATED = { runtimeId: RUNTIME_ID, imageDigest: IMAGE_DIGEST };
const ABSENT = { name: 'nginx', state: 'absent', hasStarted: false, ready: false, restartCount: 0 };

describe('a pod', () => {
  it('that was just created says nothing but its phase', () => {
    expect(see({ phase: 'Pending' })).toEqual({ phase: 'Pending', scheduled: false, containers: [ABSENT] });
  });

  it('that runs says when, where, and of its containers', () => {
    const facts = see({
      phase: 'Running',
      scheduled: true,
      startTime: 1,
      podIP: '10.244.0.40',
      ready: ['True', 3],
      containers: { nginx: running(2) },
    });
    expect(facts).toEqual({
      phase: 'Running',
      scheduled: true,
      startTime: at(1),
      podIp: '10.244.0.40',
      ready: { status: 'True', at: at(3) },
      containers: [
        {
          name: 'nginx',
          state: 'running',
          hasStarted: true,
          ready: true,
          restartCount: 0,
          startedAt: at(2),
          ...CREATED,
        },
      ],
    });
  });

  it.each([
    [{ phase: 'Succeeded' }, 'Succeeded'],
    [{ phase: 'Odd' }, 'Unknown'],
    [{ phase: 7 }, 'Unknown'],
    [{}, 'Unknown'],
  ])('in the status %j is in phase %s', (status, phase) => expect(observePod({}, status, []).phase).toBe(phase));

  it('is placed by its condition, by its start, or by its node', () => {
    expect(see({ scheduled: false }).scheduled).toBe(false);
    expect(see({ scheduled: true }).scheduled).toBe(true);
    expect(see({ startTime: 1 }).scheduled).toBe(true);
    expect(observePod({}, { phase: 'Pending' }, [], 'node-1').scheduled).toBe(true);
  });

  it('that is being deleted was asked to before its grace period', () => {
    expect(see({ deletion: { askedSecond: 20, graceSeconds: 30 } }).deletion).toEqual({
      requestedAt: at(20),
      graceSeconds: 30,
    });
    const metadata = { deletionTimestamp: '2026-01-01T00:00:20Z' };
    expect(observePod(metadata, {}, []).deletion).toEqual({ requestedAt: at(20), graceSeconds: 0 });
    expect(observePod({ ...metadata, deletionGracePeriodSeconds: '30' }, {}, []).deletion?.graceSeconds).toBe(0);
  });

  it('says why it was ended', () => {
    expect(see({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' })).toMatchObject({
      reason: 'Evicted',
      message: 'low on memory',
    });
    expect(see({ disruption: 'EvictionByEvictionAPI' }).disruption).toEqual({ reason: 'EvictionByEvictionAPI' });
    const condition = { type: 'DisruptionTarget', status: 'False', reason: 'EvictionByEvictionAPI' };
    expect(observePod({}, { conditions: [condition] }, []).disruption).toBeUndefined();
  });

  it('says which init container ended it', () => {
    const initContainers = { artifacts: terminated(0, 1), migrate: terminated(4, 2) };
    expect(see({ phase: 'Failed', initContainers }).initFailure).toBe('init container migrate exited with code 4');
    expect(see({ phase: 'Pending', initContainers }).initFailure).toBeUndefined();
    const repeated = { migrate: restarted(waiting('CrashLoopBackOff'), terminated(4, 2)) };
    expect(see({ phase: 'Failed', initContainers: repeated }).initFailure).toBe(
      'init container migrate exited with code 4',
    );
    // A native sidecar is a container of the task.
    const pod = runTaskPod({
      spec: { containers: [NGINX], initContainers: [{ ...NGINX, name: 'mesh', restartPolicy: 'Always' }] },
    });
    expect(see({ phase: 'Failed', initContainers: { mesh: terminated(4, 2) } }, pod)).toMatchObject({
      containers: [
        { name: 'nginx', state: 'absent' },
        { name: 'mesh', state: 'terminated', exitCode: 4 },
      ],
    });
    expect(see({ phase: 'Failed', initContainers: { mesh: terminated(4, 2) } }, pod).initFailure).toBeUndefined();
  });

  it('whose readiness gate is closed is not one on a lost node', () => {
    const gate = { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady' };
    expect(observePod({}, { conditions: [gate] }, []).ready).toBeUndefined();
    const notReady = { type: 'Ready', status: 'False', reason: 'ContainersNotReady' };
    expect(observePod({}, { conditions: [notReady] }, []).ready).toEqual({ status: 'False' });
    expect(observePod({}, { conditions: [{ type: 'Ready', status: 'Perhaps' }] }, []).ready).toBeUndefined();
  });
});

describe('containers', () => {
  it('come in the order of the specification, though the kubelet sorts their statuses', () => {
    const pod = runTaskPod({ spec: { containers: [NGINX, { ...NGINX, name: 'api-nonessential' }] } });
    const facts = see({ containers: { nginx: running(2), 'api-nonessential': terminated(1, 3) } }, pod);
    expect(facts.containers.map(({ name, state }) => [name, state])).toEqual([
      ['nginx', 'running'],
      ['api', 'terminated'],
    ]);
  });

  it('that wait say for what', () => {
    expect(container(waiting('ErrImagePull', 'not found'))).toEqual({
      ...ABSENT,
      state: 'waiting',
      reason: 'ErrImagePull',
      message: 'not found',
    });
    expect(container({ state: {} })).toEqual({ ...ABSENT, state: 'waiting' });
    expect(container({})).toEqual({ ...ABSENT, state: 'waiting' });
  });

  it('that exited say how', () => {
    const started = { name: 'nginx', ready: false, restartCount: 0, hasStarted: true, startedAt: at(2), ...CREATED };
    expect(container(terminated(0, 9))).toEqual({
      ...started,
      state: 'terminated',
      reason: 'Completed',
      exitCode: 0,
      finishedAt: at(9),
    });
    expect(container(terminated(137, 9, { reason: 'OOMKilled', message: 'too much' }))).toEqual({
      ...started,
      state: 'terminated',
      reason: 'OOMKilled',
      message: 'too much',
      exitCode: 137,
      finishedAt: at(9),
    });
  });

  it.each(['StartError', 'ContainerCannotRun', 'CreateContainerError', 'CreateContainerConfigError'])(
    'that could not be started never ran, and have no exit code: %s',
    (reason) => {
      const never = {
        state: {
          terminated: { exitCode: 128, reason, startedAt: '1970-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:09Z' },
        },
        ready: false,
        restartCount: 0,
      };
      expect(container(never)).toEqual({ ...ABSENT, state: 'terminated', reason });
      const again = { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: never.state, restartCount: 2 };
      expect(container(again)).toEqual({ ...ABSENT, state: 'waiting', reason: 'CrashLoopBackOff', restartCount: 2 });
    },
  );

  it('that the kubelet lost did run, with a code that nobody knows', () => {
    expect(container(lost())).toEqual({
      ...ABSENT,
      state: 'waiting',
      reason: 'ContainerCreating',
      hasStarted: true,
      last: { reason: 'ContainerStatusUnknown' },
    });
    const unknown = {
      terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null },
    };
    expect(container({ state: unknown })).toEqual({
      ...ABSENT,
      state: 'terminated',
      reason: 'ContainerStatusUnknown',
      hasStarted: true,
    });
  });

  it('that were restarted say how the last run ended', () => {
    expect(container(restarted(running(19), terminated(3, 9), 2))).toMatchObject({
      state: 'running',
      hasStarted: true,
      restartCount: 2,
      last: { exitCode: 3, reason: 'Error', finishedAt: at(9) },
    });
  });

  it.each([
    ['containerd://abc', 'docker.io/library/nginx@sha256:00ff', 'abc', 'sha256:00ff'],
    ['docker://abc', 'docker-pullable://nginx@sha256:00ff', 'abc', 'sha256:00ff'],
    ['abc', 'sha256:00ff', 'abc', 'sha256:00ff'],
    ['', '', undefined, undefined],
    [7, 'nginx:latest', undefined, undefined],
  ])('have the id of %j and the digest of %j', (containerID, imageID, runtimeId, imageDigest) => {
    const facts = container({ state: { waiting: {} }, containerID, imageID });
    expect([facts?.runtimeId, facts?.imageDigest]).toEqual([runtimeId, imageDigest]);
  });
});

describe('pods of a real cluster', () => {
  const last = (recording: string): TaskFacts => {
    const pod = recorded(recording, 'pods').at(-1)?.event.object;
    if (pod === undefined) throw new Error(`${recording} has no pod`);
    return look(pod);
  };

  it('an evicted one has a reason and a message, and neither conditions nor containers', () => {
    expect(last('evicted-storage')).toEqual({
      phase: 'Failed',
      scheduled: true,
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "d" exceeds the limit "4Mi". ',
      startTime: expect.any(Number),
      containers: [{ name: 'main', state: 'absent', hasStarted: false, ready: false, restartCount: 0 }],
    });
  });

  it('one over its deadline is Failed with its container still running', () => {
    expect(last('deadline-exceeded')).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      containers: [{ state: 'running' }],
    });
  });

  it('a process that could not be started has 1970 as its start: it never ran', () => {
    const [main] = last('start-error').containers;
    expect(main).toMatchObject({ state: 'terminated', reason: 'StartError', hasStarted: false });
    expect(main).not.toHaveProperty('exitCode');
    expect(main).not.toHaveProperty('startedAt');
  });
});

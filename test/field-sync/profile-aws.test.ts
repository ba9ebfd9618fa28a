/**
 * Profile `aws`: what Amazon ECS does, where the sync document reads otherwise; one test a row of machines/semantics.ts, by its number.
 */
import { describe, expect, it } from 'vitest';
import { NGINX, restarted, runTaskPod, running, terminated, waiting } from '../observe/raw-pods.js';
import type { Raw, RawContainerStatus } from '../observe/raw-pods.js';
import { CREATED, CREATING, PLACED, RUNNING, deleted, ended, preparing, started } from './looks.js';
import { WatchedTask, at, seenAt } from './watched-task.js';

const PROXY = { ...NGINX, name: 'proxy' };
const twoContainers = () => runTaskPod({ spec: { containers: [NGINX, PROXY] } });
const registered = () => runTaskPod({ labels: { 'kecs.io/elbv2-target-group-name': 'web' } });
const onBridge = () => runTaskPod({ annotations: { 'ecs.amazonaws.com/network-mode': 'bridge' } });
const watch = (pod: Raw) => new WatchedTask(pod, 'aws');
const bothRunning = started({ nginx: running(2), proxy: running(2) });
const lookAt = (nginx: RawContainerStatus, proxy: RawContainerStatus) => started({ nginx, proxy }, ['False', 4]);

describe('profile aws', () => {
  it('row 1 PROVISIONING: not placed, no network yet', () => {
    const task = watch(runTaskPod()).see(0, CREATED).see(1, { phase: 'Pending', scheduled: false });
    expect(task.history).toBe('PROVISIONING');
    expect(task.see(2, PLACED).history).toBe('PROVISIONING PENDING');
  });

  it('row 2 PENDING: placed, until every container has started', () => {
    const task = watch(twoContainers()).see(2, preparing({ nginx: running(2), proxy: waiting('ErrImagePull') }));
    expect(task.lastStatus).toBe('PENDING');
  });

  it('row 3 ACTIVATING: started, registrations pending; skipped when there are none', () => {
    const notReady = started({ nginx: running(2, { ready: false }) }, ['False', 1]);
    expect(watch(registered()).see(2, notReady).see(5, RUNNING).history).toBe('ACTIVATING RUNNING');
    expect(watch(runTaskPod()).see(2, notReady).see(5, RUNNING).history).toBe('RUNNING');
  });

  it('row 4 RUNNING: every container has started', () => {
    const task = watch(twoContainers());
    task.see(3, lookAt(running(2, { ready: false }), running(2, { ready: false })));
    expect(task.lastStatus).toBe('RUNNING');
  });

  it('row 5 DEACTIVATING: deregistering and draining, before any signal; only with registrations', () => {
    expect(watch(registered()).see(3, RUNNING).see(20, deleted(RUNNING, 20)).lastStatus).toBe('DEACTIVATING');
    expect(watch(runTaskPod()).see(3, RUNNING).see(20, deleted(RUNNING, 20)).lastStatus).toBe('STOPPING');
  });

  it('row 6 STOPPING: a StopTask answers with lastStatus RUNNING and desiredStatus STOPPED; then the containers are signalled', () => {
    const task = watch(runTaskPod()).see(3, RUNNING).stopTask(20, 'drill');
    expect(task.pick('lastStatus', 'desiredStatus', 'stopCode', 'stoppedReason', 'stoppingAt', 'version')).toEqual({
      lastStatus: 'RUNNING',
      desiredStatus: 'STOPPED',
      stopCode: 'UserInitiated',
      stoppedReason: 'drill',
      stoppingAt: seenAt(20),
      version: 2,
    });
    task.stopTask(21, 'again').see(22, deleted(RUNNING, 21));
    expect(task.pick('lastStatus', 'stoppedReason', 'stoppingAt', 'version')).toEqual({
      lastStatus: 'STOPPING',
      stoppedReason: 'drill',
      stoppingAt: seenAt(20),
      version: 3,
    });
  });

  it('row 7 DEPROVISIONING: every container ended, until the network interface is gone', () => {
    const over = deleted(started({ nginx: terminated(0, 24) }, ['False', 24]), 20);
    const task = watch(runTaskPod()).see(3, RUNNING).see(20, deleted(RUNNING, 20)).see(25, over);
    expect(task.history).toBe('RUNNING STOPPING DEPROVISIONING');
    expect(task.json['attachments']).toMatchObject([{ status: 'ATTACHED' }]);
    expect(task.missing(31).json['attachments']).toMatchObject([{ status: 'DELETED' }]);
    // Without an interface of its own there is nothing to wait for but the kubelet.
    expect(watch(onBridge()).see(3, RUNNING).see(25, over).lastStatus).toBe('STOPPING');
  });

  it('row 8 STOPPED: the pod is gone, or phase Succeeded or Failed without a deletion', () => {
    expect(watch(runTaskPod()).see(3, RUNNING).missing(30).lastStatus).toBe('STOPPED');
    expect(watch(runTaskPod()).see(3, RUNNING).see(9, ended(0, 9)).lastStatus).toBe('STOPPED');
    expect(
      watch(runTaskPod())
        .see(3, RUNNING)
        .see(22, deleted(ended(0, 21), 20)).lastStatus,
    ).toBe('DEPROVISIONING');
  });

  it('row 9 startedAt: the transition to RUNNING', () => {
    const task = watch(twoContainers()).see(2, preparing({ nginx: running(2), proxy: waiting('ContainerCreating') }));
    expect(task.pick('startedAt')).toEqual({});
    expect(task.see(5, bothRunning).see(9, bothRunning).pick('startedAt')).toEqual({ startedAt: seenAt(5) });
    // Never RUNNING: no startedAt, though a container ran.
    const failed = watch(twoContainers()).see(2, preparing({ nginx: running(2), proxy: waiting('ErrImagePull') }));
    expect(failed.missing(9).pick('startedAt')).toEqual({});
  });

  it('row 10 executionStoppedAt, stoppedAt: the first essential exit, the transition to STOPPED; stoppingAt for exits too', () => {
    const times = ['executionStoppedAt', 'stoppingAt', 'stoppedAt'];
    const task = watch(twoContainers()).see(3, bothRunning).see(21, deleted(bothRunning, 20));
    task.see(25, deleted(lookAt(terminated(0, 22), terminated(0, 24)), 20));
    expect(task.pick(...times)).toEqual({ executionStoppedAt: at(22), stoppingAt: at(20) });
    expect(task.missing(31).pick(...times)).toEqual({
      executionStoppedAt: at(22),
      stoppingAt: at(20),
      stoppedAt: seenAt(31),
    });
    const exited = watch(runTaskPod()).see(3, RUNNING).see(10, ended(1, 9));
    expect(exited.pick(...times)).toEqual({
      executionStoppedAt: at(9),
      stoppingAt: seenAt(10),
      stoppedAt: seenAt(10),
    });
  });

  it('row 10 executionStoppedAt: a crash that the kubelet answers with a restart is no end', () => {
    const task = watch(runTaskPod({ spec: { restartPolicy: 'Always' } })).see(3, RUNNING);
    task.see(9, started({ nginx: terminated(1, 9) }, ['False', 9]));
    task.see(20, started({ nginx: restarted(running(19), terminated(1, 9)) }, ['True', 20]));
    expect(task.pick('lastStatus', 'executionStoppedAt')).toEqual({ lastStatus: 'RUNNING' });
  });

  it("row 10 stoppedAt: not before executionStoppedAt, though the node's clock is ahead of ours", () => {
    const task = watch(runTaskPod()).see(3, RUNNING).see(9, ended(0, 12));
    expect(task.pick('executionStoppedAt', 'stoppedAt')).toEqual({ executionStoppedAt: at(12), stoppedAt: at(12) });
  });

  it("row 11 connectivity: the node's channel, from placement on; lost with the node, lastStatus untouched", () => {
    const task = watch(runTaskPod()).see(0, CREATED);
    const now = () => task.pick('connectivity', 'connectivityAt', 'lastStatus');
    expect(now()).toEqual({ lastStatus: 'PROVISIONING' });
    task.see(1, CREATING);
    expect(now()).toEqual({ lastStatus: 'PENDING', connectivity: 'CONNECTED', connectivityAt: seenAt(1) });
    task.see(3, RUNNING);
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'CONNECTED', connectivityAt: seenAt(1) });
    task.see(60, started({ nginx: running(2) }, ['False', 59]));
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'DISCONNECTED', connectivityAt: seenAt(1) });
    task.see(80, started({ nginx: running(2) }, ['True', 79]));
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'CONNECTED', connectivityAt: at(79) });
  });

  it('row 11 connectivity: a task first seen on a lost node is DISCONNECTED, however often it is seen', () => {
    const lostNode = started({ nginx: running(2) }, ['False', 59]);
    const task = watch(runTaskPod()).see(60, lostNode).see(61, lostNode);
    expect(task.pick('connectivity', 'version')).toEqual({ connectivity: 'DISCONNECTED', version: 1 });
  });

  it('row 18: an essential container ends while others run on: desiredStatus STOPPED at once, STOPPING until the rest has ended', () => {
    const task = watch(twoContainers())
      .see(3, bothRunning)
      .see(9, lookAt(terminated(1, 9), running(2)));
    expect(task.pick('lastStatus', 'desiredStatus', 'stopCode', 'stoppedReason', 'stoppingAt')).toEqual({
      lastStatus: 'STOPPING',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      stoppingAt: seenAt(9),
    });
    expect(task.cause).toBe('an essential container ended; nginx exited with 1 (Error), proxy is running and ready');
    task.see(12, lookAt(terminated(1, 9), terminated(143, 12)));
    expect(task.history).toBe('RUNNING STOPPING DEPROVISIONING');
    task.see(13, { ...lookAt(terminated(1, 9), terminated(143, 12)), phase: 'Failed' });
    expect(task.history).toBe('RUNNING STOPPING DEPROVISIONING STOPPED');
  });

  it.each([
    [
      'OOMKilled',
      terminated(137, 9, { reason: 'OOMKilled' }),
      'OutOfMemoryError: Container killed due to memory usage',
    ],
    ['ErrImagePull', waiting('ErrImagePull', 'not found'), 'CannotPullContainerError: not found'],
    ['InvalidImageName', waiting('InvalidImageName'), 'CannotPullContainerError: InvalidImageName'],
    [
      'CreateContainerConfigError',
      waiting('CreateContainerConfigError', 'secret "db" not found'),
      'CannotCreateContainerError: secret "db" not found',
    ],
    [
      'StartError',
      terminated(128, 9, { reason: 'StartError', message: 'no such file' }),
      'CannotStartContainerError: no such file',
    ],
    ['ContainerCreating', waiting('ContainerCreating'), undefined],
    ['Completed', terminated(0, 9), undefined],
    ['Error with a message', terminated(1, 9, { message: 'panic: boom' }), 'panic: boom'],
  ])("row 20 containers[].reason: the ECS agent's names (%s)", (_, status, reason) => {
    expect(
      watch(runTaskPod())
        .see(9, started({ nginx: status }, ['False', 1]))
        .container()['reason'],
    ).toBe(reason);
  });

  it('row 20 containers[].reason: the text of the Event that told of the failed pull, when there is one', () => {
    const message = 'Failed to pull image "nginx:latest": not found';
    const task = watch(runTaskPod()).see(1, CREATING);
    task.event({ reason: 'Failed', message, container: 'nginx', firstSecond: 2 });
    task.see(9, preparing({ nginx: waiting('ImagePullBackOff', 'Back-off pulling image "nginx:latest"') }));
    expect(task.container()['reason']).toBe(`CannotPullContainerError: ${message}`);
  });
});

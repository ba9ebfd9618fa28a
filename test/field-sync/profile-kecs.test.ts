/**
 * Profile `kecs`: what the sync document leaves open is settled by the rows of machines/semantics.ts; one test a row, by its number.
 */
import { describe, expect, it } from 'vitest';
import { NGINX, lost, restarted, runTaskPod, running, terminated, waiting } from '../observe/raw-pods.js';
import type { RawContainerStatus } from '../observe/raw-pods.js';
import { CREATED, CREATING, PLACED, RUNNING, deleted, ended, preparing, started } from './looks.js';
import { WatchedTask, at, seenAt } from './watched-task.js';

const PROXY = { ...NGINX, name: 'proxy' };
const twoContainers = () => runTaskPod({ spec: { containers: [NGINX, PROXY] } });
const restarting = () => runTaskPod({ spec: { restartPolicy: 'Always' } });
const bothRunning = started({ nginx: running(2), proxy: running(2) });
/** A task of two containers that was RUNNING from second 3. */
const runningTask = () => new WatchedTask(twoContainers()).see(3, bothRunning);
const lookAt = (nginx: RawContainerStatus, proxy: RawContainerStatus) => started({ nginx, proxy }, ['False', 4]);

describe('profile kecs', () => {
  it('row 1 PROVISIONING: not scheduled, or scheduled and no container status yet', () => {
    const task = new WatchedTask(runTaskPod()).see(0, CREATED);
    expect(task.see(1, { phase: 'Pending', scheduled: false }).see(2, PLACED).history).toBe('PROVISIONING');
    expect(task.cause).toBe(`pod ${String(task.json['taskArn']).split('/').at(-1)} was created`);
    expect(task.see(3, CREATING).history).toBe('PROVISIONING PENDING');
  });

  it.each(['ContainerCreating', 'PodInitializing', 'ErrImagePull', 'CreateContainerConfigError', 'RunContainerError'])(
    'row 2 PENDING: none has started yet, whatever the phase (%s)',
    (reason) => {
      expect(new WatchedTask(runTaskPod()).see(1, preparing({ nginx: waiting(reason) })).lastStatus).toBe('PENDING');
      const look = { ...preparing({ nginx: waiting(reason) }), phase: 'Running' };
      expect(new WatchedTask(restarting()).see(1, look).lastStatus).toBe('PENDING');
    },
  );

  it('row 3 ACTIVATING: at least one has started, not yet all ready; one that is down again still counts', () => {
    const oneRuns = preparing({ nginx: running(2), proxy: waiting('ErrImagePull') });
    expect(new WatchedTask(twoContainers()).see(2, oneRuns).lastStatus).toBe('ACTIVATING');
    const oneEnded = preparing({ nginx: terminated(0, 3), proxy: waiting('ErrImagePull') });
    expect(new WatchedTask(twoContainers()).see(3, oneEnded).lastStatus).toBe('ACTIVATING');
    const crashed = preparing({ nginx: restarted(waiting('CrashLoopBackOff'), terminated(1, 3)), proxy: waiting('x') });
    expect(new WatchedTask(twoContainers()).see(3, crashed).lastStatus).toBe('ACTIVATING');
    // Nothing in this look says that it ran, but an earlier one did.
    const task = new WatchedTask(twoContainers()).see(2, oneRuns);
    expect(task.see(3, preparing({ nginx: waiting('x'), proxy: waiting('x') })).lastStatus).toBe('ACTIVATING');
  });

  it('row 4 RUNNING: Running and every container ready, the first time; readiness lost later is health (T5)', () => {
    const task = new WatchedTask(twoContainers());
    task.see(3, started({ nginx: running(2), proxy: running(2, { ready: false }) }, ['False', 1]));
    task.see(4, bothRunning);
    task.see(9, started({ nginx: running(2, { ready: false }), proxy: running(2) }, ['False', 9]));
    task.see(12, lookAt(waiting('CrashLoopBackOff'), running(2)));
    expect(task.history).toBe('ACTIVATING RUNNING');
  });

  it('row 5 DEACTIVATING: deletion asked for, phase Running, at least one container running and none ended', () => {
    const task = runningTask().see(20, deleted(bothRunning, 20));
    expect(task.pick('lastStatus', 'desiredStatus', 'stoppingAt')).toEqual({
      lastStatus: 'DEACTIVATING',
      desiredStatus: 'STOPPED',
      stoppingAt: at(20),
    });
    expect(task.cause).toBe('the pod is being deleted (grace period 30 s)');
  });

  it('row 6 STOPPING: at once on a StopTask', () => {
    expect(runningTask().stopTask(20, 'drill').pick('lastStatus', 'desiredStatus')).toEqual({
      lastStatus: 'STOPPING',
      desiredStatus: 'STOPPED',
    });
  });

  it.each([
    ['a container has ended', deleted(lookAt(terminated(143, 21), running(2)), 20)],
    ['a container is waiting', deleted(preparing({ nginx: running(2), proxy: waiting('ImagePullBackOff') }), 20)],
    ['there was none yet', deleted(PLACED, 20)],
    ['all have ended and the kubelet has not let go', deleted(lookAt(terminated(143, 21), terminated(0, 22)), 20)],
  ])('row 6 STOPPING: under deletion when %s', (_, look) => {
    expect(new WatchedTask(twoContainers()).see(22, look).lastStatus).toBe('STOPPING');
  });

  it('row 7 DEPROVISIONING: under deletion, no container running, and the kubelet has let go', () => {
    const task = runningTask().see(20, deleted(bothRunning, 20));
    task.see(25, deleted(lookAt(terminated(0, 22), terminated(0, 24)), 20));
    task.see(31, deleted(lookAt(terminated(0, 22), terminated(0, 24)), 20, 0));
    expect(task.history).toBe('RUNNING DEACTIVATING STOPPING DEPROVISIONING');
    expect(task.cause).toBe(
      'the node has let go of the pod; nginx exited with 0 (Completed), proxy exited with 0 (Completed)',
    );
  });

  it('row 8 STOPPED: the pod is gone', () => {
    expect(runningTask().gone(30, deleted(bothRunning, 20)).history).toBe('RUNNING STOPPED');
    expect(runningTask().missing(30).history).toBe('RUNNING STOPPED');
  });

  it('row 8 STOPPED: phase Succeeded or Failed without a deletionTimestamp; under deletion that is STOPPING', () => {
    const running = () => new WatchedTask(runTaskPod()).see(3, RUNNING);
    expect(running().see(9, ended(0, 9)).lastStatus).toBe('STOPPED');
    expect(running().see(9, ended(137, 9)).lastStatus).toBe('STOPPED');
    expect(running().see(22, deleted(ended(0, 21), 20)).lastStatus).toBe('STOPPING');
    expect(running().see(22, deleted(ended(137, 21), 20)).lastStatus).toBe('STOPPING');
  });

  it('row 9 startedAt: pod.status.startTime, given once a container has started', () => {
    const task = new WatchedTask(twoContainers());
    task.see(1, preparing({ nginx: waiting('ContainerCreating'), proxy: waiting('ContainerCreating') }));
    expect(task.pick('startedAt')).toEqual({});
    task.see(2, preparing({ nginx: running(2), proxy: waiting('ContainerCreating') }));
    expect(task.pick('startedAt')).toEqual({ startedAt: at(1) });
    const neverRan = new WatchedTask(runTaskPod()).see(1, CREATING).see(9, { phase: 'Failed', startTime: 1 });
    expect(neverRan.pick('startedAt', 'lastStatus')).toEqual({ lastStatus: 'STOPPED' });
  });

  it('row 10 executionStoppedAt, stoppedAt: the last finishedAt once all have ended, given once STOPPED', () => {
    const task = runningTask().see(20, deleted(bothRunning, 20));
    task.see(25, deleted(lookAt(terminated(0, 22), terminated(0, 24)), 20));
    expect(task.pick('executionStoppedAt', 'stoppedAt')).toEqual({ executionStoppedAt: at(24) });
    task.gone(31, deleted(lookAt(terminated(0, 22), terminated(0, 24)), 20, 0));
    expect(task.pick('executionStoppedAt', 'stoppedAt')).toEqual({ executionStoppedAt: at(24), stoppedAt: at(24) });
  });

  it('row 10 stoppedAt: never before stoppingAt', () => {
    const both = lookAt(terminated(0, 9), terminated(0, 9));
    const task = runningTask().see(10, both).see(20, deleted(both, 20)).missing(31);
    expect(task.pick('executionStoppedAt', 'stoppingAt', 'stoppedAt')).toEqual({
      executionStoppedAt: at(9),
      stoppingAt: at(20),
      stoppedAt: at(20),
    });
  });

  it('row 10 executionStoppedAt: where Kubernetes lost the times, when we saw it', () => {
    const times = ['executionStoppedAt', 'stoppedAt'];
    const forced = new WatchedTask(runTaskPod()).see(3, RUNNING).gone(30, deleted(RUNNING, 20, 0));
    expect(forced.pick(...times)).toEqual({ executionStoppedAt: seenAt(30), stoppedAt: seenAt(30) });
    const unseen = new WatchedTask(runTaskPod()).see(3, RUNNING).see(25, deleted(started({ nginx: lost() }), 20));
    expect(unseen.missing(30).pick(...times)).toEqual({ executionStoppedAt: seenAt(25), stoppedAt: seenAt(25) });
    // Restarted once, then deleted by force: the end of the run before is not the end of the last one.
    const again = started({ nginx: restarted(running(6), terminated(1, 5)) });
    const second = new WatchedTask(restarting()).see(7, again).gone(30, deleted(again, 20, 0));
    expect(second.pick(...times)).toEqual({ executionStoppedAt: seenAt(30), stoppedAt: seenAt(30) });
    expect('exitCode' in second.container()).toBe(false);
  });

  it('row 10 stoppedAt: when we saw it where nothing ever ran', () => {
    const task = new WatchedTask(runTaskPod()).see(1, CREATING).missing(30);
    expect(task.pick('startedAt', 'executionStoppedAt', 'stoppedAt')).toEqual({ stoppedAt: seenAt(30) });
  });

  it('row 11 connectivity: absent, CONNECTED, DISCONNECTED on a lost node, CONNECTED again; a stopped task keeps the last', () => {
    const task = new WatchedTask(runTaskPod()).see(1, CREATING);
    const now = () => task.pick('connectivity', 'connectivityAt', 'lastStatus');
    expect(now()).toEqual({ lastStatus: 'PENDING' });
    task.see(3, RUNNING);
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'CONNECTED', connectivityAt: at(3) });
    // A container that is not ready is no lost node.
    task.see(9, started({ nginx: running(2, { ready: false }) }, ['False', 9]));
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'CONNECTED', connectivityAt: at(3) });
    task.see(60, started({ nginx: running(2) }, ['False', 59]));
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'DISCONNECTED', connectivityAt: at(3) });
    task.see(80, started({ nginx: running(2) }, ['True', 79]));
    expect(now()).toEqual({ lastStatus: 'RUNNING', connectivity: 'CONNECTED', connectivityAt: at(79) });
    task.see(90, ended(0, 90));
    expect(now()).toEqual({ lastStatus: 'STOPPED', connectivity: 'CONNECTED', connectivityAt: at(79) });
  });

  it('row 11 connectivity: a lost node is one where every container says ready, and the pod does not', () => {
    const task = runningTask().see(9, lookAt(running(2, { ready: false }), running(2)));
    expect(task.pick('connectivity')).toEqual({ connectivity: 'CONNECTED' });
    expect(task.see(10, lookAt(running(2), running(2))).pick('connectivity')).toEqual({ connectivity: 'DISCONNECTED' });
  });

  it('row 17: a container that restarts in place is the same task; the restart shows in its health', () => {
    const checked = { ...NGINX, livenessProbe: {} };
    const task = new WatchedTask(runTaskPod({ spec: { restartPolicy: 'Always', containers: [checked] } }));
    const shown = () => [task.lastStatus, task.json['healthStatus'], task.container()['lastStatus']];
    task.see(3, RUNNING);
    expect(shown()).toEqual(['RUNNING', 'HEALTHY', 'RUNNING']);
    task.see(6, started({ nginx: terminated(1, 6) }, ['False', 6]));
    expect(shown()).toEqual(['RUNNING', 'UNHEALTHY', 'STOPPED']);
    expect(task.container()['exitCode']).toBe(1);
    task.see(7, started({ nginx: restarted(waiting('CrashLoopBackOff'), terminated(1, 6)) }, ['False', 6]));
    expect(shown()).toEqual(['RUNNING', 'UNHEALTHY', 'PENDING']);
    task.see(20, started({ nginx: restarted(running(19), terminated(1, 6)) }, ['True', 20]));
    expect(shown()).toEqual(['RUNNING', 'HEALTHY', 'RUNNING']);
    expect(task.pick('desiredStatus', 'stopCode', 'stoppingAt', 'executionStoppedAt')).toEqual({
      desiredStatus: 'RUNNING',
    });
    expect(task.history).toBe('RUNNING');
  });

  it('row 18: an essential container ends while others run on: the task follows its pod, and that is the first cause', () => {
    const task = runningTask().see(9, lookAt(terminated(0, 9), running(2)));
    expect(task.pick('lastStatus', 'desiredStatus', 'stopCode')).toEqual({
      lastStatus: 'RUNNING',
      desiredStatus: 'RUNNING',
    });
    expect(task.container(0)).toMatchObject({ lastStatus: 'STOPPED', exitCode: 0 });
    expect(task.container(1)).toMatchObject({ lastStatus: 'RUNNING' });
    task.see(20, deleted(lookAt(terminated(0, 9), running(2)), 20));
    expect(task.pick('lastStatus', 'stopCode', 'stoppedReason')).toEqual({
      lastStatus: 'STOPPING',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
    });
  });

  it('row 18: a container that is not essential is no cause, nor is one that will be restarted', () => {
    const sidecar = runTaskPod({ spec: { containers: [NGINX, { ...NGINX, name: 'proxy-nonessential' }] } });
    const look = started({ nginx: running(2), 'proxy-nonessential': terminated(1, 9) }, ['False', 9]);
    const task = new WatchedTask(sidecar).see(9, look).see(20, deleted(look, 20));
    expect(task.pick('stopCode', 'stoppedReason')).toEqual({
      stopCode: 'UserInitiated',
      stoppedReason: 'Task stopped by user',
    });
    const crashed = started({ nginx: terminated(1, 9) }, ['False', 9]);
    const service = new WatchedTask(restarting()).see(9, crashed).see(20, deleted(crashed, 20));
    expect(service.json['stopCode']).toBe('UserInitiated');
  });

  it('row 19: an image that never pulls is PENDING with its reason, and TaskFailedToStart when the pod ends', () => {
    const task = new WatchedTask(runTaskPod());
    for (let second = 2; second < 60; second += 15) {
      task.see(second, preparing({ nginx: waiting('ErrImagePull', 'not found') }));
      task.see(second + 5, preparing({ nginx: waiting('ImagePullBackOff', 'Back-off pulling image "nginx:latest"') }));
      expect(task.pick('lastStatus', 'desiredStatus')).toEqual({ lastStatus: 'PENDING', desiredStatus: 'RUNNING' });
    }
    expect(task.container()['reason']).toBe('ImagePullBackOff: Back-off pulling image "nginx:latest"');
    task.missing(90);
    // The back-off says less than the try that failed.
    expect(task.pick('stopCode', 'stoppedReason', 'startedAt')).toEqual({
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError: not found',
    });
  });

  it('row 20 containers[].reason: the Kubernetes reason, with its message; the last one known when the state is lost', () => {
    const task = new WatchedTask(runTaskPod()).see(2, preparing({ nginx: waiting('ErrImagePull', 'not found') }));
    expect(task.container()['reason']).toBe('ErrImagePull: not found');
    // Under deletion the kubelet falls back to its default.
    task.see(9, deleted(CREATING, 9));
    expect(task.container()['reason']).toBe('ErrImagePull: not found');
    expect(task.missing(10).container()['reason']).toBe('ErrImagePull: not found');
    const killed = new WatchedTask(runTaskPod()).see(3, RUNNING);
    killed.see(9, { ...started({ nginx: terminated(137, 9, { reason: 'OOMKilled' }) }), phase: 'Failed' });
    expect(killed.container()).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  });
});

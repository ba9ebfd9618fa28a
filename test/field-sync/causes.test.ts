/**
 * stopCode and stoppedReason, by cause: the first that was seen wins, in both profiles (T4).
 */
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../machines/semantics.js';
import { LIVENESS_KILL_WINDOW } from '../../machines/task/stop-cause.js';
import { runTaskPod, running, servicePod, terminated, waiting } from '../observe/raw-pods.js';
import type { Raw } from '../observe/raw-pods.js';
import { CREATING, RUNNING, deleted, ended, preparing, started } from './looks.js';
import { WatchedTask } from './watched-task.js';

const KILLING = { reason: 'Killing', message: 'Stopping container nginx', container: 'nginx' };
const UNHEALTHY = { reason: 'Unhealthy', message: 'Liveness probe failed: HTTP 503', container: 'nginx' };
const TAINTED = { reason: 'TaintManagerEviction', message: 'Marking for deletion Pod default-us-east-1/x' };

describe.each(PROFILE_NAMES)('causes: %s', (profile) => {
  const watch = (pod: Raw = runTaskPod()) => new WatchedTask(pod, profile);
  const runningTask = (pod?: Raw) => watch(pod).see(3, RUNNING);
  const stopOf = (task: WatchedTask) => task.pick('stopCode', 'stoppedReason');

  const cases: readonly (readonly [string, (task: () => WatchedTask) => WatchedTask, string, string])[] = [
    ['StopTask, with the words of the caller', (task) => task().stopTask(20, 'drill'), 'UserInitiated', 'drill'],
    ['StopTask, without words', (task) => task().stopTask(20), 'UserInitiated', 'Task stopped by user'],
    [
      'an exit with 0',
      (task) => task().see(9, ended(0, 9)),
      'EssentialContainerExited',
      'Essential container in task exited',
    ],
    [
      'an exit out of memory',
      (task) => task().see(9, { ...started({ nginx: terminated(137, 9, { reason: 'OOMKilled' }) }), phase: 'Failed' }),
      'EssentialContainerExited',
      'Essential container in task exited',
    ],
    [
      'a standalone pod that somebody deletes',
      (task) => task().see(20, deleted(RUNNING, 20)),
      'UserInitiated',
      'Task stopped by user',
    ],
    ['a pod that is missing', (task) => task().missing(20), 'UserInitiated', 'Task stopped by user'],
    [
      'an eviction by the kubelet',
      (task) => task().see(9, { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource.' }),
      'InfrastructureHealth',
      'Evicted: The node was low on resource.',
    ],
    [
      'an active deadline',
      (task) =>
        task().see(9, {
          ...RUNNING,
          phase: 'Failed',
          reason: 'DeadlineExceeded',
          message: 'Pod was active too long',
        }),
      'EssentialContainerExited',
      'DeadlineExceeded: Pod was active too long',
    ],
    [
      'a node that shuts down',
      (task) =>
        task().see(9, {
          ...ended(143, 9),
          phase: 'Failed',
          reason: 'Terminated',
          message: 'Pod was terminated in response to imminent node shutdown.',
        }),
      'TerminationNotice',
      'Terminated: Pod was terminated in response to imminent node shutdown.',
    ],
    [
      'a drain through the eviction API (the condition DisruptionTarget)',
      (task) => task().see(20, { ...deleted(RUNNING, 20), disruption: 'EvictionByEvictionAPI' }),
      'ServiceSchedulerInitiated',
      'ECS is performing maintenance on the underlying infrastructure hosting the task',
    ],
    [
      'a preemption (the condition DisruptionTarget)',
      (task) => task().see(20, { ...deleted(RUNNING, 20), disruption: 'PreemptionByScheduler' }),
      'TerminationNotice',
      'Preempted by a task of higher priority',
    ],
    [
      'a preemption (the Event)',
      (task) =>
        task()
          .event({ reason: 'Preempted', message: 'by default/important on node node-1', firstSecond: 19 })
          .see(20, deleted(RUNNING, 20)),
      'TerminationNotice',
      'Preempted: by default/important on node node-1',
    ],
    [
      'an eviction by taint (the Event)',
      (task) =>
        task()
          .event({ ...TAINTED, firstSecond: 19 })
          .see(20, deleted(RUNNING, 20)),
      'TerminationNotice',
      'The node of the task no longer tolerates it (taint)',
    ],
    [
      'a node that does not answer any more',
      (task) =>
        task()
          .see(60, started({ nginx: running(2) }, ['False', 59]))
          .see(360, deleted(started({ nginx: running(2) }, ['False', 59]), 360)),
      'TerminationNotice',
      'The node of the task is not reachable',
    ],
    [
      'a liveness kill (the Events) of a container that is not restarted',
      (task) =>
        task()
          .event({ ...UNHEALTHY, firstSecond: 8 })
          .event({ ...KILLING, firstSecond: 9 })
          .see(11, ended(0, 11)),
      'ServiceSchedulerInitiated',
      'Task failed container health checks',
    ],
  ];
  it.each(cases)('%s', (_, story, stopCode, stoppedReason) => {
    expect(stopOf(story(() => runningTask()))).toEqual({ stopCode, stoppedReason });
  });

  const starts: readonly (readonly [string, (task: WatchedTask) => WatchedTask, string])[] = [
    [
      'a pull that failed, by the best message known',
      (task) => task.see(2, preparing({ nginx: waiting('ErrImagePull', 'not found') })),
      'CannotPullContainerError: not found',
    ],
    [
      'an image name that is none, by its reason alone',
      (task) => task.see(2, preparing({ nginx: waiting('InvalidImageName') })),
      'CannotPullContainerError: InvalidImageName',
    ],
    [
      'a container that cannot be created',
      (task) => task.see(2, preparing({ nginx: waiting('CreateContainerConfigError', 'secret "db" not found') })),
      'CannotCreateContainerError: secret "db" not found',
    ],
    [
      'a process that cannot be started',
      (task) =>
        task.see(2, {
          ...preparing({ nginx: terminated(128, 0, { reason: 'StartError', message: 'exec: "x": not found' }) }),
          phase: 'Failed',
        }),
      'CannotStartContainerError: exec: "x": not found',
    ],
    [
      'an init container that failed',
      (task) =>
        task.see(2, {
          ...preparing({ nginx: waiting('PodInitializing') }),
          phase: 'Failed',
          initContainers: { artifacts: terminated(4, 2) },
        }),
      'ResourceInitializationError: init container artifacts exited with code 4',
    ],
    [
      'a node that refuses the pod',
      (task) =>
        task.see(2, { phase: 'Failed', reason: 'OutOfcpu', message: "Pod Node didn't have enough resource: cpu" }),
      "OutOfcpu: Pod Node didn't have enough resource: cpu",
    ],
    ['an end that nobody explains', (task) => task.see(2, { phase: 'Failed' }), 'Task failed to start'],
  ];
  it.each(starts)('TaskFailedToStart: %s', (_, story, stoppedReason) => {
    expect(stopOf(story(watch().see(1, CREATING)).missing(30))).toEqual({
      stopCode: 'TaskFailedToStart',
      stoppedReason,
    });
  });

  it('an eviction before anything ran is still an eviction', () => {
    const evicted = { phase: 'Failed', reason: 'Evicted', message: 'The node had condition: [DiskPressure].' };
    expect(stopOf(watch().see(1, CREATING).see(2, evicted))).toEqual({
      stopCode: 'InfrastructureHealth',
      stoppedReason: 'Evicted: The node had condition: [DiskPressure].',
    });
  });

  it('a pod of a service that somebody deletes was its scheduler’s', () => {
    expect(runningTask(servicePod()).see(20, deleted(RUNNING, 20)).json).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: expect.stringMatching(/^Scaling activity initiated by \(deployment .+\)$/),
    });
  });

  it('a start failure that was overcome is none, nor is one of a task that was RUNNING', () => {
    const task = watch()
      .see(2, preparing({ nginx: waiting('ErrImagePull', 'timeout') }))
      .see(9, RUNNING);
    expect(stopOf(task.see(20, deleted(RUNNING, 20)))).toMatchObject({ stopCode: 'UserInitiated' });
  });

  it('a reason named like a property of every object is a reason like any other', () => {
    const task = runningTask().see(9, { ...ended(1, 9), reason: 'constructor', message: 'odd' });
    expect(stopOf(task)).toMatchObject({ stopCode: 'EssentialContainerExited' });
    const disrupted = runningTask().see(20, { ...deleted(RUNNING, 20), disruption: 'toString' });
    expect(stopOf(disrupted)).toMatchObject({ stopCode: 'UserInitiated' });
    const odd = watch()
      .see(1, preparing({ nginx: waiting('constructor') }))
      .missing(9);
    expect(stopOf(odd)).toMatchObject({ stopCode: 'UserInitiated' });
  });

  it('a liveness probe that failed long before the kill was overcome: the kill is for a deletion that is not seen yet', () => {
    const task = runningTask().event({ ...UNHEALTHY, firstSecond: 100 });
    const killed = 101 + LIVENESS_KILL_WINDOW / 1000;
    task.event({ ...KILLING, firstSecond: killed }).see(killed, deleted(RUNNING, killed));
    expect(stopOf(task)).toMatchObject({ stopCode: 'UserInitiated' });
    const again = runningTask().event({ ...UNHEALTHY, firstSecond: 100 });
    again.event({ ...UNHEALTHY, firstSecond: 100, lastSecond: 195, count: 3 });
    again.event({ ...KILLING, firstSecond: 200 }).see(202, ended(0, 201));
    expect(stopOf(again)).toMatchObject({ stoppedReason: 'Task failed container health checks' });
  });

  it.each([
    [19, 'EssentialContainerExited'],
    // Whole seconds: it may have been either.
    [20, 'UserInitiated'],
    [21, 'UserInitiated'],
  ])('an exit in second %d, seen together with a deletion of second 20: %s', (second, stopCode) => {
    const task = runningTask().see(22, deleted(started({ nginx: terminated(0, second) }), 20));
    expect(stopOf(task)).toMatchObject({ stopCode });
  });

  it('the first cause wins, whatever comes later', () => {
    const stopped = runningTask().stopTask(20, 'drill');
    const cause = stopOf(stopped);
    stopped.event({ ...TAINTED, firstSecond: 21 }).see(22, { ...deleted(RUNNING, 20), disruption: 'DeletionByPodGC' });
    expect(stopOf(stopped.see(30, deleted(ended(137, 29), 20)).missing(31))).toEqual(cause);
    const evicted = runningTask()
      .event({ ...TAINTED, firstSecond: 19 })
      .stopTask(20, 'drill');
    expect(stopOf(evicted)).toMatchObject({ stopCode: 'TerminationNotice' });
  });

  it('a cause in an Event that comes after the task is STOPPED is lost', () => {
    const task = runningTask().see(9, ended(0, 9));
    const { json } = task;
    expect(task.event({ ...UNHEALTHY, firstSecond: 8 }).event({ ...KILLING, firstSecond: 9 }).json).toEqual(json);
  });
});

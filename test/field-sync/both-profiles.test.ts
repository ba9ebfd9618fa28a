/**
 * What holds in both profiles: stoppingAt, Events, container states, health. The causes of a stop are causes.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../machines/semantics.js';
import { NGINX, lost, restarted, runTaskPod, running, terminated, waiting } from '../observe/raw-pods.js';
import type { Raw } from '../observe/raw-pods.js';
import { CREATED, CREATING, POD_IP, RUNNING, deleted, ended, preparing, started } from './looks.js';
import { WatchedTask, at } from './watched-task.js';

const PROXY = { ...NGINX, name: 'proxy' };
const twoContainers = () => runTaskPod({ spec: { containers: [NGINX, PROXY] } });
const KILLING = { reason: 'Killing', message: 'Stopping container nginx', container: 'nginx' };
const UNHEALTHY = { reason: 'Unhealthy', message: 'Liveness probe failed: HTTP 503', container: 'nginx' };
const TAINTED = { reason: 'TaintManagerEviction', message: 'Marking for deletion Pod default-us-east-1/x' };

describe.each(PROFILE_NAMES)('both profiles: %s', (profile) => {
  const watch = (pod: Raw = runTaskPod()) => new WatchedTask(pod, profile);
  const runningTask = (pod?: Raw) => watch(pod).see(3, RUNNING);

  describe('stoppingAt', () => {
    it('is when the deletion was asked for: deletionTimestamp − deletionGracePeriodSeconds', () => {
      expect(
        runningTask()
          .see(21, deleted(RUNNING, 20, 120))
          .pick('stoppingAt'),
      ).toEqual({ stoppingAt: at(20) });
    });
    it('stays when the kubelet lets go, which moves the deletionTimestamp', () => {
      const task = runningTask()
        .see(21, deleted(RUNNING, 20))
        .see(29, deleted(ended(143, 28), 28, 0));
      expect(task.pick('stoppingAt')).toEqual({ stoppingAt: at(20) });
    });
    it('is not before the task itself', () => {
      expect(runningTask().see(21, deleted(RUNNING, -5)).pick('stoppingAt')).toEqual({ stoppingAt: at(0) });
    });
    it('is not given to a task that is STOPPED by a later deletion of its pod', () => {
      const task = runningTask().see(9, ended(0, 9));
      const { json } = task;
      expect(task.see(20, deleted(ended(0, 9), 20)).gone(21, deleted(ended(0, 9), 20, 0)).json).toEqual(json);
    });
  });

  describe('Events', () => {
    it('never drive a state', () => {
      const task = runningTask();
      for (const event of [UNHEALTHY, KILLING, TAINTED]) task.event({ ...event, firstSecond: 9 });
      task.event({ reason: 'Failed', message: 'Failed to pull image "x"', container: 'nginx', firstSecond: 9 });
      expect(task.pick('lastStatus', 'desiredStatus', 'stopCode', 'version')).toEqual({
        lastStatus: 'RUNNING',
        desiredStatus: 'RUNNING',
        version: 1,
      });
    });

    it('tell pull times that may be late, missing, aggregated or out of order', () => {
      const pulled = {
        reason: 'Pulled',
        message: 'Successfully pulled image "nginx:latest" in 3s',
        container: 'nginx',
      };
      const pulling = { reason: 'Pulling', message: 'Pulling image "nginx:latest"', container: 'nginx' };
      const times = (task: WatchedTask) => task.pick('pullStartedAt', 'pullStoppedAt');
      const late = watch()
        .see(3, RUNNING)
        .event({ ...pulled, firstSecond: 2 })
        .event({ ...pulling, firstSecond: 1 });
      expect(times(late)).toEqual({ pullStartedAt: at(1), pullStoppedAt: at(2) });
      const aggregated = watch().see(1, CREATING);
      aggregated.event({ ...pulling, firstSecond: 2, lastSecond: 40, count: 3 });
      aggregated.event({ ...pulled, firstSecond: 5, lastSecond: 44, count: 3 });
      expect(times(aggregated)).toEqual({ pullStartedAt: at(2), pullStoppedAt: at(44) });
      // The first Pulling is lost; the pull that ended in second 5 had begun by then.
      const lostFirst = watch()
        .see(1, CREATING)
        .event({ ...pulled, firstSecond: 5 })
        .event({ ...pulling, firstSecond: 8 });
      expect(times(lostFirst)).toEqual({ pullStartedAt: at(5), pullStoppedAt: at(5) });
      const missing = watch().see(3, RUNNING);
      expect(times(missing)).toEqual({});
    });

    it('of an image that was there already give no pull time', () => {
      const present = { reason: 'Pulled', message: 'Container image "nginx:latest" already present on machine' };
      expect(
        watch()
          .see(1, CREATING)
          .event({ ...present, firstSecond: 2 })
          .pick('pullStoppedAt'),
      ).toEqual({});
    });

    it('of containers that are not the task’s say nothing', () => {
      const pulling = { reason: 'Pulling', message: 'Pulling image "istio/proxyv2"', firstSecond: 1 };
      const task = watch()
        .see(1, CREATING)
        .event({ ...pulling, container: 'istio-proxy' });
      expect(task.pick('pullStartedAt')).toEqual({});
    });
  });

  describe('containers[].lastStatus', () => {
    it('is only PENDING, RUNNING or STOPPED', () => {
      const looks = [CREATING, RUNNING, ended(1, 9), deleted(RUNNING, 9), started({ nginx: lost() })];
      const seen = looks.map((look) => watch().see(9, look).container()['lastStatus']);
      expect(seen).toEqual(['PENDING', 'RUNNING', 'STOPPED', 'RUNNING', 'STOPPED']);
      expect(watch().see(0, CREATED).container()['lastStatus']).toBe('PENDING');
    });

    it('of a container seen running and found waiting under deletion is STOPPED, without an exit code', () => {
      const task = runningTask().see(25, deleted(started({ nginx: waiting('ContainerCreating') }), 20));
      expect(task.container()['lastStatus']).toBe('STOPPED');
      expect('exitCode' in task.container()).toBe(false);
    });

    it('of a container with ContainerStatusUnknown is STOPPED, without an exit code', () => {
      const task = runningTask().see(25, started({ nginx: lost() }));
      expect(task.container()['lastStatus']).toBe('STOPPED');
      expect('exitCode' in task.container()).toBe(false);
      const terminatedSo = started({ nginx: terminated(137, 0, { reason: 'ContainerStatusUnknown' }) });
      expect('exitCode' in runningTask().see(25, terminatedSo).container()).toBe(false);
    });

    it('of a crash loop that is deleted keeps the exit code of its last run', () => {
      const loop = started({ nginx: restarted(waiting('CrashLoopBackOff'), terminated(3, 8)) }, ['False', 8]);
      const pod = runTaskPod({ spec: { restartPolicy: 'Always' } });
      const task = watch(pod)
        .see(3, RUNNING)
        .see(8, started({ nginx: terminated(3, 8) }, ['False', 8]))
        .see(9, loop);
      expect(task.see(20, deleted(loop, 20)).container()).toMatchObject({ lastStatus: 'STOPPED', exitCode: 3 });
    });

    it('of a STOPPED task is STOPPED', () => {
      const task = watch(twoContainers()).see(2, preparing({ nginx: running(2), proxy: waiting('ErrImagePull') }));
      task.missing(20);
      expect([task.container(0)['lastStatus'], task.container(1)['lastStatus']]).toEqual(['STOPPED', 'STOPPED']);
    });

    it('of a pod that lost all its statuses keeps what was known', () => {
      const task = runningTask().see(9, { phase: 'Failed', reason: 'Evicted', message: 'low on memory' });
      expect(task.container()).toMatchObject({
        lastStatus: 'STOPPED',
        networkInterfaces: [{ privateIpv4Address: POD_IP }],
      });
      expect('exitCode' in task.container()).toBe(false);
    });
  });

  describe('healthStatus', () => {
    const probe = { exec: { command: ['true'] } };
    const task = (...containers: readonly Raw[]) => watch(runTaskPod({ spec: { containers } }));
    const look = (nginx: boolean, proxy: boolean) =>
      started({ nginx: running(2, { ready: nginx }), proxy: running(2, { ready: proxy }) }, ['False', 4]);

    it('is UNKNOWN without a health check', () => {
      expect(task(NGINX, PROXY).see(3, look(true, true)).json['healthStatus']).toBe('UNKNOWN');
    });
    it('leaves out essential containers without a health check', () => {
      const checked = task({ ...NGINX, livenessProbe: probe }, PROXY);
      expect(checked.see(3, look(true, false)).json['healthStatus']).toBe('HEALTHY');
    });
    it('is UNHEALTHY when any is not ready after it was ready, UNKNOWN until all were', () => {
      const checked = task({ ...NGINX, readinessProbe: probe }, { ...PROXY, readinessProbe: probe });
      const health = (nginx: boolean, proxy: boolean) => checked.see(3, look(nginx, proxy)).json['healthStatus'];
      expect([health(true, false), health(true, true), health(false, true), health(true, true)]).toEqual([
        'UNKNOWN',
        'HEALTHY',
        'UNHEALTHY',
        'HEALTHY',
      ]);
    });
    it('does not count containers that are not essential', () => {
      const aside = { ...PROXY, name: 'proxy-nonessential', readinessProbe: probe };
      const onlyAside = task(NGINX, aside);
      onlyAside.see(3, started({ nginx: running(2), 'proxy-nonessential': running(2) }));
      expect(onlyAside.json['healthStatus']).toBe('UNKNOWN');
      expect(onlyAside.container(1)['healthStatus']).toBe('HEALTHY');
    });
    it('keeps its last value when the container ends with its task', () => {
      const checked = watch(runTaskPod({ spec: { containers: [{ ...NGINX, readinessProbe: probe }] } }));
      checked
        .see(3, RUNNING)
        .see(20, deleted(RUNNING, 20))
        .see(25, deleted(ended(143, 25), 20));
      expect(checked.json['healthStatus']).toBe('HEALTHY');
      expect(checked.missing(31).json['healthStatus']).toBe('HEALTHY');
    });
    it('does not move the version', () => {
      const checked = task({ ...NGINX, readinessProbe: probe }, PROXY).see(3, look(true, true));
      const { version } = checked.json;
      expect(checked.see(9, look(false, true)).pick('version', 'healthStatus')).toEqual({
        version,
        healthStatus: 'UNHEALTHY',
      });
    });
  });
});

/**
 * The sync document, row by row, as far as it speaks of tasks: raw pods and Events go in, the ECS API's task comes out.
 * What the rows leave open is profile-kecs.test.ts.
 */
import { describe, expect } from 'vitest';
import { stableUuid } from '../../src/observe/arn.js';
import {
  IMAGE_DIGEST,
  NGINX,
  POD_UID,
  RUNTIME_ID,
  TASK_ID,
  restarted,
  runTaskPod,
  running,
  servicePod,
  taskSetPod,
  terminated,
  waiting,
} from '../observe/raw-pods.js';
import { CREATED, CREATING, PLACED, POD_IP, RUNNING, deleted, ended, preparing, started } from './looks.js';
import {
  CONTAINER_STATUS_MAPPING,
  MONITORED_FOR_TASKS,
  STATIC_TASK_FIELDS,
  TASK_STATUS_MAPPING,
  TASK_SYNC_POINTS,
  TASK_TABLE,
  testsOf,
} from './rows.js';
import { WatchedTask, at, pick, seenAt } from './watched-task.js';

const PROBE = { httpGet: { path: '/', port: 80 } };
const checked = (name: string) => ({ ...NGINX, name, readinessProbe: PROBE });
const ofContainers = (...containers: readonly object[]) => runTaskPod({ spec: { containers } });
const twoContainers = () => ofContainers(NGINX, { ...NGINX, name: 'proxy' });

describe('task table', () => {
  const { row, nothingLeftOut } = testsOf(TASK_TABLE);

  row('`lastStatus` ← Pod.Status.Phase mapping', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(0, CREATED).json['lastStatus']).toBe('PROVISIONING');
    expect(task.see(1, CREATING).json['lastStatus']).toBe('PENDING');
    expect(task.see(3, RUNNING).json['lastStatus']).toBe('RUNNING');
    expect(task.see(9, ended(0, 9)).json['lastStatus']).toBe('STOPPED');
  });

  row('`containers[].lastStatus` ← Container.State', () => {
    const task = new WatchedTask(twoContainers());
    const statuses = () => [task.container(0)['lastStatus'], task.container(1)['lastStatus']];
    task.see(1, preparing({ nginx: waiting('ContainerCreating'), proxy: waiting('ContainerCreating') }));
    expect(statuses()).toEqual(['PENDING', 'PENDING']);
    task.see(2, preparing({ nginx: running(2), proxy: waiting('ImagePullBackOff') }));
    expect(statuses()).toEqual(['RUNNING', 'PENDING']);
    task.see(5, started({ nginx: terminated(0, 5), proxy: running(4) }));
    expect(statuses()).toEqual(['STOPPED', 'RUNNING']);
  });

  row('`containers[].exitCode` ← Container.State.Terminated.ExitCode', () => {
    const task = new WatchedTask(twoContainers());
    task.see(3, started({ nginx: running(2), proxy: running(2) }));
    expect([task.container(0), task.container(1)].map((container) => 'exitCode' in container)).toEqual([false, false]);
    task.see(9, { ...started({ nginx: terminated(0, 8), proxy: terminated(3, 9) }), phase: 'Failed' });
    expect([task.container(0)['exitCode'], task.container(1)['exitCode']]).toEqual([0, 3]);
  });

  row('`containers[].reason` ← Container.State.Waiting/Terminated.Reason', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).container()['reason']).toBe('ContainerCreating');
    task.see(2, preparing({ nginx: waiting('ImagePullBackOff', 'Back-off pulling image "nginx:latest"') }));
    expect(task.container()['reason']).toBe('ImagePullBackOff: Back-off pulling image "nginx:latest"');
    expect('reason' in task.see(3, RUNNING).container()).toBe(false);
    expect(task.see(9, ended(1, 9)).container()['reason']).toBe('Error');
  });

  row('`containers[].networkInterfaces[]` ← Pod.Status.PodIP', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).container()['networkInterfaces']).toEqual([]);
    const attachmentId = stableUuid('attachment', POD_UID);
    const address = [{ attachmentId, privateIpv4Address: POD_IP }];
    expect(task.see(3, RUNNING).container()['networkInterfaces']).toEqual(address);
    expect(task.json['attachments']).toMatchObject([{ id: attachmentId }]);
    // The address may vanish while the pod goes; the task keeps what it had.
    expect(task.gone(9, { phase: 'Failed' }).container()['networkInterfaces']).toEqual(address);
  });

  row('`containers[].runtimeId` ← Container.Status.ContainerID', () => {
    const task = new WatchedTask(runTaskPod());
    expect('runtimeId' in task.see(1, CREATING).container()).toBe(false);
    expect(pick(task.see(3, RUNNING).container(), ['runtimeId', 'imageDigest'])).toEqual({
      runtimeId: RUNTIME_ID,
      imageDigest: IMAGE_DIGEST,
    });
  });

  row('`startedAt` ← Pod.Status.StartTime', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).pick('startedAt')).toEqual({});
    expect(task.see(3, RUNNING).pick('startedAt')).toEqual({ startedAt: at(1) });
  });

  row('`stoppedAt` ← Container.State.Terminated.FinishedAt', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(3, RUNNING).pick('stoppedAt')).toEqual({});
    expect(task.see(12, ended(0, 9)).pick('stoppedAt')).toEqual({ stoppedAt: at(9) });
  });

  row('`stoppingAt` ← Pod.DeletionTimestamp', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(3, RUNNING).pick('stoppingAt')).toEqual({});
    // deletionTimestamp is 20 s + 30 s of grace: the request was in second 20.
    expect(task.see(21, deleted(RUNNING, 20)).pick('stoppingAt')).toEqual({ stoppingAt: at(20) });
  });

  row('`pullStartedAt` ← First container pulling event', () => {
    const task = new WatchedTask(twoContainers()).see(1, PLACED);
    const pulling = { reason: 'Pulling', message: 'Pulling image "nginx:latest"' };
    task.event({ ...pulling, container: 'nginx', firstSecond: 2 });
    task.event({ ...pulling, container: 'proxy', firstSecond: 6 });
    expect(task.pick('pullStartedAt')).toEqual({ pullStartedAt: at(2) });
  });

  row('`pullStoppedAt` ← Last container pulled event', () => {
    const task = new WatchedTask(twoContainers()).see(1, PLACED);
    const pulled = { reason: 'Pulled', message: 'Successfully pulled image "nginx:latest" in 3.1s' };
    task.event({ ...pulled, container: 'nginx', firstSecond: 5 });
    task.event({ ...pulled, container: 'proxy', firstSecond: 8 });
    task.event({ ...pulled, container: 'nginx', firstSecond: 5 });
    expect(task.pick('pullStoppedAt')).toEqual({ pullStoppedAt: at(8) });
  });

  row('`connectivity` ← Pod network readiness', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).pick('connectivity')).toEqual({});
    expect(task.see(3, RUNNING).pick('connectivity')).toEqual({ connectivity: 'CONNECTED' });
  });

  row('`connectivityAt` ← When connectivity established', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).pick('connectivityAt')).toEqual({});
    // The condition Ready turned True in second 3; it was seen in second 7.
    expect(task.see(7, RUNNING).pick('connectivityAt')).toEqual({ connectivityAt: at(3) });
  });

  row('`healthStatus` ← Container health check results', () => {
    const task = new WatchedTask(ofContainers(checked('nginx')));
    const health = () => [task.json['healthStatus'], task.container()['healthStatus']];
    task.see(2, started({ nginx: running(2, { ready: false }) }, ['False', 1]));
    expect(health()).toEqual(['UNKNOWN', 'UNKNOWN']);
    task.see(5, started({ nginx: running(2) }, ['True', 5]));
    expect(health()).toEqual(['HEALTHY', 'HEALTHY']);
    task.see(9, started({ nginx: running(2, { ready: false }) }, ['False', 9]));
    expect(health()).toEqual(['UNHEALTHY', 'UNHEALTHY']);
  });

  row('`stoppedReason` ← Pod/Container termination reason', () => {
    const exited = new WatchedTask(runTaskPod()).see(3, RUNNING);
    expect(exited.pick('stoppedReason')).toEqual({});
    expect(exited.see(9, ended(0, 9)).json['stoppedReason']).toBe('Essential container in task exited');
    const evicted = new WatchedTask(runTaskPod()).see(3, RUNNING);
    evicted.see(9, { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' });
    expect(evicted.json['stoppedReason']).toBe('Evicted: The node was low on resource: memory.');
  });

  row('`stopCode` ← Mapped from exit codes', () => {
    for (const exitCode of [0, 1, 137, 143]) {
      const task = new WatchedTask(runTaskPod()).see(3, RUNNING);
      expect(task.pick('stopCode')).toEqual({});
      expect(task.see(9, ended(exitCode, 9)).pick('stopCode')).toEqual({ stopCode: 'EssentialContainerExited' });
    }
    const neverRan = new WatchedTask(runTaskPod()).see(1, CREATING).see(9, { phase: 'Failed' });
    expect(neverRan.pick('stopCode')).toEqual({ stopCode: 'TaskFailedToStart' });
  });

  row('`executionStoppedAt` ← Last container stopped', () => {
    const task = new WatchedTask(twoContainers()).see(3, started({ nginx: running(2), proxy: running(2) }));
    task.see(21, deleted(started({ nginx: terminated(0, 21), proxy: running(2) }), 20));
    expect(task.pick('executionStoppedAt')).toEqual({});
    task.see(25, deleted(started({ nginx: terminated(0, 21), proxy: terminated(0, 24) }), 20));
    expect(task.pick('executionStoppedAt')).toEqual({ executionStoppedAt: at(24) });
  });

  row('`attachments[].status` ← ENI attachment status (for awsvpc)', () => {
    const task = new WatchedTask(runTaskPod());
    expect(task.see(1, CREATING).json['attachments']).toMatchObject([
      { type: 'ElasticNetworkInterface', status: 'PRECREATED', details: [{ name: 'subnetId', value: 'subnet-12345' }] },
    ]);
    expect(task.see(3, RUNNING).json['attachments']).toMatchObject([{ status: 'ATTACHED' }]);
    expect(task.see(9, deleted(RUNNING, 9)).json['attachments']).toMatchObject([{ status: 'ATTACHED' }]);
    expect(task.missing(20).json['attachments']).toMatchObject([{ status: 'DELETED' }]);
    const bridge = new WatchedTask(runTaskPod({ annotations: { 'ecs.amazonaws.com/network-mode': 'bridge' } }));
    expect(bridge.see(3, RUNNING).json['attachments']).toEqual([]);
  });

  nothingLeftOut();
});

describe('container status mapping', () => {
  const { row, nothingLeftOut } = testsOf(CONTAINER_STATUS_MAPPING);
  const seen = (look: Parameters<WatchedTask['see']>[1]) => new WatchedTask(runTaskPod()).see(5, look).container();

  row('PENDING -> Container.State.Waiting', () => {
    expect(seen(preparing({ nginx: waiting('PodInitializing') }))['lastStatus']).toBe('PENDING');
    const again = started({ nginx: restarted(waiting('CrashLoopBackOff'), terminated(1, 4)) }, ['False', 4]);
    expect(seen(again)['lastStatus']).toBe('PENDING');
  });
  row('RUNNING -> Container.State.Running', () => {
    expect(seen(RUNNING)['lastStatus']).toBe('RUNNING');
    expect(seen(started({ nginx: running(2, { ready: false }) }, ['False', 1]))['lastStatus']).toBe('RUNNING');
  });
  row('STOPPED -> Container.State.Terminated', () => {
    expect(seen(started({ nginx: terminated(1, 4) }, ['False', 4]))['lastStatus']).toBe('STOPPED');
  });
  nothingLeftOut();
});

describe('task status mapping', () => {
  const { row, nothingLeftOut } = testsOf(TASK_STATUS_MAPPING);

  row('PROVISIONING -> Pod.Status.Phase = Pending && no containers started', () => {
    expect(new WatchedTask(runTaskPod()).see(0, CREATED).lastStatus).toBe('PROVISIONING');
    expect(new WatchedTask(runTaskPod()).see(0, PLACED).lastStatus).toBe('PROVISIONING');
  });
  row('PENDING -> Pod.Status.Phase = Pending && containers creating', () => {
    expect(new WatchedTask(runTaskPod()).see(1, CREATING).lastStatus).toBe('PENDING');
  });
  row('ACTIVATING -> Pod.Status.Phase = Pending && some containers ready', () => {
    const task = new WatchedTask(twoContainers());
    task.see(2, preparing({ nginx: running(2), proxy: waiting('ContainerCreating') }));
    expect(task.lastStatus).toBe('ACTIVATING');
  });
  row('RUNNING -> Pod.Status.Phase = Running && all containers ready', () => {
    const task = new WatchedTask(twoContainers());
    task.see(3, started({ nginx: running(2), proxy: running(2, { ready: false }) }, ['False', 1]));
    expect(task.lastStatus).toBe('ACTIVATING');
    expect(task.see(4, started({ nginx: running(2), proxy: running(2) })).lastStatus).toBe('RUNNING');
  });
  row('DEACTIVATING -> Pod.Status.Phase = Running && DeletionTimestamp set', () => {
    const task = new WatchedTask(runTaskPod()).see(3, RUNNING).see(20, deleted(RUNNING, 20));
    expect(task.pick('lastStatus', 'desiredStatus')).toEqual({ lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' });
  });
  row('STOPPING -> Pod being terminated', () => {
    const task = new WatchedTask(twoContainers()).see(3, started({ nginx: running(2), proxy: running(2) }));
    task.see(21, deleted(started({ nginx: terminated(143, 21), proxy: running(2) }), 20));
    expect(task.lastStatus).toBe('STOPPING');
  });
  row('STOPPED -> Pod.Status.Phase = Succeeded/Failed', () => {
    expect(new WatchedTask(runTaskPod()).see(9, ended(0, 9)).lastStatus).toBe('STOPPED');
    expect(new WatchedTask(runTaskPod()).see(9, ended(1, 9)).lastStatus).toBe('STOPPED');
  });
  nothingLeftOut();
});

describe('resources to monitor for tasks', () => {
  const { row, nothingLeftOut } = testsOf(MONITORED_FOR_TASKS);

  row('Pods (by task ID label): task status, container status, timestamps', () => {
    const pod = servicePod({ labels: { 'kecs.dev/task-id': TASK_ID } });
    const task = new WatchedTask(pod).see(3, RUNNING);
    expect(task.pick('taskArn', 'lastStatus', 'startedAt')).toEqual({
      taskArn: `arn:aws:ecs:us-east-1:000000000000:task/default/${TASK_ID}`,
      lastStatus: 'RUNNING',
      startedAt: at(1),
    });
    expect(task.container()['lastStatus']).toBe('RUNNING');
  });
  row('Events (by pod): pull timestamps, failure reasons', () => {
    const message = 'Failed to pull image "nginx:latest": rpc error: code = NotFound desc = not found';
    const task = new WatchedTask(runTaskPod()).see(1, CREATING);
    task.event({ reason: 'Pulling', message: 'Pulling image "nginx:latest"', container: 'nginx', firstSecond: 2 });
    task.event({ reason: 'Failed', message, container: 'nginx', firstSecond: 4 });
    task.see(5, preparing({ nginx: waiting('ErrImagePull', 'rpc error') })).missing(20);
    expect(task.pick('pullStartedAt', 'stopCode', 'stoppedReason')).toEqual({
      pullStartedAt: at(2),
      stopCode: 'TaskFailedToStart',
      stoppedReason: `CannotPullContainerError: ${message}`,
    });
  });
  nothingLeftOut();
});

describe('critical sync points of tasks', () => {
  const { row, nothingLeftOut } = testsOf(TASK_SYNC_POINTS);

  row('3. Task Launch: Update through PROVISIONING -> PENDING -> RUNNING states', () => {
    const task = new WatchedTask(runTaskPod()).see(0, CREATED).see(0, PLACED).see(1, CREATING).see(3, RUNNING);
    expect(task.history).toBe('PROVISIONING PENDING RUNNING');
  });
  row('4. Task Stop: Set STOPPING status immediately, STOPPED when pod deleted', () => {
    const task = new WatchedTask(runTaskPod()).see(3, RUNNING).stopTask(20, 'drill');
    expect(task.pick('lastStatus', 'desiredStatus', 'stopCode', 'stoppedReason', 'stoppingAt', 'stoppedAt')).toEqual({
      lastStatus: 'STOPPING',
      desiredStatus: 'STOPPED',
      stopCode: 'UserInitiated',
      stoppedReason: 'drill',
      stoppingAt: seenAt(20),
    });
    task.see(20, deleted(RUNNING, 20)).gone(30, deleted({ ...ended(143, 29), phase: 'Failed' }, 20, 0));
    expect(task.history).toBe('RUNNING STOPPING STOPPED');
    expect(task.pick('stopCode', 'stoppedReason', 'stoppingAt', 'stoppedAt')).toEqual({
      stopCode: 'UserInitiated',
      stoppedReason: 'drill',
      stoppingAt: seenAt(20),
      stoppedAt: at(29),
    });
  });
  row('5. Health Checks: Update container and task health status from probes', () => {
    const task = new WatchedTask(ofContainers(checked('nginx'), checked('proxy')));
    const health = () => [task.json, task.container(0), task.container(1)].map((shown) => shown['healthStatus']);
    task.see(4, started({ nginx: running(2), proxy: running(2, { ready: false }) }, ['False', 1]));
    expect(health()).toEqual(['UNKNOWN', 'HEALTHY', 'UNKNOWN']);
    task.see(5, started({ nginx: running(2), proxy: running(2) }));
    expect(health()).toEqual(['HEALTHY', 'HEALTHY', 'HEALTHY']);
    task.see(9, started({ nginx: running(2, { ready: false }), proxy: running(2) }, ['False', 9]));
    expect(health()).toEqual(['UNHEALTHY', 'UNHEALTHY', 'HEALTHY']);
  });
  nothingLeftOut();
});

describe('task fields that need no sync', () => {
  const { row, nothingLeftOut } = testsOf(STATIC_TASK_FIELDS);
  /** The field at every stage of a task's life. */
  const over = (pod: object, field: string) => {
    const task = new WatchedTask({ ...pod });
    const stages = [() => task.see(0, CREATED), () => task.see(3, RUNNING), () => task.see(9, ended(0, 9))];
    return stages.map((stage) => stage().json[field]);
  };
  const always = (value: unknown) => [value, value, value];

  row('`capacityProviderName`', () => expect(over(runTaskPod(), 'capacityProviderName')).toEqual(always(undefined)));
  row('`group`', () => {
    expect(over(runTaskPod(), 'group')).toEqual(always('family:single-task-nginx'));
    expect(over(servicePod(), 'group')).toEqual(always('service:single-task-nginx'));
  });
  row('`startedBy`', () => {
    expect(over(runTaskPod(), 'startedBy')).toEqual(always(undefined));
    expect(over(taskSetPod(), 'startedBy')).toEqual(always('ts-0a1b2c3d'));
    const ofService = new WatchedTask(servicePod()).startedBy(0, 'ecs-svc/1000000000000000000').see(0, CREATED);
    expect(ofService.see(3, RUNNING).see(9, deleted(RUNNING, 9)).pick('startedBy', 'stoppedReason')).toEqual({
      startedBy: 'ecs-svc/1000000000000000000',
      stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1000000000000000000)',
    });
  });
  row('`tags`', () => {
    const pod = runTaskPod({ labels: { 'tag.Environment': 'dev', 'tag.team': 'a' } });
    expect(over(pod, 'tags')).toEqual(
      always([
        { key: 'Environment', value: 'dev' },
        { key: 'team', value: 'a' },
      ]),
    );
  });
  row('`version`', () => expect(over(runTaskPod(), 'version')).toEqual([1, 2, 3]));
  nothingLeftOut();
});

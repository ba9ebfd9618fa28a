/**
 * What an Event about a pod says, in all the forms that a cluster prints it.
 */
import { describe, expect, it } from 'vitest';
import { observePodEvent } from '../../src/observe/event.js';
import { MalformedObjectError } from '../../src/observe/raw.js';
import { EPOCH_SECONDS, POD_UID, TASK_ID, podEvent } from './raw-pods.js';
import type { Raw } from './raw-pods.js';
import { recorded } from './recorded.js';

const at = (second: number): number => (EPOCH_SECONDS + second) * 1000;
const factsOf = (event: Raw) => observePodEvent(event)?.facts;
const PULLING = { reason: 'Pulling', message: 'Pulling image "nginx:latest"', container: 'nginx', firstSecond: 2 };

describe('an Event about a pod', () => {
  it('names the pod, the container and the times', () => {
    expect(observePodEvent(podEvent(PULLING))).toMatchObject({
      podUid: POD_UID,
      namespace: 'default-us-east-1',
      podName: TASK_ID,
      facts: {
        kind: 'pulling',
        container: 'nginx',
        firstAt: at(2),
        lastAt: at(2),
        message: 'Pulling image "nginx:latest"',
      },
    });
  });

  it.each([
    ['Pulling', 'Pulling image "x"', 'pulling'],
    ['Pulled', 'Successfully pulled image "x" in 3.2s (3.2s including waiting)', 'pulled'],
    ['Failed', 'Failed to pull image "x": rpc error: code = NotFound', 'pullFailed'],
    ['Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 503', 'livenessFailed'],
    ['Unhealthy', 'Startup probe errored: rpc error', 'livenessFailed'],
    ['Killing', 'Stopping container nginx', 'killing'],
    ['TaintManagerEviction', 'Marking for deletion Pod a/b', 'taintEviction'],
    ['Preempted', 'by a/b on node node-1', 'preempted'],
  ])('%s: %s is %s', (reason, message, kind) => {
    expect(factsOf(podEvent({ ...PULLING, reason, message }))).toMatchObject({ kind, message });
  });

  it.each([
    ['Pulled', 'Container image "x" already present on machine'],
    ['Failed', 'Error: ErrImagePull'],
    ['Unhealthy', 'Readiness probe failed: '],
    ['TaintManagerEviction', 'Cancelling deletion of Pod a/b'],
    ['Scheduled', 'Successfully assigned a/b to node-1'],
    ['constructor', 'odd'],
  ])('%s: %s tells neither the task nor its service anything', (reason, message) => {
    expect(observePodEvent(podEvent({ ...PULLING, reason, message }))).toBeUndefined();
  });

  it('may tell its service something, and the task nothing', () => {
    const message = 'Back-off restarting failed container';
    const event = observePodEvent(podEvent({ ...PULLING, reason: 'BackOff', message }));
    expect(event).toMatchObject({ podUid: POD_UID, podName: TASK_ID, notice: { cause: 'back-off' } });
    expect(event).not.toHaveProperty('facts');
  });

  it('names an ECS container by its ECS name, and an init container by its own', () => {
    expect(factsOf(podEvent({ ...PULLING, container: 'log-nonessential' }))?.container).toBe('log');
    const init = podEvent(PULLING);
    const involvedObject = { ...(init['involvedObject'] as Raw), fieldPath: 'spec.initContainers{artifacts}' }; // an Event has it
    expect(factsOf({ ...init, involvedObject })?.container).toBe('artifacts');
    expect(factsOf(podEvent({ reason: 'Killing', message: 'x', firstSecond: 2 }))).not.toHaveProperty('container');
  });

  it('of another kind of object says nothing', () => {
    const involvedObject = { kind: 'Node', name: 'node-1', namespace: 'default' };
    expect(observePodEvent({ ...podEvent(PULLING), involvedObject })).toBeUndefined();
    expect(observePodEvent({})).toBeUndefined();
    const nameless = { kind: 'Pod', namespace: 'default-us-east-1', uid: POD_UID };
    expect(observePodEvent({ ...podEvent(PULLING), involvedObject: nameless })).toBeUndefined();
    const nowhere = { kind: 'Pod', name: TASK_ID, uid: POD_UID };
    expect(observePodEvent({ ...podEvent(PULLING), involvedObject: nowhere })).toBeUndefined();
  });
});

describe('the time of an Event', () => {
  const event = podEvent(PULLING);
  const times = (change: Raw) => {
    const facts = factsOf({ ...event, ...change });
    return [facts?.firstAt, facts?.lastAt];
  };

  it('of an aggregated one is a span', () => {
    expect(times(podEvent({ ...PULLING, lastSecond: 40, count: 3 }))).toEqual([at(2), at(40)]);
  });

  it('is eventTime where the old ones are null, as the scheduler prints them', () => {
    const eventTime = '2026-01-01T00:00:07.966675Z';
    expect(times({ firstTimestamp: null, lastTimestamp: null, eventTime })).toEqual([at(7) + 966, at(7) + 966]);
  });

  it('of a series is its last one', () => {
    const series = { count: 4, lastObservedTime: '2026-01-01T00:00:50.5Z' };
    const change = { firstTimestamp: null, lastTimestamp: null, eventTime: '2026-01-01T00:00:07Z', series };
    expect(times(change)).toEqual([at(7), at(50) + 500]);
  });

  it('is the creation of the Event when there is no other', () => {
    expect(times({ firstTimestamp: null, lastTimestamp: null, eventTime: null })).toEqual([at(2), at(2)]);
  });

  it('must be there', () => {
    const timeless = { ...event, metadata: {}, firstTimestamp: null, lastTimestamp: null, eventTime: null };
    expect(() => observePodEvent(timeless)).toThrow(new MalformedObjectError('Event', 'time'));
  });
});

describe('the Event of the taint manager', () => {
  it('does not know the uid of the pod', () => {
    const involvedObject = { kind: 'Pod', namespace: 'default-us-east-1', name: TASK_ID };
    const event = podEvent({ reason: 'TaintManagerEviction', message: 'Marking for deletion Pod a/b', firstSecond: 9 });
    expect(observePodEvent({ ...event, involvedObject })).toMatchObject({
      podUid: undefined,
      namespace: 'default-us-east-1',
      podName: TASK_ID,
      facts: { kind: 'taintEviction', firstAt: at(9), lastAt: at(9) },
    });
  });
});

describe('Events of a real cluster', () => {
  it.each([
    ['image-missing', { pulling: 3, pullFailed: 3 }],
    ['liveness-never', { livenessFailed: 2, killing: 1 }],
  ])('of %s tell the task this much', (recording, expected) => {
    const counted: Record<string, number> = {};
    for (const { event } of recorded(recording, 'events')) {
      const facts = factsOf(event.object);
      if (facts !== undefined) counted[facts.kind] = (counted[facts.kind] ?? 0) + 1;
    }
    expect(counted).toEqual(expected);
  });
});

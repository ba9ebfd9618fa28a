/**
 * Owns arbitrary tasks and arbitrary messages to them, for the properties of the task machine. The facts are what observe/ makes of pods
 * that no cluster would print: nothing in them is plausible but their types.
 */
import * as fc from 'fast-check';
import type {
  ContainerDefinition,
  TaskEventFacts,
  TaskIdentity,
  TaskMessage,
} from '../../../machines/task/task.types.js';
import { observePod } from '../../../src/observe/pod.js';

/** 2026-01-01T00:00:00Z, epoch milliseconds. */
export const EPOCH = 1_767_225_600_000;
/** All instants of arbitrary pods are within this many seconds around {@link EPOCH}. */
const SPAN = 60;

const second = fc.integer({ min: -5, max: SPAN });
const isoAt = second.map((value) => new Date(EPOCH + value * 1000).toISOString());
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const REASONS = [
  'ContainerCreating',
  'PodInitializing',
  'ErrImagePull',
  'ImagePullBackOff',
  'CreateContainerConfigError',
  'RunContainerError',
  'CrashLoopBackOff',
  'Completed',
  'Error',
  'OOMKilled',
  'StartError',
  'ContainerStatusUnknown',
  // Names that every JavaScript object has: a table that is asked carelessly answers with a function.
  'constructor',
  'toString',
];
const reason = fc.constantFrom(...REASONS);
const terminated = fc.record(
  {
    exitCode: fc.constantFrom(0, 1, 137, 143),
    reason,
    message: fc.constant('words'),
    startedAt: isoAt,
    finishedAt: isoAt,
  },
  { requiredKeys: ['exitCode'] },
);
const containerState = fc.oneof(
  fc.record({ waiting: fc.record({ reason, message: fc.constant('words') }, { requiredKeys: [] }) }),
  fc.record({ running: fc.record({ startedAt: isoAt }) }),
  fc.record({ terminated }),
);
const containerStatus = fc.record(
  {
    state: containerState,
    lastState: fc.oneof(fc.constant({}), fc.record({ terminated })),
    ready: fc.boolean(),
    restartCount: fc.nat(3),
    containerID: fc.constantFrom('containerd://a1', 'containerd://b2'),
    imageID: fc.constant('docker.io/library/busybox@sha256:00'),
  },
  { requiredKeys: ['state', 'ready', 'restartCount'] },
);
const podStatus = (containers: readonly ContainerDefinition[]) =>
  fc
    .record(
      {
        phase: fc.constantFrom('Pending', 'Running', 'Running', 'Running', 'Succeeded', 'Failed', 'Unknown'),
        reason: fc.constantFrom('Evicted', 'DeadlineExceeded', 'NodeLost', 'OutOfcpu', 'constructor'),
        message: fc.constant('The node was low on resource: memory.'),
        startTime: isoAt,
        podIP: fc.constantFrom('10.0.0.1', '10.0.0.2'),
        ready: fc.record({ status: fc.constantFrom('True', 'False', 'Unknown'), lastTransitionTime: isoAt }),
        scheduled: fc.boolean(),
        disruption: fc.constantFrom('EvictionByEvictionAPI', 'DeletionByTaintManager', 'constructor'),
        statuses: fc.tuple(...containers.map(() => maybe(containerStatus))),
      },
      { requiredKeys: ['phase', 'statuses'] },
    )
    .map(({ ready, scheduled, disruption, statuses, ...status }) => ({
      ...status,
      conditions: [
        ...(scheduled === undefined ? [] : [{ type: 'PodScheduled', status: scheduled ? 'True' : 'False' }]),
        ...(ready === undefined ? [] : [{ type: 'Ready', ...ready }]),
        ...(disruption === undefined ? [] : [{ type: 'DisruptionTarget', status: 'True', reason: disruption }]),
      ],
      containerStatuses: statuses.flatMap((value, index) =>
        value === undefined ? [] : [{ ...value, name: containers[index]?.podContainerName }],
      ),
    }));

const facts = (containers: readonly ContainerDefinition[]) =>
  fc
    .tuple(
      podStatus(containers),
      fc.option(fc.record({ deletionTimestamp: isoAt, deletionGracePeriodSeconds: fc.constantFrom(0, 6, 30) }), {
        nil: undefined,
        freq: 3,
      }),
    )
    .map(([status, deletion]) => observePod(deletion ?? {}, status, containers));

const podEvent = (containers: readonly ContainerDefinition[]): fc.Arbitrary<TaskEventFacts> =>
  fc
    .record({
      kind: fc.constantFrom<TaskEventFacts['kind']>(
        'pulling',
        'pulled',
        'pullFailed',
        'livenessFailed',
        'killing',
        'taintEviction',
        'preempted',
      ),
      container: fc.constantFrom(undefined, 'injected', ...containers.map(({ name }) => name)),
      first: second,
      lasting: fc.nat(20),
      message: fc.constantFrom('one message', 'another message'),
    })
    .map(({ kind, container, first, lasting, message }) => ({
      kind,
      ...(container === undefined ? {} : { container }),
      firstAt: EPOCH + first * 1000,
      lastAt: EPOCH + (first + lasting) * 1000,
      message,
    }));

const container = (name: string): fc.Arbitrary<ContainerDefinition> =>
  fc
    .record({
      essential: fc.boolean(),
      hasHealthCheck: fc.boolean(),
      restart: fc.constantFrom('never' as const, 'onFailure' as const, 'always' as const),
    })
    .map((what) => ({ name, podContainerName: name, image: 'busybox:1.35', cpu: '0', ...what }));

/** A task of one to three containers. */
export const arbitraryIdentity: fc.Arbitrary<TaskIdentity> = fc
  .tuple(
    fc.constantFrom('main', 'main', 'main').chain((name) => container(name)),
    fc.subarray(['second', 'third']).chain((names) => fc.tuple(...names.map((name) => container(name)))),
    fc.record({
      networkMode: fc.constantFrom('awsvpc' as const, 'bridge' as const, 'host' as const),
      hasRegistrations: fc.boolean(),
      ofService: fc.boolean(),
    }),
  )
  .map(([first, rest, { networkMode, hasRegistrations, ofService }]) => ({
    taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/default/36374d1d33ad4ec0b5a9980f30402ead',
    taskId: '36374d1d33ad4ec0b5a9980f30402ead',
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    clusterName: 'default',
    group: ofService ? 'service:web' : 'family:web',
    ...(ofService ? { serviceName: 'web' } : {}),
    launchType: 'FARGATE',
    namespace: 'default-us-east-1',
    podName: '36374d1d33ad4ec0b5a9980f30402ead',
    podUid: 'f3f6f7a0-0000-4000-8000-000000000001',
    createdAt: EPOCH,
    networkMode,
    hasRegistrations,
    tags: [],
    containers: [first, ...rest],
  }));

/** Messages to a task of these containers; each is received some seconds after the one before, or at once. */
export const arbitraryMessages = (containers: readonly ContainerDefinition[]): fc.Arbitrary<readonly TaskMessage[]> => {
  const message = fc.oneof(
    { weight: 12, arbitrary: facts(containers).map((seen) => ({ type: 'POD_OBSERVED' as const, facts: seen })) },
    { weight: 5, arbitrary: podEvent(containers).map((event) => ({ type: 'EVENT_OBSERVED' as const, event })) },
    {
      weight: 1,
      arbitrary: maybe(fc.constant('drill')).map((why) => ({
        type: 'STOP_REQUESTED' as const,
        ...(why === undefined ? {} : { reason: why }),
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('ecs-svc/1000000000000000000', 'ecs-svc/2000000000000000000')
        .map((startedBy) => ({ type: 'STARTED_BY' as const, startedBy })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('deleted' as const, 'missing' as const), maybe(facts(containers)))
        .map(([how, last]) => ({ type: 'POD_GONE' as const, how, ...(last === undefined ? {} : { facts: last }) })),
    },
  );
  return fc.array(fc.tuple(message, fc.nat(9)), { minLength: 1, maxLength: 14 }).map((entries) => {
    let at = EPOCH;
    return entries.map(([entry, waited]) => {
      at += waited * 1000;
      return { ...entry, at };
    });
  });
};

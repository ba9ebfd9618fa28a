/**
 * Owns the contract: what a task of KECS goes through on a cluster, whichever that is, and what ECS must show of it under `--semantics kecs`.
 * Nothing here speaks to a cluster.
 */
import type { LastStatus } from '../../machines/task/task.types.js';
import {
  deaf,
  ending,
  falling,
  greedy,
  serving,
  warmingUp,
  withoutImage,
  withoutProgram,
  withoutSecret,
} from './containers.js';
import type { TaskSpec } from './manifests.js';

/** What is waited for: a lastStatus, or a container in a state and with a reason. */
export interface Moment {
  readonly lastStatus: LastStatus;
  readonly container?: { readonly name: string; readonly lastStatus?: string; readonly reason?: RegExp };
}

export interface ExpectedContainer {
  readonly name: string;
  /** Absent: the answer has none. */
  readonly exitCode?: number;
  readonly reason?: RegExp;
}

export const INSTANTS = ['startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt'] as const;
export type Instant = (typeof INSTANTS)[number];

export interface Scenario {
  readonly name: string;
  readonly task: TaskSpec;
  /** When to delete the pod, and how; absent: it ends by itself, and its pod is deleted after that, to no effect. */
  readonly deletion?: { readonly when: Moment; readonly graceSeconds?: number };
  /** Every lastStatus in order; those with a question mark may be passed unseen. */
  readonly path: readonly (LastStatus | `${LastStatus}?`)[];
  readonly stopCode: string;
  readonly stoppedReason: RegExp;
  /** The cause and the health are those that an Event names; where it comes too late, the task has ended by itself. */
  readonly namedByEvent?: true;
  readonly containers: readonly ExpectedContainer[];
  /** Those of {@link INSTANTS} that the task must have; the others it must not. */
  readonly instants: readonly Instant[];
  /** Absent: its network was never seen ready. */
  readonly connectivity?: 'CONNECTED';
  readonly health?: 'HEALTHY' | 'UNHEALTHY';
}

export const EXITED = {
  stopCode: 'EssentialContainerExited',
  stoppedReason: /^Essential container in task exited$/,
} as const;
const STOPPED_BY_USER = { stopCode: 'UserInitiated', stoppedReason: /^Task stopped by user$/ } as const;
const RAN = ['startedAt', 'executionStoppedAt', 'stoppedAt'] as const;
const RAN_AND_WAS_STOPPED = INSTANTS;

const UP = ['PROVISIONING', 'PENDING', 'ACTIVATING?', 'RUNNING'] as const;
const DOWN = ['DEACTIVATING', 'STOPPING?', 'DEPROVISIONING?', 'STOPPED'] as const;
const running = { lastStatus: 'RUNNING' } as const;

/** Tasks that RunTask made: pods that nobody owns, restartPolicy Never. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'ends with 0',
    task: { containers: [ending('main', 4, 0)] },
    path: [...UP, 'STOPPED'],
    ...EXITED,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
  {
    name: 'ends with 3',
    task: { containers: [ending('main', 4, 3)], launchType: 'FARGATE' },
    path: [...UP, 'STOPPED'],
    ...EXITED,
    containers: [{ name: 'main', exitCode: 3, reason: /^Error$/ }],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
  {
    name: 'ends before anybody sees it run',
    task: { containers: [ending('main', 0, 0)] },
    path: ['PROVISIONING', 'PENDING', 'ACTIVATING?', 'RUNNING?', 'STOPPED'],
    ...EXITED,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN,
  },
  {
    name: 'is killed for its memory',
    task: { containers: [greedy('main', 3)] },
    path: [...UP, 'STOPPED'],
    ...EXITED,
    containers: [{ name: 'main', exitCode: 137, reason: /^OOMKilled$/ }],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
  {
    name: 'has an image that does not exist',
    task: { containers: [withoutImage('main')] },
    deletion: {
      when: { lastStatus: 'PENDING', container: { name: 'main', reason: /^(ErrImagePull|ImagePullBackOff)/ } },
    },
    path: ['PROVISIONING', 'PENDING', 'STOPPING?', 'DEPROVISIONING?', 'STOPPED'],
    stopCode: 'TaskFailedToStart',
    stoppedReason: /^CannotPullContainerError: .*nosuch/,
    containers: [{ name: 'main', reason: /^(ErrImagePull|ImagePullBackOff)/ }],
    instants: ['stoppingAt', 'stoppedAt'],
  },
  {
    name: 'has a command that does not exist',
    task: { containers: [withoutProgram('main')] },
    path: ['PROVISIONING', 'PENDING', 'STOPPED'],
    stopCode: 'TaskFailedToStart',
    stoppedReason: /^CannotStartContainerError: .*no such file or directory/,
    containers: [{ name: 'main', reason: /^(StartError|ContainerCannotRun): .*no such file or directory/ }],
    instants: ['stoppedAt'],
  },
  {
    name: 'wants a secret that does not exist',
    task: { containers: [withoutSecret('main')] },
    deletion: {
      when: { lastStatus: 'PENDING', container: { name: 'main', reason: /^CreateContainerConfigError.*not found/ } },
    },
    path: ['PROVISIONING', 'PENDING', 'STOPPING?', 'DEPROVISIONING?', 'STOPPED'],
    stopCode: 'TaskFailedToStart',
    stoppedReason: /^CannotCreateContainerError: .*secret "nosuch" not found/,
    containers: [{ name: 'main', reason: /^CreateContainerConfigError: secret "nosuch" not found/ }],
    instants: ['stoppingAt', 'stoppedAt'],
  },
  {
    name: 'has an init container that fails',
    task: { initContainers: [ending('artifact-downloader-main', 1, 7)], containers: [serving('main')] },
    path: ['PROVISIONING', 'PENDING', 'STOPPED'],
    stopCode: 'TaskFailedToStart',
    stoppedReason: /^ResourceInitializationError: init container artifact-downloader-main exited with code 7$/,
    containers: [{ name: 'main', reason: /^PodInitializing$/ }],
    instants: ['stoppedAt'],
  },
  {
    name: 'has an init container that succeeds',
    task: { initContainers: [ending('artifact-downloader-main', 1, 0)], containers: [ending('main', 3, 0)] },
    path: [...UP, 'STOPPED'],
    ...EXITED,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
  {
    name: 'goes on without a container that is not essential',
    task: { containers: [ending('main', 9, 0), ending('sidecar-nonessential', 3, 1)] },
    path: [...UP, 'STOPPED'],
    ...EXITED,
    containers: [
      { name: 'main', exitCode: 0, reason: /^Completed$/ },
      { name: 'sidecar', exitCode: 1, reason: /^Error$/ },
    ],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
  {
    name: 'loses an essential container, and is then deleted',
    task: { containers: [ending('main', 4, 2), serving('proxy')] },
    deletion: { when: { lastStatus: 'RUNNING', container: { name: 'main', lastStatus: 'STOPPED' } } },
    path: [...UP, 'DEACTIVATING?', 'STOPPING', 'DEPROVISIONING?', 'STOPPED'],
    ...EXITED,
    containers: [
      { name: 'main', exitCode: 2, reason: /^Error$/ },
      { name: 'proxy', exitCode: 0, reason: /^Completed$/ },
    ],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
  },
  {
    name: 'is stopped, and listens',
    task: { containers: [serving('main')], launchType: 'FARGATE' },
    deletion: { when: running },
    path: [...UP, ...DOWN],
    ...STOPPED_BY_USER,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
  },
  {
    name: 'is stopped, and ends with 143',
    task: { containers: [serving('main', 143)] },
    deletion: { when: running },
    path: [...UP, ...DOWN],
    ...STOPPED_BY_USER,
    containers: [{ name: 'main', exitCode: 143, reason: /^Error$/ }],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
  },
  {
    name: 'is stopped, and does not listen',
    task: { containers: [deaf('main')], terminationGracePeriodSeconds: 4 },
    deletion: { when: running },
    path: [...UP, ...DOWN],
    ...STOPPED_BY_USER,
    containers: [{ name: 'main', exitCode: 137, reason: /^Error$/ }],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
  },
  {
    name: 'is deleted by force',
    task: { containers: [serving('main')] },
    deletion: { when: running, graceSeconds: 0 },
    path: [...UP, 'DEACTIVATING?', 'STOPPED'],
    ...STOPPED_BY_USER,
    // Kubernetes forgets the pod before its container has ended: nobody learns how.
    containers: [{ name: 'main' }],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
  },
  {
    name: 'is deleted before a node takes it',
    task: { containers: [serving('main')], nodeSelector: { 'no.such/label': 'x' } },
    deletion: { when: { lastStatus: 'PROVISIONING' } },
    path: ['PROVISIONING', 'DEPROVISIONING?', 'STOPPED'],
    ...STOPPED_BY_USER,
    containers: [{ name: 'main' }],
    instants: ['stoppingAt', 'stoppedAt'],
  },
  {
    name: 'fails its health check',
    task: { containers: [falling('main', 10)] },
    path: ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'STOPPED'],
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: /^Task failed container health checks$/,
    namedByEvent: true,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN,
    connectivity: 'CONNECTED',
    health: 'UNHEALTHY',
  },
  {
    name: 'passes its health check',
    task: { containers: [warmingUp('main', 3)], launchType: 'FARGATE' },
    deletion: { when: running },
    path: ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', ...DOWN],
    ...STOPPED_BY_USER,
    containers: [{ name: 'main', exitCode: 0, reason: /^Completed$/ }],
    instants: RAN_AND_WAS_STOPPED,
    connectivity: 'CONNECTED',
    health: 'HEALTHY',
  },
  {
    name: 'runs longer than it may',
    task: { containers: [serving('main')], activeDeadlineSeconds: 20 },
    path: [...UP, 'STOPPED'],
    stopCode: 'EssentialContainerExited',
    stoppedReason: /^DeadlineExceeded: /,
    containers: [{ name: 'main' }],
    instants: RAN,
    connectivity: 'CONNECTED',
  },
];

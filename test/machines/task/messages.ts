/**
 * Owns concrete messages for the task machine: for each profile one look at the pod that speaks of each lastStatus, and one of everything
 * else that a task can be told. The task has two containers, and registrations, so that profile `aws` has all its states.
 */
import type { ProfileName } from '../../../machines/semantics.js';
import type {
  ContainerDefinition,
  ContainerFacts,
  LastStatus,
  TaskEventFacts,
  TaskFacts,
  TaskIdentity,
  TaskMessage,
} from '../../../machines/task/task.types.js';

/** 2026-01-01T00:00:00Z, epoch milliseconds: the task's creation. */
export const BIRTH = 1_767_225_600_000;
/** The instant so many seconds after the task's creation. */
export const after = (seconds: number): number => BIRTH + seconds * 1000;

const container = (name: string): ContainerDefinition => ({
  name,
  podContainerName: name,
  image: 'busybox:1.35',
  essential: true,
  hasHealthCheck: true,
  restart: 'never',
  cpu: '0',
});

export const IDENTITY: TaskIdentity = {
  taskArn: 'arn:aws:ecs:us-east-1:000000000000:task/default/36374d1d33ad4ec0b5a9980f30402ead',
  taskId: '36374d1d33ad4ec0b5a9980f30402ead',
  clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
  clusterName: 'default',
  group: 'family:web',
  launchType: 'FARGATE',
  namespace: 'default-us-east-1',
  podName: '36374d1d33ad4ec0b5a9980f30402ead',
  podUid: 'abc2287b-8b9c-4838-8917-5e58be0044b7',
  createdAt: BIRTH,
  networkMode: 'awsvpc',
  hasRegistrations: true,
  tags: [],
  containers: [container('main'), container('proxy')],
};

type Look = Omit<ContainerFacts, 'name' | 'hasStarted' | 'ready' | 'restartCount'> & {
  readonly hasStarted?: boolean;
  readonly ready?: boolean;
  readonly restartCount?: number;
};
export const ABSENT: Look = { state: 'absent' };
export const CREATING: Look = { state: 'waiting', reason: 'ContainerCreating' };
export const STARTED: Look = { state: 'running', hasStarted: true, startedAt: after(2) };
export const READY: Look = { ...STARTED, ready: true };
export const exited = (exitCode: number, seconds: number): Look => ({
  state: 'terminated',
  reason: exitCode === 0 ? 'Completed' : 'Error',
  exitCode,
  hasStarted: true,
  finishedAt: after(seconds),
});

/** What one look at the pod says of its two containers, and of itself. */
export const facts = (main: Look, proxy: Look, rest: Partial<Omit<TaskFacts, 'containers'>> = {}): TaskFacts => ({
  phase: 'Running',
  scheduled: true,
  ...rest,
  containers: [
    { name: 'main', hasStarted: false, ready: false, restartCount: 0, ...main },
    { name: 'proxy', hasStarted: false, ready: false, restartCount: 0, ...proxy },
  ],
});

const READY_POD = { startTime: after(1), podIp: '10.0.0.1', ready: { status: 'True', at: after(3) } } as const;
const ASKED = { requestedAt: after(20), graceSeconds: 30 };
const LET_GO = { requestedAt: after(20), graceSeconds: 0 };
const NOT_READY = { status: 'False', at: after(1) } as const;

const BOTH: Readonly<Record<Exclude<LastStatus, 'ACTIVATING'>, TaskFacts>> = {
  PROVISIONING: facts(ABSENT, ABSENT, { phase: 'Pending', scheduled: false }),
  PENDING: facts(CREATING, CREATING, { phase: 'Pending' }),
  RUNNING: facts(READY, READY, READY_POD),
  DEACTIVATING: facts(READY, READY, { ...READY_POD, deletion: ASKED }),
  STOPPING: facts(exited(143, 21), READY, { ...READY_POD, deletion: ASKED }),
  DEPROVISIONING: facts(exited(143, 21), exited(0, 24), { ...READY_POD, deletion: LET_GO }),
  STOPPED: facts(exited(0, 9), exited(1, 9), { phase: 'Failed' }),
};

/** A look at the pod that speaks of exactly this lastStatus. */
export const LOOKS: Readonly<Record<ProfileName, Readonly<Record<LastStatus, TaskFacts>>>> = {
  kecs: { ...BOTH, ACTIVATING: facts(READY, CREATING, { phase: 'Pending', startTime: after(1) }) },
  aws: { ...BOTH, ACTIVATING: facts(STARTED, STARTED, { startTime: after(1), ready: NOT_READY }) },
};

export const observed = (seen: TaskFacts, seconds = 30): TaskMessage => ({
  type: 'POD_OBSERVED',
  facts: seen,
  at: after(seconds),
});
export const event = (
  kind: TaskEventFacts['kind'],
  seconds: number,
  rest: Partial<TaskEventFacts> = {},
): TaskMessage => ({
  type: 'EVENT_OBSERVED',
  event: { kind, firstAt: after(seconds), lastAt: after(seconds), message: 'words', ...rest },
  at: after(seconds),
});
export const gone = (seconds: number, last?: TaskFacts): TaskMessage =>
  last === undefined
    ? { type: 'POD_GONE', how: 'missing', at: after(seconds) }
    : { type: 'POD_GONE', how: 'deleted', facts: last, at: after(seconds) };
export const stop = (seconds: number, reason?: string): TaskMessage =>
  reason === undefined
    ? { type: 'STOP_REQUESTED', at: after(seconds) }
    : { type: 'STOP_REQUESTED', reason, at: after(seconds) };
export const startedBy = (deployment: string): TaskMessage => ({
  type: 'STARTED_BY',
  startedBy: deployment,
  at: after(5),
});

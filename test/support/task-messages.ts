/**
 * Owns the identities and facts that tests of the system speak with: the smallest task that is a task, and what may be said of it.
 */
import type { ContainerFacts, TaskFacts, TaskIdentity } from '../../machines/task/task.types.js';
import type { SystemMessage } from '../../src/system/messages.js';

/** A RunTask task with one essential container, `main`. */
export function identityOf(id: string, overrides: Partial<TaskIdentity> = {}): TaskIdentity {
  const taskId = id.padStart(32, '0');
  return {
    taskArn: `arn:aws:ecs:us-east-1:000000000000:task/default/${taskId}`,
    taskId,
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    clusterName: 'default',
    family: 'app',
    taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/app:1',
    group: 'family:app',
    launchType: 'EC2',
    namespace: 'default-us-east-1',
    podName: taskId,
    podUid: `uid-${id}`,
    createdAt: 1_000_000,
    networkMode: 'bridge',
    hasRegistrations: false,
    tags: [],
    containers: [
      {
        name: 'main',
        podContainerName: 'main',
        image: 'app:1',
        essential: true,
        hasHealthCheck: false,
        restart: 'never',
        cpu: '0',
      },
    ],
    ...overrides,
  };
}

const main = (facts: Partial<ContainerFacts>): ContainerFacts => ({
  name: 'main',
  state: 'waiting',
  hasStarted: false,
  ready: false,
  restartCount: 0,
  ...facts,
});

/** Looks at the pod in the order of its life. */
export const LOOKS = {
  created: { phase: 'Pending', scheduled: false, containers: [main({ state: 'absent' })] },
  creating: {
    phase: 'Pending',
    scheduled: true,
    startTime: 1_000_000,
    containers: [main({ reason: 'ContainerCreating' })],
  },
  running: {
    phase: 'Running',
    scheduled: true,
    startTime: 1_000_000,
    podIp: '10.0.0.1',
    ready: { status: 'True', at: 1_002_000 },
    containers: [main({ state: 'running', hasStarted: true, ready: true, startedAt: 1_002_000, runtimeId: 'abc' })],
  },
  succeeded: {
    phase: 'Succeeded',
    scheduled: true,
    startTime: 1_000_000,
    podIp: '10.0.0.1',
    ready: { status: 'False', at: 1_005_000 },
    containers: [
      main({
        state: 'terminated',
        reason: 'Completed',
        exitCode: 0,
        hasStarted: true,
        startedAt: 1_002_000,
        finishedAt: 1_005_000,
        runtimeId: 'abc',
      }),
    ],
  },
} as const satisfies Record<string, TaskFacts>;

let versions = 100;

/** The pod of `identity` was looked at. */
export function seen(
  identity: TaskIdentity,
  facts: TaskFacts,
  at: number,
  change: 'observed' | 'deleted' = 'observed',
): SystemMessage {
  versions += 1;
  return {
    kind: 'pod',
    change,
    pod: { podUid: identity.podUid, resourceVersion: String(versions), identity, facts },
    at,
  };
}

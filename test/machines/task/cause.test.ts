/**
 * The words by which a person is told why a task moved.
 */
import { describe, expect, it } from 'vitest';
import { describeCause } from '../../../machines/task/cause.js';
import type { LastStatus, TaskMessage } from '../../../machines/task/task.types.js';
import {
  ABSENT,
  CREATING,
  IDENTITY,
  LOOKS,
  READY,
  STARTED,
  event,
  exited,
  facts,
  gone,
  observed,
  startedBy,
  stop,
} from './messages.js';
import { startTask } from './running-task.js';

const { kecs } = LOOKS;
const FAILED_PULL = { state: 'waiting', reason: 'ErrImagePull' } as const;
const DELETION = { requestedAt: 20, graceSeconds: 30 };

/** Why the last of these messages moved the task. */
function cause(profile: 'kecs' | 'aws', ...messages: readonly TaskMessage[]): string {
  const task = startTask({ identity: IDENTITY, profile });
  let words = '';
  let from: LastStatus | null = null;
  for (const message of messages) {
    const { context, lastStatus } = task.send(message);
    words = describeCause(message, context, from, lastStatus);
    from = lastStatus;
  }
  return words;
}

describe('the cause of a transition', () => {
  const cases: readonly (readonly [string, readonly TaskMessage[], string])[] = [
    ['created', [observed(kecs.PROVISIONING)], 'pod 36374d1d33ad4ec0b5a9980f30402ead was created'],
    [
      'placed',
      [observed(kecs.PROVISIONING), observed(facts(CREATING, ABSENT, { phase: 'Pending' }))],
      'placed on a node; main is waiting (ContainerCreating), proxy has no status',
    ],
    [
      'one started',
      [observed(kecs.PENDING), observed(facts(READY, FAILED_PULL, { phase: 'Pending' }))],
      '1 of 2 containers started, 1 ready',
    ],
    [
      'none ready yet',
      [observed(kecs.PENDING), observed(facts(STARTED, STARTED))],
      '2 of 2 containers started, 0 ready',
    ],
    ['all ready', [observed(kecs.PENDING), observed(kecs.RUNNING)], 'all 2 containers are ready'],
    ['first seen running', [observed(kecs.RUNNING)], 'first seen like this: all 2 containers are ready'],
    [
      'asked to go',
      [observed(kecs.RUNNING), observed(kecs.DEACTIVATING)],
      'the pod is being deleted (grace period 30 s)',
    ],
    [
      'going',
      [observed(kecs.RUNNING), observed(facts(exited(143, 21), STARTED, { deletion: DELETION }))],
      'the pod is being deleted (grace period 30 s); main exited with 143 (Error), proxy is running',
    ],
    [
      'let go',
      [observed(kecs.RUNNING), observed(kecs.DEPROVISIONING)],
      'the node has let go of the pod; main exited with 143 (Error), proxy exited with 0 (Completed)',
    ],
    [
      'ended by itself',
      [observed(kecs.RUNNING), observed(kecs.STOPPED)],
      'the pod ended as Failed; main exited with 0 (Completed), proxy exited with 1 (Error) ' +
        '(EssentialContainerExited: Essential container in task exited)',
    ],
    [
      'ended without a code',
      [observed(kecs.RUNNING), observed(facts({ state: 'terminated', hasStarted: true }, READY, { phase: 'Failed' }))],
      'the pod ended as Failed; main ended, proxy is running and ready ' +
        '(EssentialContainerExited: Essential container in task exited)',
    ],
    [
      'gone',
      [observed(kecs.RUNNING), gone(30, kecs.DEPROVISIONING)],
      'the pod is gone (UserInitiated: Task stopped by user)',
    ],
    [
      'missing',
      [observed(kecs.RUNNING), gone(30)],
      'the pod was missing when the cluster was listed again (UserInitiated: Task stopped by user)',
    ],
    ['a StopTask with words', [observed(kecs.RUNNING), stop(20, 'drill')], 'StopTask was called: drill'],
    ['a StopTask without', [observed(kecs.RUNNING), stop(20)], 'StopTask was called'],
    ['an Event', [observed(kecs.RUNNING), event('killing', 20)], 'words'],
    ['its deployment', [observed(kecs.RUNNING), startedBy('ecs-svc/1')], 'started by ecs-svc/1'],
  ];
  it.each(cases)('%s', (_, messages, words) => expect(cause('kecs', ...messages)).toBe(words));

  it('an essential exit, in profile aws', () => {
    const running = observed(LOOKS.aws.RUNNING);
    expect(cause('aws', running, observed(facts(exited(1, 9), STARTED)))).toBe(
      'an essential container ended; main exited with 1 (Error), proxy is running',
    );
    expect(cause('aws', running, observed(facts(exited(1, 9), exited(0, 9))))).toBe(
      'every container has ended; main exited with 1 (Error), proxy exited with 0 (Completed)',
    );
  });

  it('every container started, in profile aws, whether ready or not', () => {
    expect(
      cause('aws', observed(LOOKS.aws.PENDING), observed(facts(STARTED, READY, { ready: { status: 'True' } }))),
    ).toBe('2 of 2 containers started, 1 ready');
  });

  it('of a task of one container speaks of one', () => {
    const [main] = IDENTITY.containers;
    const one = startTask({ identity: { ...IDENTITY, containers: main === undefined ? [] : [main] }, profile: 'kecs' });
    const message = observed({ ...kecs.RUNNING, containers: kecs.RUNNING.containers.slice(0, 1) });
    const { context, lastStatus } = one.send(observed(kecs.PENDING), message);
    expect(describeCause(message, context, 'PENDING', lastStatus)).toBe('its container is ready');
  });
});

/**
 * Owns the table of paths through the task machine: the ordinary life, the jumps forward, every way down.
 */
import type { ProfileName } from '../../../machines/semantics.js';
import type { StopCode, TaskMessage } from '../../../machines/task/task.types.js';
import { ABSENT, CREATING, LOOKS, READY, STARTED, event, exited, facts, gone, observed, stop } from './messages.js';

export interface Path {
  readonly number: number;
  readonly profile: ProfileName;
  readonly name: string;
  readonly messages: readonly TaskMessage[];
  /** The states that it goes through, each once. */
  readonly states: string;
  readonly stopCode: StopCode | undefined;
}

const { kecs, aws } = LOOKS;
const FAILED_PULL = { state: 'waiting', reason: 'ErrImagePull', message: 'not found' } as const;

const rows: readonly (readonly [ProfileName, string, readonly TaskMessage[], string, StopCode | undefined])[] = [
  // The ordinary life.
  [
    'kecs',
    'created, placed, started, ready; asked to go, ended, let go, gone',
    [
      observed(kecs.PROVISIONING, 0),
      observed(kecs.PENDING, 1),
      observed(kecs.ACTIVATING, 2),
      observed(kecs.RUNNING, 3),
      observed(kecs.DEACTIVATING, 20),
      observed(kecs.STOPPING, 21),
      observed(kecs.DEPROVISIONING, 30),
      gone(31, kecs.DEPROVISIONING),
    ],
    'PROVISIONING PENDING ACTIVATING RUNNING DEACTIVATING STOPPING DEPROVISIONING STOPPED',
    'UserInitiated',
  ],
  [
    'aws',
    'created, placed, started, registered; deregistered, signalled, ended, gone',
    [
      observed(aws.PROVISIONING, 0),
      observed(aws.PENDING, 1),
      observed(aws.ACTIVATING, 2),
      observed(aws.RUNNING, 3),
      observed(aws.DEACTIVATING, 20),
      observed(aws.STOPPING, 21),
      observed(aws.DEPROVISIONING, 30),
      gone(31, aws.DEPROVISIONING),
    ],
    'PROVISIONING PENDING ACTIVATING RUNNING DEACTIVATING STOPPING DEPROVISIONING STOPPED',
    'UserInitiated',
  ],
  // Jumps forward.
  ['kecs', 'first seen ready', [observed(kecs.RUNNING, 3)], 'RUNNING', undefined],
  ['kecs', 'first seen going', [observed(kecs.DEACTIVATING, 20)], 'DEACTIVATING', 'UserInitiated'],
  ['kecs', 'first seen ended', [observed(kecs.STOPPED, 9)], 'STOPPED', 'EssentialContainerExited'],
  [
    'kecs',
    'a fast task: never seen running',
    [observed(kecs.PROVISIONING, 0), observed(kecs.PENDING, 1), observed(kecs.STOPPED, 9)],
    'PROVISIONING PENDING STOPPED',
    'EssentialContainerExited',
  ],
  // Every way down: by its own end …
  [
    'kecs',
    'RUNNING, and its pod ends by itself',
    [observed(kecs.RUNNING, 3), observed(kecs.STOPPED, 9)],
    'RUNNING STOPPED',
    'EssentialContainerExited',
  ],
  [
    'aws',
    'RUNNING, and an essential container ends while the other runs on',
    [observed(aws.RUNNING, 3), observed(facts(exited(1, 9), READY), 9), observed(aws.STOPPED, 12)],
    'RUNNING STOPPING STOPPED',
    'EssentialContainerExited',
  ],
  [
    'aws',
    'RUNNING, and all its containers end at once',
    [observed(aws.RUNNING, 3), observed(facts(exited(1, 9), exited(0, 9)), 9), observed(aws.STOPPED, 12)],
    'RUNNING DEPROVISIONING STOPPED',
    'EssentialContainerExited',
  ],
  [
    'kecs',
    'RUNNING, and evicted by the kubelet',
    [observed(kecs.RUNNING, 3), observed(facts(ABSENT, ABSENT, { phase: 'Failed', reason: 'Evicted' }), 9)],
    'RUNNING STOPPED',
    'InfrastructureHealth',
  ],
  // … by a StopTask …
  [
    'kecs',
    'a StopTask of a task that is not placed',
    [observed(kecs.PROVISIONING, 0), stop(5), gone(6)],
    'PROVISIONING STOPPING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'a StopTask of a RUNNING task: the deletion follows, and changes nothing',
    [
      observed(kecs.RUNNING, 3),
      stop(20, 'drill'),
      observed(kecs.DEACTIVATING, 20),
      observed(kecs.STOPPING, 21),
      observed(kecs.DEPROVISIONING, 30),
      gone(31),
    ],
    'RUNNING STOPPING DEPROVISIONING STOPPED',
    'UserInitiated',
  ],
  [
    'aws',
    'a StopTask of a RUNNING task: lastStatus waits for the node',
    [observed(aws.RUNNING, 3), stop(20, 'drill'), observed(aws.RUNNING, 20), observed(aws.STOPPING, 21), gone(31)],
    'RUNNING STOPPING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'a StopTask that nobody carries out: the pod ends by itself',
    [observed(kecs.RUNNING, 3), stop(20), observed(kecs.RUNNING, 25), observed(kecs.STOPPED, 60)],
    'RUNNING STOPPING STOPPED',
    'UserInitiated',
  ],
  // … by a deletion …
  [
    'kecs',
    'PROVISIONING, and deleted: an unscheduled pod goes at once',
    [observed(kecs.PROVISIONING, 0), gone(5, kecs.PROVISIONING)],
    'PROVISIONING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'PENDING, and deleted',
    [
      observed(kecs.PENDING, 1),
      observed(facts(CREATING, CREATING, { phase: 'Pending', deletion: { requestedAt: 20, graceSeconds: 30 } }), 20),
      gone(25),
    ],
    'PENDING STOPPING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'ACTIVATING, and deleted',
    [observed(kecs.ACTIVATING, 2), observed(kecs.STOPPING, 21), gone(25)],
    'ACTIVATING STOPPING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'RUNNING, and deleted by force',
    [observed(kecs.RUNNING, 3), gone(20, kecs.RUNNING)],
    'RUNNING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'RUNNING, and missing from a list: nobody saw it go',
    [observed(kecs.RUNNING, 3), gone(600)],
    'RUNNING STOPPED',
    'UserInitiated',
  ],
  [
    'kecs',
    'RUNNING, its node is lost, and it is deleted',
    [
      observed(kecs.RUNNING, 3),
      observed({ ...kecs.RUNNING, ready: { status: 'False' } }, 60),
      observed({ ...kecs.DEACTIVATING, ready: { status: 'False' } }, 360),
      gone(700),
    ],
    'RUNNING DEACTIVATING STOPPED',
    'TerminationNotice',
  ],
  // … and without ever having run.
  [
    'kecs',
    'an image that never pulls, then deleted',
    [
      observed(kecs.PENDING, 1),
      event('pulling', 2, { container: 'main' }),
      event('pullFailed', 3, { container: 'main', message: 'Failed to pull image "x": not found' }),
      observed(facts(FAILED_PULL, CREATING, { phase: 'Pending' }), 4),
      gone(60),
    ],
    'PENDING STOPPED',
    'TaskFailedToStart',
  ],
  [
    'kecs',
    'one image of two never pulls: the other container runs',
    [observed(facts(STARTED, FAILED_PULL, { phase: 'Pending' }), 4), gone(60)],
    'ACTIVATING STOPPED',
    'TaskFailedToStart',
  ],
  [
    'kecs',
    'refused by its node',
    [observed(kecs.PROVISIONING, 0), observed(facts(ABSENT, ABSENT, { phase: 'Failed', reason: 'OutOfcpu' }), 1)],
    'PROVISIONING STOPPED',
    'TaskFailedToStart',
  ],
];

export const PATHS: readonly Path[] = rows.map(([profile, name, messages, states, stopCode], index) => ({
  number: index + 1,
  profile,
  name,
  messages,
  states,
  stopCode,
}));

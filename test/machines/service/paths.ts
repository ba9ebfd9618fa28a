/**
 * Owns the table of paths through the service machine: the ordinary life, what is first seen late, every way to its end.
 */
import type { ServiceIdentity, ServiceMessage } from '../../../machines/service/service.types.js';
import { after } from '../task/messages.js';
import {
  EXTERNAL,
  GONE,
  IDENTITY,
  LEAVING,
  RUNNING,
  STEADY,
  UNSEEN,
  all,
  batchDue,
  complete,
  deployment,
  deploymentGone,
  noticed,
  replicaSet,
  replicaSetGone,
  task,
  taskSet,
  taskSetGone,
} from './messages.js';

export interface Path {
  readonly number: number;
  readonly name: string;
  readonly identity: ServiceIdentity;
  readonly messages: readonly ServiceMessage[];
  /** The statuses that it goes through, each once. */
  readonly statuses: string;
  /** Its deployments in the end, in brief. */
  readonly list: readonly string[];
}

const THREE = ['a', 'b', 'c'] as const;
const DELETED = { deletionRequestedAt: after(30) } as const;

const rows: readonly (readonly [string, readonly ServiceMessage[], string, readonly string[], ServiceIdentity?])[] = [
  // The ordinary life.
  [
    'created, rolled out, available; deleted, its tasks gone',
    [
      ...STEADY,
      noticed(12),
      deploymentGone(30),
      replicaSetGone(30),
      ...THREE.map((name) => task(31, name, LEAVING)),
      ...THREE.map((name) => task(60, name, GONE)),
    ],
    'PENDING ACTIVE DRAINING INACTIVE',
    [],
  ],
  [
    'a new task definition: the old deployment leaves when its ReplicaSet is empty',
    [
      ...STEADY,
      deployment(20, { ...complete(), of: 2, ...UNSEEN }),
      replicaSet(21, { of: 2, desired: 1, total: 1 }),
      replicaSet(22, { desired: 0, total: 2, ready: 2 }),
      replicaSet(23, { of: 2, ...all(3) }),
      replicaSet(24, all(0)),
      deployment(25, { of: 2, ...complete() }),
    ],
    'PENDING ACTIVE',
    ['PRIMARY COMPLETED v2 3/3'],
  ],
  [
    'scaled to 0, and up again (S5)',
    [
      ...STEADY,
      deployment(20, { ...complete(0), generation: 2 }),
      replicaSet(21, all(0)),
      deployment(30, { desired: 1, generation: 3, observedGeneration: 2 }),
      replicaSet(31, { desired: 1, total: 1 }),
    ],
    'PENDING ACTIVE',
    ['PRIMARY COMPLETED v1 0/1'],
  ],
  // First seen late.
  ['first seen complete', [deployment(0, complete()), replicaSet(1, all(3))], 'ACTIVE', ['PRIMARY COMPLETED v1 3/3']],
  [
    'first seen available and in the middle of a rollout, the tasks and ReplicaSets before the Deployment',
    [
      task(0, 'a', RUNNING),
      replicaSet(1, { ...all(2) }),
      replicaSet(1, { of: 2, desired: 2, total: 2, ready: 1 }),
      deployment(2, { of: 2, total: 4, ready: 3, updated: 2, available: true, progress: 'ReplicaSetUpdated' }),
    ],
    'PENDING ACTIVE',
    ['PRIMARY IN_PROGRESS v2 1/3', 'ACTIVE IN_PROGRESS v1 2/2'],
  ],
  ['first seen being deleted', [deployment(30, { ...complete(), ...DELETED })], 'DRAINING', []],
  // Every way to the end.
  [
    'never available, and gone at once: there were no tasks',
    [deployment(0, UNSEEN), deploymentGone(1)],
    'PENDING INACTIVE',
    [],
  ],
  [
    'never available, and gone at once: a task is still going',
    [deployment(0), replicaSet(1), task(2, 'a'), deploymentGone(30), task(31, 'a', LEAVING), task(40, 'a', GONE)],
    'PENDING DRAINING INACTIVE',
    [],
  ],
  [
    'never available, its deletion asked for, then gone',
    [deployment(0), deployment(30, DELETED), deploymentGone(31)],
    'PENDING DRAINING INACTIVE',
    [],
  ],
  [
    'its tasks are deleted first, the Deployment last',
    [
      ...STEADY,
      deployment(30, { ...complete(), ...DELETED }),
      deployment(31, { ...complete(), ready: 0, ...DELETED }),
      ...THREE.map((name) => task(32, name, GONE)),
      replicaSetGone(33),
      deploymentGone(34),
    ],
    'PENDING ACTIVE DRAINING INACTIVE',
    [],
  ],
  [
    'scaled to 0, then gone at once',
    [
      ...STEADY,
      deployment(20, complete(0)),
      replicaSet(21, all(0)),
      ...THREE.map((name) => task(22, name, GONE)),
      deploymentGone(30),
    ],
    'PENDING ACTIVE INACTIVE',
    [],
  ],
  [
    'told twice that the Deployment is gone, and of its ReplicaSet between',
    [...STEADY, deploymentGone(30), replicaSet(31, { desired: 0, total: 2, ready: 2 }), deploymentGone(32)],
    'PENDING ACTIVE DRAINING',
    ['PRIMARY COMPLETED v1 2/3'],
  ],
  [
    'its ReplicaSet is given away after the Deployment is gone',
    [...STEADY, deploymentGone(30), replicaSet(31, { ...all(3), owned: false })],
    'PENDING ACTIVE DRAINING INACTIVE',
    [],
  ],
  [
    'its ReplicaSet is given away before the Deployment is gone',
    [...STEADY, replicaSet(30, { ...all(3), owned: false }), deploymentGone(31)],
    'PENDING ACTIVE INACTIVE',
    [],
  ],
  [
    'made again under its name before its tasks are gone (S6)',
    [
      ...STEADY,
      deploymentGone(30),
      replicaSetGone(30),
      deployment(32, { uid: 'another', createdAt: after(32), desired: 1, ...UNSEEN }),
      ...THREE.map((name) => task(33, name, GONE)),
      deployment(34, { uid: 'another', createdAt: after(32), ...complete(1) }),
    ],
    'PENDING ACTIVE DRAINING PENDING ACTIVE',
    ['PRIMARY COMPLETED v1 0/1'],
  ],
  [
    'made again under its name, and seen when it is available already',
    [
      ...STEADY,
      deployment(30, { ...complete(), ...DELETED }),
      deployment(32, { uid: 'another', createdAt: after(32), ...complete(1) }),
    ],
    'PENDING ACTIVE DRAINING ACTIVE',
    ['PRIMARY COMPLETED v1 0/1'],
  ],
  // Under an external controller.
  [
    'its tasks belong to task sets',
    [taskSetGone(0, 'z'), taskSet(1, 'a'), taskSet(2, 'b'), taskSet(3, 'a', all(2)), taskSetGone(4, 'b'), batchDue(5)],
    'PENDING ACTIVE',
    [],
    EXTERNAL,
  ],
];

export const PATHS: readonly Path[] = rows.map(([name, messages, statuses, list, identity = IDENTITY], index) => ({
  number: index + 1,
  name,
  identity,
  messages,
  statuses,
  list,
}));

/**
 * Owns the difference between the two readings of ECS on Kubernetes, as data: a row each, as users see them in machines/README.md.
 *
 * `kecs` (the default) follows the sync document, made consistent where its rows overlap. `aws` follows what Amazon ECS does.
 * The statecharts are the same for both; they ask a {@link Profile} wherever the two differ.
 */

export const PROFILE_NAMES = ['kecs', 'aws'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** One row of the table: what is read, how each profile reads it, and why they differ. */
interface SemanticsRow<Key extends string, Kecs extends string, Aws extends string> {
  /** The row's number; comments and tests cite it. */
  readonly row: number;
  /** The property of {@link Profile} that the statecharts ask. */
  readonly key: Key;
  readonly subject: string;
  readonly kecs: { readonly value: Kecs; readonly says: string };
  /** Not implemented: the statecharts read as `kecs` has it in both profiles, and `says` is what they will read. */
  readonly aws: { readonly value: Aws; readonly says: string; readonly implemented: boolean };
  readonly reason: string;
}

const row = <Key extends string, Kecs extends string, Aws extends string>(
  number: number,
  key: Key,
  subject: string,
  kecs: readonly [Kecs, string],
  aws: readonly [Aws, string],
  reason: string,
): SemanticsRow<Key, Kecs, Aws> => ({
  row: number,
  key,
  subject,
  kecs: { value: kecs[0], says: kecs[1] },
  aws: { value: aws[0], says: aws[1], implemented: true },
  reason,
});

/** A row of which no statechart asks a profile yet. */
const notYet = <Key extends string, Kecs extends string, Aws extends string>(
  ...parts: Parameters<typeof row<Key, Kecs, Aws>>
): SemanticsRow<Key, Kecs, Aws> => {
  const { aws, ...rest } = row(...parts);
  return { ...rest, aws: { ...aws, implemented: false } };
};

/** The rows that the task machine asks. */
export const TASK_ROWS = [
  row(
    1,
    'provisioning',
    'PROVISIONING',
    ['untilContainerStatus', 'not scheduled, or scheduled and no container status yet'],
    ['untilPlaced', 'not placed, no network yet'],
    'ECS means placement and the network interface; the sync document means that no container exists yet.',
  ),
  row(
    2,
    'pending',
    'PENDING',
    ['untilFirstStart', 'containers are being created or waited for and none has started yet, whatever the phase'],
    ['untilAllStarted', 'placed, waiting for the node: until every container has started'],
    'In ECS a task is as far as its slowest container; the sync document looks for the first.',
  ),
  row(
    3,
    'activating',
    'ACTIVATING',
    ['someStarted', 'at least one container has started or is ready, not yet all ready'],
    ['registering', 'started, registrations (load balancer, discovery) pending; skipped when there are none'],
    'ECS activates registrations; in the sync document it is the way from the first container to the last.',
  ),
  row(
    4,
    'running',
    'RUNNING',
    ['allReady', 'phase Running and every container ready, the first time; readiness lost later is health'],
    ['allStarted', 'every container has started'],
    'ECS does not know readiness; its health gates the deployment, not the task.',
  ),
  row(
    5,
    'deactivating',
    'DEACTIVATING',
    ['runningUnderDeletion', 'deletion asked for, phase Running, at least one container running and none ended'],
    ['deregistering', 'deregistering and draining, before any signal; only with registrations'],
    'Kubernetes does not tell when draining ends; the sync document takes the time until the first container ends.',
  ),
  row(
    6,
    'stopping',
    'STOPPING',
    [
      'underDeletion',
      'at once on a StopTask through ecstate; else under deletion whenever neither row 5 nor row 7 holds',
    ],
    [
      'signalled',
      'containers are being signalled; a StopTask answers with lastStatus RUNNING and desiredStatus STOPPED',
    ],
    'The sync document asks that StopTask shows STOPPING immediately; ECS keeps lastStatus until the agent reports.',
  ),
  row(
    7,
    'deprovisioning',
    'DEPROVISIONING',
    ['kubeletLetGo', 'under deletion, no container running, grace period 0: only the object is left'],
    ['allEnded', 'every container ended, until the network interface is gone'],
    'Kubernetes shows the release of the sandbox only by the last update before the object goes.',
  ),
  row(
    8,
    'stopped',
    'STOPPED',
    ['goneOrTerminal', 'the pod is gone, or phase Succeeded or Failed without a deletion'],
    ['goneOrTerminal', 'the same'],
    'No difference.',
  ),
  row(
    9,
    'startedAt',
    'startedAt',
    ['podStartTime', 'pod.status.startTime, given once a container has started'],
    ['runningTransition', 'the transition to RUNNING'],
    'The sync document names startTime; ECS clients read the absence of startedAt as "never ran", so it waits for a container.',
  ),
  row(
    10,
    'stoppedAt',
    'executionStoppedAt, stoppedAt',
    [
      'containers',
      "the last container's finishedAt once all have ended; the same once STOPPED, never before stoppingAt",
    ],
    ['transition', 'the first essential exit; the transition to STOPPED'],
    'ECS stamps its own transitions; the sync document reads container times.',
  ),
  row(
    11,
    'connectivity',
    'connectivity, connectivityAt',
    [
      'podReady',
      'from the first Ready=True, with its time; DISCONNECTED while Ready is not True although the containers are',
    ],
    ['node', "the node's channel: from placement on; lost with the node, lastStatus untouched"],
    'In ECS it is the agent’s control channel; the sync document reads the pod’s network readiness.',
  ),
  row(
    18,
    'essentialExit',
    'an essential container ends while others run on',
    ['followsPod', 'lastStatus and desiredStatus stay; it is the first cause when the pod ends or is deleted'],
    ['stopsTask', 'desiredStatus STOPPED at once, lastStatus STOPPING until the rest has ended'],
    'Kubernetes lets the other containers run; ECS stops the task.',
  ),
  row(
    20,
    'containerReason',
    'containers[].reason',
    ['kubernetes', "the Kubernetes reason of the container's state, with its message"],
    ['ecs', "the ECS agent's error names (OutOfMemoryError, CannotPullContainerError, …), with the message"],
    'The sync document names the reason of the container state; ECS clients know the names of the agent.',
  ),
] as const;

/**
 * The rows about services, and those about tasks that a service has to carry out: it replaces a task. They say what differs and are asked by
 * nobody: both profiles read them as `kecs` has it.
 */
export const SERVICE_ROWS = [
  notYet(
    12,
    'counts',
    'runningCount, pendingCount',
    ['replicas', 'replicas of the Deployment, and of each ReplicaSet: ready; there and not ready'],
    ['tasks', 'tasks by their lastStatus: RUNNING; before RUNNING'],
    'The sync document counts by status, which needs no pods; in ECS a task that is not ready runs, and one that is going does not.',
  ),
  notYet(
    13,
    'failedTasks',
    'deployments[].failedTasks',
    [
      'eachOnce',
      'tasks of the ReplicaSet that failed, each once: a failed pod, or a container failure (exit, start, pull) before the task was first ready',
    ],
    ['consecutive', 'consecutive failures to start, from 0 again after a success'],
    'The sync document counts failed pods; ECS feeds its circuit breaker.',
  ),
  notYet(
    14,
    'serviceStatus',
    'status of a new service',
    ['untilAvailable', 'PENDING until the Deployment is Available for its current generation, then ACTIVE'],
    ['activeAtOnce', 'ACTIVE'],
    'The sync document asks for it; ECS has no PENDING service. One whose tasks belong to task sets is ACTIVE at once in both.',
  ),
  notYet(
    15,
    'rolloutState',
    'deployments[].rolloutState',
    [
      'conditions',
      'conditions of the Deployment, of its current generation: NewReplicaSetAvailable with all replicas of this template is COMPLETED, ProgressDeadlineExceeded is FAILED',
    ],
    ['steadyState', 'the steady state is COMPLETED; the circuit breaker is FAILED, and rolls back under the old id'],
    'Kubernetes has a time limit for progress; ECS counts failures.',
  ),
  notYet(
    16,
    'serviceEvents',
    'events[]',
    [
      'ownAndKubernetes',
      "what the service's own deployments and tasks do, in the words of ECS, and Kubernetes Events of its objects converted, each cause once in six hours",
    ],
    ['own', "what the service's own deployments and tasks do"],
    'The sync document asks for Kubernetes Events; ECS tools know the words of ECS.',
  ),
  notYet(
    17,
    'restart',
    'a container that restarts in place',
    ['sameTask', 'the same task: lastStatus stays, the restart is counted and shows in healthStatus and failedTasks'],
    ['newTask', 'the task is STOPPED with its exit code, and a new task begins'],
    'The kubelet restarts containers of a pod; ECS replaces the task.',
  ),
  notYet(
    19,
    'failedStart',
    'an image that never pulls, a container that cannot be created',
    [
      'asLongAsTried',
      "PENDING with the container's reason for as long as the kubelet tries; STOPPED, TaskFailedToStart, when the pod ends without ever having run",
    ],
    ['bounded', 'STOPPED, TaskFailedToStart, after a bounded number of tries; a later success is a new task'],
    'The kubelet never gives up; ECS stops the task and starts another.',
  ),
] as const;

type TaskRow = (typeof TASK_ROWS)[number];

/** What the task machine asks a profile: one property a row. */
export type Profile = {
  readonly [Row in TaskRow as Row['key']]: Row['kecs']['value'] | Row['aws']['value'];
};

const profileOf = (name: ProfileName): Profile =>
  // Each row contributes its own key with its own value, which is what the mapped type says; fromEntries forgets it.
  Object.freeze(Object.fromEntries(TASK_ROWS.map((entry) => [entry.key, entry[name].value]))) as Profile;

/** The two profiles, by name. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = { kecs: profileOf('kecs'), aws: profileOf('aws') };

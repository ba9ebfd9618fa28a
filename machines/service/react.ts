/**
 * Owns how one message changes what a service remembers, and what its deployments are to be told of it. Pure: commands come out, they are
 * not carried out here.
 */
import type { EpochMs } from '../task/task.types.js';
import { Plan, someGivenAway } from './plan.js';
import type { Reaction } from './plan.js';
import { batch, flush, resolved, tell, tellOnce } from './service-events.js';
import type {
  DeploymentFacts,
  DeploymentRecord,
  ReplicaSetFacts,
  ReplicaSetRecord,
  RolloutState,
  ServiceContext,
  ServiceInput,
  ServiceTask,
  ServiceTaskRecord,
  TaskSetFacts,
} from './service.types.js';

/** How a deployment stands, for decisions of its service. */
export interface DeploymentStanding {
  readonly rollout: RolloutState;
  readonly finishedAt?: EpochMs;
  readonly taskDefinitionArn?: string;
}

/** Deployments that have left the list and are still told of by the service-deployment reads. */
export const MAX_PAST_DEPLOYMENTS = 20;

export const initialContext = ({ identity }: ServiceInput): ServiceContext => ({
  identity,
  deployment: undefined,
  batch: undefined,
  counts: { desired: 0, running: 0, pending: 0 },
  deployments: [],
  replicaSets: {},
  tasks: {},
  events: { last: 0, ring: [], told: {} },
  rollouts: { count: 0, past: [], steady: false },
  taskSets: {},
  orphaned: false,
});

/** DEPLOYMENT_OBSERVED. A changed template is a new rollout from this very line (S1); conditions count once they are of this generation. */
export function deploymentObserved(context: ServiceContext, facts: DeploymentFacts, at: EpochMs): Reaction {
  if (sameFields(context.deployment, facts)) return { context, commands: [] };
  const plan = new Plan({
    ...context,
    deployment: facts,
    born: context.born ?? facts.createdAt,
    counts: { desired: facts.desired, running: facts.ready, pending: Math.max(0, facts.total - facts.ready) },
  });
  if (facts.deletionRequestedAt !== undefined) return plan.reaction();
  const [primary] = context.deployments;
  if (primary?.template !== facts.template) {
    plan.supersede(facts, at);
  } else if (context.deployment?.desired !== facts.desired) {
    plan.send(primary.id, { type: 'TARGET_SET', desired: facts.desired, at });
    plan.unsteady();
  }
  if (facts.observedGeneration >= facts.generation) plan.claim(at);
  const verdict = verdictOf(facts);
  const current = plan.context.deployments[0];
  if (verdict !== undefined && current !== undefined) {
    plan.send(current.id, { type: 'PROGRESS_REPORTED', verdict, at });
  }
  return plan.reaction();
}

/**
 * Row 15. Conditions are believed only when the controller has seen this generation; and "complete" only when the counts agree: on a way
 * back to an old ReplicaSet the controller leaves the former rollout's NewReplicaSetAvailable standing (deployment/sync.go).
 */
export function verdictOf(facts: DeploymentFacts): 'COMPLETED' | 'FAILED' | undefined {
  if (facts.observedGeneration < facts.generation) return undefined;
  if (
    facts.progress === 'NewReplicaSetAvailable' &&
    facts.updated === facts.total &&
    facts.total >= Math.min(1, facts.desired)
  ) {
    return 'COMPLETED';
  }
  return facts.progress === 'ProgressDeadlineExceeded' ? 'FAILED' : undefined;
}

/** DEPLOYMENT_GONE: counters are those of objects that exist. */
export function deploymentGone(context: ServiceContext): Reaction {
  if (context.deployment === undefined) return { context, commands: [] };
  return {
    context: { ...context, deployment: undefined, counts: { ...context.counts, running: 0, pending: 0 } },
    commands: [],
  };
}

/** REPLICASET_OBSERVED. */
export function replicaSetObserved(context: ServiceContext, facts: ReplicaSetFacts, at: EpochMs): Reaction {
  const known = context.replicaSets[facts.uid];
  const record = { ...facts, ...(known?.deployment === undefined ? {} : { deployment: known.deployment }) };
  if (sameFields(known, record)) return { context, commands: [] };
  const plan = new Plan(context);
  if (!facts.owned) {
    if (known?.deployment !== undefined) plan.send(known.deployment, { type: 'REPLICASET_LOST', at });
    plan.setReplicaSet(facts);
    return plan.reaction();
  }
  plan.setReplicaSet(record);
  plan.bind(at);
  const bound = plan.context.replicaSets[facts.uid]?.deployment;
  if (bound !== undefined && bound === known?.deployment) plan.count(bound, facts, at);
  return plan.reaction();
}

/** REPLICASET_GONE. */
export function replicaSetGone(context: ServiceContext, uid: string, at: EpochMs): Reaction {
  const known = context.replicaSets[uid];
  if (known === undefined) return { context, commands: [] };
  const { [uid]: _, ...replicaSets } = context.replicaSets;
  const plan = new Plan({ ...context, replicaSets, orphaned: someGivenAway(replicaSets) });
  if (known.deployment !== undefined) plan.send(known.deployment, { type: 'REPLICASET_LOST', at });
  return plan.reaction();
}

/** TASK_SET_OBSERVED: a service under an external controller is what its task sets are. */
export function taskSetObserved(context: ServiceContext, facts: TaskSetFacts, at: EpochMs): Reaction {
  const known = context.taskSets[facts.id];
  if (
    known !== undefined &&
    sameFields(known, { ...facts, updatedAt: known.updatedAt, stableSince: known.stableSince })
  )
    return { context, commands: [] };
  const isStable = (taskSet: TaskSetFacts): boolean =>
    taskSet.ready === taskSet.desired && taskSet.total === taskSet.ready;
  const stableSince = known !== undefined && isStable(known) === isStable(facts) ? known.stableSince : at;
  const taskSets = { ...context.taskSets, [facts.id]: { ...facts, updatedAt: at, stableSince } };
  return { context: withTaskSets({ ...context, born: context.born ?? facts.createdAt }, taskSets), commands: [] };
}

/** TASK_SET_GONE. */
export function taskSetGone(context: ServiceContext, uid: string): Reaction {
  const entries = Object.entries(context.taskSets).filter(([, taskSet]) => taskSet.uid !== uid);
  if (entries.length === Object.keys(context.taskSets).length) return { context, commands: [] };
  return { context: withTaskSets(context, Object.fromEntries(entries)), commands: [] };
}

/** Counts are the sums over the task sets. */
function withTaskSets(context: ServiceContext, taskSets: ServiceContext['taskSets']): ServiceContext {
  const sum = (count: (taskSet: TaskSetFacts) => number): number =>
    Object.values(taskSets).reduce((total, taskSet) => total + count(taskSet), 0);
  const counts = {
    desired: sum(({ desired }) => desired),
    running: sum(({ ready }) => ready),
    pending: sum(({ total, ready }) => Math.max(0, total - ready)),
  };
  return { ...context, taskSets, counts };
}

/** TASK_MOVED: starts, stops and failures of tasks. */
export function taskMoved(context: ServiceContext, task: ServiceTask, at: EpochMs): Reaction {
  const known = context.tasks[task.taskId];
  const stopped = task.lastStatus === 'STOPPED';
  if (known === undefined && stopped && !task.failed) return { context, commands: [] };
  const plan = new Plan(context);
  const deployment = known?.deployment ?? deploymentOfTask(context, task);
  if (known?.deployment === undefined && deployment !== undefined) plan.assign(task.taskId, deployment);
  if (known === undefined) plan.context = batch(plan.context, 'started', task.taskId, at);
  const failed = task.failed || known?.failed === true;
  // Each once (row 13); one that failed before its deployment was known is counted when it is (here, or by bind).
  const isCounted = known?.failed === true && known.deployment !== undefined;
  if (failed && !isCounted && deployment !== undefined) plan.send(deployment, { type: 'TASK_FAILED', at });
  if (task.unhealthy && known?.unhealthy !== true) {
    plan.context = tell(plan.context, `(task ${task.taskId}) failed container health checks.`, at);
  }
  // A task that ends by itself is no decision of the scheduler, and a StopTask is told by its replacement only (§5.2).
  if ((known?.wanted ?? true) && !task.wanted && !stopped && task.stopCode !== 'UserInitiated') {
    plan.context = batch(plan.context, task.ran ? 'stopped' : 'stoppedPending', task.taskId, at);
  }
  if (stopped) {
    const { [task.taskId]: _, ...tasks } = context.tasks;
    plan.update({ tasks });
    return plan.reaction();
  }
  const record: ServiceTaskRecord = {
    ...(deployment === undefined ? {} : { deployment }),
    replicaSetUid: task.replicaSetUid,
    createdAt: task.createdAt,
    lastStatus: task.lastStatus,
    wanted: task.wanted,
    failed,
    unhealthy: task.unhealthy,
  };
  if (!sameFields(known, record)) plan.update({ tasks: { ...context.tasks, [task.taskId]: record } });
  return plan.reaction();
}

/**
 * Whose task it is: the deployment of its ReplicaSet. On a way back the new deployment takes an old ReplicaSet, and its tasks may be seen
 * before that is: a task made since the PRIMARY began, from the PRIMARY's template, is the PRIMARY's.
 */
export function deploymentOfTask(
  context: ServiceContext,
  task: Pick<ServiceTask, 'replicaSetUid' | 'createdAt'>,
): string | undefined {
  const replicaSet = context.replicaSets[task.replicaSetUid];
  const [primary] = context.deployments;
  // Kubernetes stamps whole seconds.
  const sincePrimary = primary !== undefined && task.createdAt + 999 >= primary.createdAt;
  if (replicaSet !== undefined && primary?.template === replicaSet.template && sincePrimary) return primary.id;
  return replicaSet?.deployment;
}

/** NOTICED: a Kubernetes event, deduplicated by its cause. */
export const noticed = (context: ServiceContext, cause: string, message: string, at: EpochMs): Reaction => ({
  context: tellOnce(context, cause, message, at),
  commands: [],
});

/** BATCH_DUE. */
export const batchDue = (context: ServiceContext, at: EpochMs): Reaction => ({
  context: flush(context, at),
  commands: [],
});

/** ROLLOUT_SETTLED. */
export function rolloutSettled(context: ServiceContext, id: string, to: 'COMPLETED' | 'FAILED', at: EpochMs): Reaction {
  const words = to === 'COMPLETED' ? 'deployment completed.' : 'deployment failed: tasks failed to start.';
  const deployments = context.deployments.map((deployment): DeploymentRecord =>
    deployment.id === id && to === 'COMPLETED' ? { ...deployment, completed: true } : deployment,
  );
  return { context: tell({ ...context, deployments }, `(deployment ${id}) ${words}`, at), commands: [] };
}

/** ROLLOUT_ENDED: it leaves the list (S2). */
export function rolloutEnded(
  context: ServiceContext,
  id: string,
  standing: DeploymentStanding | undefined,
  at: EpochMs,
): Reaction {
  const record = context.deployments.find((deployment) => deployment.id === id);
  if (record === undefined) return { context, commands: [] };
  const past = {
    id,
    createdAt: record.createdAt,
    endedAt: at,
    rolloutState: standing?.rollout ?? 'IN_PROGRESS',
    ...(standing?.finishedAt === undefined ? {} : { finishedAt: standing.finishedAt }),
    ...(standing?.taskDefinitionArn === undefined ? {} : { taskDefinitionArn: standing.taskDefinitionArn }),
  };
  const replicaSets = Object.fromEntries(
    Object.entries(context.replicaSets).map(([uid, replicaSet]) => [
      uid,
      replicaSet.deployment === id ? unbound(replicaSet) : replicaSet,
    ]),
  );
  return {
    context: {
      ...context,
      replicaSets,
      deployments: context.deployments.filter((deployment) => deployment.id !== id),
      rollouts: { ...context.rollouts, past: [past, ...context.rollouts.past].slice(0, MAX_PAST_DEPLOYMENTS) },
    },
    commands: [{ do: 'stop', id }],
  };
}

/** Tells the steady state when it is reached, after the completion (§5.2): one deployment, COMPLETED, as many tasks as wanted and no others (§4.8). */
export function steadied(context: ServiceContext, at: EpochMs): ServiceContext {
  const { counts, deployments, rollouts } = context;
  const steady =
    context.deployment !== undefined &&
    context.deployment.deletionRequestedAt === undefined &&
    deployments.length === 1 &&
    deployments[0]?.completed === true &&
    counts.running === counts.desired &&
    counts.pending === 0;
  if (steady === rollouts.steady) return context;
  const next = { ...context, rollouts: { ...rollouts, steady } };
  return steady ? resolved(tell(next, 'has reached a steady state.', at)) : next;
}

/** INACTIVE: nothing is wanted and nothing is left; what still waits to be told is told. */
export function buried(context: ServiceContext, at: EpochMs): Reaction {
  const told = flush(context, at);
  return {
    context: {
      ...told,
      deployments: [],
      replicaSets: {},
      tasks: {},
      counts: { desired: 0, running: 0, pending: 0 },
      rollouts: { ...told.rollouts, steady: false },
    },
    commands: context.deployments.map(({ id }) => ({ do: 'stop', id })),
  };
}

/**
 * Made again under its name while tasks of the former were still going: nothing is left of that one but those tasks. The numbers of events
 * and rollouts go on, so that no id comes twice (S3, S4).
 */
export function renewed(context: ServiceContext, { createdAt }: DeploymentFacts): Reaction {
  return {
    context: {
      ...initialContext(context),
      born: createdAt,
      tasks: context.tasks,
      events: { last: context.events.last, ring: [], told: {} },
      rollouts: { count: context.rollouts.count, past: [], steady: false },
    },
    commands: context.deployments.map(({ id }) => ({ do: 'stop', id })),
  };
}

/** Facts and records are flat: they say the same when each field does. */
const sameFields = (a: object | undefined, b: object): boolean => {
  if (a === undefined) return false;
  // Records of nothing but their own fields.
  const [one, other] = [a, b] as readonly Readonly<Record<string, unknown>>[];
  return Object.keys({ ...one, ...other }).every((key) => one?.[key] === other?.[key]);
};

const unbound = ({ deployment: _deployment, ...facts }: ReplicaSetRecord): ReplicaSetRecord => facts;

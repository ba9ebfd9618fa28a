/**
 * Owns how one message changes what a service remembers, and what its deployments are to be told of it. Pure: commands come out, they are
 * not carried out here.
 */
import type { EpochMs } from '../task/task.types.js';
import { batch, flush, resolved, tell, tellOnce } from './service-events.js';
import type {
  DeploymentFacts,
  DeploymentRecord,
  ReplicaSetFacts,
  ReplicaSetRecord,
  RolloutInput,
  RolloutMessage,
  RolloutState,
  ServiceContext,
  ServiceInput,
  ServiceTask,
  ServiceTaskRecord,
  TaskSetFacts,
} from './service.types.js';

/** What the service has its deployments, or the system, do. */
export type Command =
  | { readonly do: 'spawn'; readonly input: RolloutInput }
  | { readonly do: 'send'; readonly id: string; readonly message: RolloutMessage }
  | { readonly do: 'stop'; readonly id: string }
  | { readonly do: 'assign'; readonly taskId: string; readonly startedBy: string };

export interface Reaction {
  readonly context: ServiceContext;
  readonly commands: readonly Command[];
}

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

/** A changed context and the commands that go with it. */
class Plan {
  context: ServiceContext;
  readonly #commands: Command[] = [];

  constructor(context: ServiceContext) {
    this.context = context;
  }

  reaction(): Reaction {
    return { context: this.context, commands: this.#commands };
  }

  update(changes: Partial<ServiceContext>): void {
    this.context = { ...this.context, ...changes };
  }

  /** To a deployment of the list: one that has left it, with tasks still on their way down, takes nothing more and has no actor. */
  send(id: string, message: RolloutMessage): void {
    if (this.context.deployments.some((deployment) => deployment.id === id))
      this.#commands.push({ do: 'send', id, message });
  }

  assign(taskId: string, startedBy: string): void {
    this.#commands.push({ do: 'assign', taskId, startedBy });
  }

  unsteady(): void {
    if (this.context.rollouts.steady) this.update({ rollouts: { ...this.context.rollouts, steady: false } });
  }

  setReplicaSet(record: ReplicaSetRecord): void {
    const replicaSets = { ...this.context.replicaSets, [record.uid]: record };
    this.update({ replicaSets, orphaned: someGivenAway(replicaSets) });
  }

  count(id: string, { desired, total, ready }: ReplicaSetFacts, at: EpochMs): void {
    this.send(id, { type: 'REPLICASET_COUNTED', desired, total, ready, at });
  }

  /** A new rollout takes the first place (S1). */
  supersede(facts: DeploymentFacts, at: EpochMs): void {
    const [former] = this.context.deployments;
    this.#begin(
      facts.template,
      former === undefined ? facts.createdAt : at,
      facts.desired,
      facts.taskDefinitionArn,
      'first',
    );
    if (former !== undefined) this.send(former.id, { type: 'SUPERSEDED', at });
    this.update({ rollouts: { ...this.context.rollouts, steady: false } });
    this.bind(at);
  }

  /**
   * The controller has seen the PRIMARY's template: the ReplicaSet of it is the PRIMARY's, whatever its revision. A template that was changed
   * and changed back before the controller looked leaves it as it was.
   */
  claim(at: EpochMs): void {
    const [primary, ...others] = this.context.deployments;
    if (primary === undefined || primary.afterRevision === 0) return;
    this.update({ deployments: [{ ...primary, afterRevision: 0 }, ...others] });
    this.bind(at);
  }

  /** Gives every ReplicaSet to the deployment whose it is, and every task that waited for that its deployment. */
  bind(at: EpochMs): void {
    for (const replicaSet of byRevision(this.context)) {
      if (!replicaSet.owned) continue;
      const owner = this.context.deployments.find(
        ({ template, afterRevision }) => template === replicaSet.template && replicaSet.revision > afterRevision,
      );
      if (owner === undefined) {
        if (replicaSet.deployment === undefined) this.#adopt(replicaSet, at);
      } else if (owner.id !== replicaSet.deployment) {
        this.#take(owner, replicaSet, at);
      } else if ((owner.revision ?? 0) < replicaSet.revision) {
        this.#setRevision(owner.id, replicaSet.revision);
      }
    }
  }

  #take(owner: DeploymentRecord, replicaSet: ReplicaSetRecord, at: EpochMs): void {
    if (replicaSet.deployment !== undefined) this.send(replicaSet.deployment, { type: 'REPLICASET_LOST', at });
    this.setReplicaSet({ ...replicaSet, deployment: owner.id });
    this.#setRevision(owner.id, replicaSet.revision);
    this.count(owner.id, replicaSet, at);
    const place = this.context.deployments.findIndex(({ id }) => id === owner.id);
    for (const older of this.context.deployments.slice(place + 1)) {
      if (!this.#hasReplicaSet(older.id)) this.send(older.id, { type: 'ABANDONED', at });
    }
    for (const [taskId, task] of Object.entries(this.context.tasks)) {
      if (task.deployment !== undefined || task.replicaSetUid !== replicaSet.uid) continue;
      this.assign(taskId, owner.id);
      this.update({ tasks: { ...this.context.tasks, [taskId]: { ...task, deployment: owner.id } } });
      if (task.failed) this.send(owner.id, { type: 'TASK_FAILED', at });
    }
  }

  #setRevision(id: string, revision: number): void {
    this.update({
      deployments: this.context.deployments.map((deployment) =>
        deployment.id === id ? { ...deployment, revision } : deployment,
      ),
    });
  }

  #hasReplicaSet(id: string): boolean {
    return Object.values(this.context.replicaSets).some(({ deployment }) => deployment === id);
  }

  /** A ReplicaSet that is older than the PRIMARY's and still has replicas: a rollout that began before anyone looked. */
  #adopt(replicaSet: ReplicaSetRecord, at: EpochMs): void {
    const primary = this.context.deployments[0];
    const hasReplicas = replicaSet.desired > 0 || replicaSet.total > 0;
    if (primary?.revision === undefined || replicaSet.revision >= primary.revision || !hasReplicas) return;
    const id = this.#begin(replicaSet.template, at, replicaSet.desired, replicaSet.taskDefinitionArn, 'last');
    this.send(id, { type: 'SUPERSEDED', at });
    const owner = this.context.deployments.find((deployment) => deployment.id === id);
    if (owner !== undefined) this.#take(owner, replicaSet, at);
  }

  #begin(
    template: string,
    createdAt: EpochMs,
    target: number,
    taskDefinitionArn: string | undefined,
    place: 'first' | 'last',
  ): string {
    const count = this.context.rollouts.count + 1;
    const id = deploymentIdOf(this.context.identity.seed, this.context.born ?? 0, count);
    const revisions = this.context.deployments.map(({ revision }) => revision ?? 0);
    const record: DeploymentRecord = {
      id,
      template,
      createdAt,
      afterRevision: place === 'first' ? Math.max(0, ...revisions) : 0,
    };
    const { deployments, rollouts } = this.context;
    this.update({
      rollouts: { ...rollouts, count },
      deployments: place === 'first' ? [record, ...deployments] : [...deployments, record],
    });
    this.#commands.push({
      do: 'spawn',
      input: { id, createdAt, target, ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }) },
    });
    return id;
  }
}

const someGivenAway = (replicaSets: ServiceContext['replicaSets']): boolean =>
  Object.values(replicaSets).some(({ owned }) => !owned);

/** Facts and records are flat: they say the same when each field does. */
const sameFields = (a: object | undefined, b: object): boolean => {
  if (a === undefined) return false;
  // Records of nothing but their own fields.
  const [one, other] = [a, b] as readonly Readonly<Record<string, unknown>>[];
  return Object.keys({ ...one, ...other }).every((key) => one?.[key] === other?.[key]);
};

const unbound = ({ deployment: _deployment, ...facts }: ReplicaSetRecord): ReplicaSetRecord => facts;

/** The newest first: it decides what is older. */
const byRevision = (context: ServiceContext): readonly ReplicaSetRecord[] =>
  Object.values(context.replicaSets).sort((a, b) => b.revision - a.revision);

/** Ids have 19 digits: 10¹⁸ of them are counted from a service's own place, in steps that visit each once. */
const FIRST_ID = 1_000_000_000_000_000_000n;
const IDS = 8_000_000_000_000_000_000n;
/** Odd, and no multiple of five: coprime to {@link IDS}. The golden ratio's, so that neighbours lie far apart. */
const STEP = 4_944_271_909_999_158_787n;

/** More rollouts than a service has in one millisecond of its life. */
const ROLLOUTS = 1_000n;

/** `ecs-svc/<19 digits>`, unique a rollout, the same for the same seed, birth and count (S3); a service made again has ids of its own. */
export const deploymentIdOf = (seed: string, born: EpochMs, count: number): string =>
  `ecs-svc/${FIRST_ID + ((BigInt(seed) + STEP * (BigInt(born) * ROLLOUTS + BigInt(count))) % IDS)}`;

/**
 * Owns which deployments a service has, and which of them has which ReplicaSet and which task (S1 to S3). Pure: a plan is a changed context
 * with the commands that follow from it, which others carry out.
 */
import type { EpochMs } from '../task/task.types.js';
import { deploymentIdOf } from './deployment-id.js';
import type {
  DeploymentFacts,
  DeploymentRecord,
  ReplicaSetFacts,
  ReplicaSetRecord,
  RolloutInput,
  RolloutMessage,
  ServiceContext,
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

/** A changed context and the commands that go with it. */
export class Plan {
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

/** The newest first: it decides what is older. */
const byRevision = (context: ServiceContext): readonly ReplicaSetRecord[] =>
  Object.values(context.replicaSets).sort((a, b) => b.revision - a.revision);

/** S6: what is given away holds nobody up. */
export const someGivenAway = (replicaSets: ServiceContext['replicaSets']): boolean =>
  Object.values(replicaSets).some(({ owned }) => !owned);

/**
 * Owns a service actor as the tests hold it, with its deployments: started or restored, told messages, asked what it is.
 */
import { createActor } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import type { RolloutStateValue } from '../../../machines/service/rollout.machine.js';
import { serviceMachine, standingOf } from '../../../machines/service/service.machine.js';
import type {
  RolloutContext,
  ServiceContext,
  ServiceEmitted,
  ServiceIdentity,
  ServiceMessage,
  ServiceStatus,
} from '../../../machines/service/service.types.js';
import { arrowsTaken } from '../arrows.js';
import { IDENTITY } from './messages.js';

/** One of the list, as its own actor has it. */
export interface Deployment extends RolloutStateValue {
  readonly id: string;
  readonly context: RolloutContext;
}

/** A service between two messages. */
export interface ServiceStep {
  readonly status: ServiceStatus;
  readonly context: ServiceContext;
  readonly deployments: readonly Deployment[];
  /** The ids of its child actors. */
  readonly children: readonly string[];
}

/** What JSON gives back of a service that was written down. */
export type Persisted = SnapshotFrom<typeof serviceMachine>;

export class RunningService {
  readonly #actor;
  readonly #identity: ServiceIdentity;
  #failure: unknown;
  /** What it told the system so far. */
  readonly emitted: ServiceEmitted[] = [];
  /** The arrows of its chart that it took so far. */
  readonly arrows = new Set<string>();

  /** Starts a service; with `restored` from there instead of from its birth. */
  constructor(identity: ServiceIdentity = IDENTITY, restored?: Persisted) {
    this.#identity = identity;
    this.#actor = createActor(serviceMachine, {
      input: { identity },
      ...(restored === undefined ? {} : { snapshot: restored }),
      inspect: (inspected) => {
        if (inspected.type !== '@xstate.microstep' || inspected.actorRef !== this.#actor) return;
        for (const arrow of arrowsTaken(inspected)) this.arrows.add(arrow);
      },
    });
    this.#actor.subscribe({ error: (error) => (this.#failure = error) });
    this.#actor.on('taskAssigned', (assigned) => this.emitted.push(assigned));
    this.#actor.start();
  }

  /** @throws what was thrown inside of the actor, which XState only tells its observers. */
  send(...messages: readonly ServiceMessage[]): this {
    for (const message of messages) {
      this.#actor.send(message);
      if (this.#failure !== undefined) throw this.#failure;
    }
    return this;
  }

  /** XState's own, by whose identity the system knows whether anything changed. */
  get snapshot(): unknown {
    return this.#actor.getSnapshot();
  }

  get now(): ServiceStep {
    const { value, context, children } = this.#actor.getSnapshot();
    const deployments = context.deployments.map(({ id }) => {
      const standing = standingOf(children[id]);
      if (standing === undefined) throw new Error(`the deployment ${id} has no actor`);
      return { id, role: standing.role, rollout: standing.rollout, context: standing.context };
    });
    // The machine's states are named as its statuses.
    return { status: value as ServiceStatus, context, deployments, children: Object.keys(children) };
  }

  get status(): ServiceStatus {
    return this.now.status;
  }

  /** What the store would keep. */
  get persisted(): Persisted {
    // What JSON gives back is what it was given.
    return JSON.parse(JSON.stringify(this.#actor.getPersistedSnapshot())) as Persisted;
  }

  /** events[] without their prefix, oldest first. */
  get lines(): readonly string[] {
    const prefix = `(service ${this.#identity.serviceName}) `;
    return this.now.context.events.ring
      .map(({ message }) => (message.startsWith(prefix) ? message.slice(prefix.length) : `no prefix: ${message}`))
      .toReversed();
  }

  /** deployments[] in brief: `PRIMARY COMPLETED v1 3/3` (ready of wanted), and `, 2 failed` where there are such tasks. */
  get list(): readonly string[] {
    const { deployments, context } = this.now;
    return deployments.map(({ id, role, rollout, context: { target, replicaSet, failedTasks } }) => {
      const template = context.deployments.find((deployment) => deployment.id === id)?.template;
      const wanted = role === 'PRIMARY' ? target : (replicaSet?.desired ?? 0);
      const failed = failedTasks === 0 ? '' : `, ${failedTasks} failed`;
      return `${role} ${rollout} ${template} ${replicaSet?.ready ?? 0}/${wanted}${failed}`;
    });
  }

  get ids(): readonly string[] {
    return this.now.deployments.map(({ id }) => id);
  }

  /** The same service after the process has ended and begun again. */
  restarted(): RunningService {
    return new RunningService(this.#identity, this.persisted);
  }
}

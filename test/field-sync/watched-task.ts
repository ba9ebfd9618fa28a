/**
 * Owns the way from raw JSON of the cluster to a task of the ECS API, without a cluster: observe → machine → project, for one pod.
 */
import { createActor } from 'xstate';
import type { ProfileName } from '../../machines/semantics.js';
import { describeCause } from '../../machines/task/cause.js';
import { lastStatusOf, taskMachine } from '../../machines/task/task.machine.js';
import type { LastStatus, TaskMessage } from '../../machines/task/task.types.js';
import { observePodEvent } from '../../src/observe/event.js';
import { observeIdentity } from '../../src/observe/identity.js';
import { observePod } from '../../src/observe/pod.js';
import { array, object, string } from '../../src/observe/raw.js';
import { projectTask } from '../../src/project/task.js';
import { EPOCH_SECONDS, podEvent, withStatus } from '../observe/raw-pods.js';
import type { EventParts, Raw, StatusParts } from '../observe/raw-pods.js';

/** A task, or a part of one, as the ECS API prints it. */
export type EcsObject = ReturnType<typeof projectTask>;

/** Everything is received this long after the second it is told of, in seconds: what we saw has milliseconds, what Kubernetes says has none. */
export const DELAY = 0.25;

/** The second as the ECS API prints it when Kubernetes names it … */
export const at = (second: number): number => EPOCH_SECONDS + second;
/** … and when it is the time at which ecstate saw something. */
export const seenAt = (second: number): number => EPOCH_SECONDS + second + DELAY;

/** One pod under watch. Every method is one message to the task; `second` is when its cause happened. */
export class WatchedTask {
  readonly #pod: Raw;
  readonly #actor;
  readonly #identity;
  readonly #history: string[] = [];

  constructor(pod: Raw, profile: ProfileName = 'kecs') {
    this.#pod = pod;
    this.#identity = observeIdentity(pod, { region: 'us-east-1', accountId: '000000000000' });
    this.#actor = createActor(taskMachine, { input: { identity: this.#identity, profile } });
    this.#actor.subscribe({
      error: (error) => {
        throw error;
      },
    });
    this.#actor.start();
  }

  /** The watch tells of the pod in this status. */
  see(second: number, status: StatusParts): this {
    return this.#send({ type: 'POD_OBSERVED', facts: this.#facts(status), at: this.#received(second) });
  }

  /** The watch tells that the pod is gone, with its last object. */
  gone(second: number, status: StatusParts): this {
    return this.#send({ type: 'POD_GONE', how: 'deleted', facts: this.#facts(status), at: this.#received(second) });
  }

  /** A list does not have the pod any more. */
  missing(second: number): this {
    return this.#send({ type: 'POD_GONE', how: 'missing', at: this.#received(second) });
  }

  /** The watch tells of an Event. */
  event(parts: EventParts): this {
    const observed = observePodEvent(podEvent(parts));
    if (observed?.facts === undefined) return this;
    const second = parts.lastSecond ?? parts.firstSecond;
    return this.#send({ type: 'EVENT_OBSERVED', event: observed.facts, at: this.#received(second) });
  }

  /** A StopTask passes through. */
  stopTask(second: number, reason?: string): this {
    const at = this.#received(second);
    return this.#send(reason === undefined ? { type: 'STOP_REQUESTED', at } : { type: 'STOP_REQUESTED', reason, at });
  }

  /** Its service tells which of its deployments started it. */
  startedBy(second: number, deployment: string): this {
    return this.#send({ type: 'STARTED_BY', startedBy: deployment, at: this.#received(second) });
  }

  /** The task as DescribeTasks shows it. */
  get json(): EcsObject {
    return projectTask(this.#actor.getSnapshot().context, this.lastStatus, { tags: true });
  }

  get lastStatus(): LastStatus {
    return lastStatusOf(this.#actor.getSnapshot().value);
  }

  /** The first container, or the one of this index, as DescribeTasks shows it. */
  container(index = 0): EcsObject {
    return object(array(this.json['containers'])[index]) as EcsObject; // an element of the task's JSON
  }

  /** The named fields of the task; absent ones are absent. */
  pick(...fields: readonly string[]): EcsObject {
    return pick(this.json, fields);
  }

  /** The states so far, each once: `PROVISIONING PENDING …`. */
  get history(): string {
    return this.#history.join(' ');
  }

  /** Why the last transition was taken, in words. */
  cause = '';

  #facts(status: StatusParts) {
    const pod = withStatus(this.#pod, status);
    const nodeName = string(object(pod['spec'])['nodeName']);
    return observePod(object(pod['metadata']), object(pod['status']), this.#identity.containers, nodeName);
  }

  #received(second: number): number {
    return (EPOCH_SECONDS + second + DELAY) * 1000;
  }

  #send(message: TaskMessage): this {
    const known = this.#history.at(-1) as LastStatus | undefined; // only lastStatuses are put there
    this.#actor.send(message);
    if (this.lastStatus !== known) {
      this.#history.push(this.lastStatus);
      this.cause = describeCause(message, this.#actor.getSnapshot().context, known ?? null, this.lastStatus);
    }
    return this;
  }
}

/** The named fields of an object; absent ones are absent. */
export const pick = (from: EcsObject, fields: readonly string[]): EcsObject =>
  Object.fromEntries(Object.entries(from).filter(([field]) => fields.includes(field)));

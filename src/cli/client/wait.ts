/**
 * Owns the waiting for a task or a service: what it is waited for to be, and when it is looked at. What a look sees decides; transitions
 * only say when to look, and because a change of a service need not move a task, it is looked at from time to time as well.
 */
import { FatalError, RetryableError } from '../../errors.js';
import { LAST_STATUSES, rankOf, type LastStatus } from '../../../machines/task/task.types.js';
import type { EcsObject } from '../../project/json.js';
import type { Clock } from '../../system/clock.js';
import { countWords, isExternal, isStable } from '../text/explain-service.js';
import { printable } from '../text/format.js';
import { objectsOf, textOf } from './ecs-json.js';
import type { SidecarClient } from './sidecar-client.js';
import { followTransitions } from './transitions.js';

export const TASK_GOALS = ['RUNNING', 'STOPPED'] as const;
export type TaskGoal = (typeof TASK_GOALS)[number];
export const SERVICE_GOALS = ['stable', 'INACTIVE'] as const;
export type ServiceGoal = (typeof SERVICE_GOALS)[number];

/** Milliseconds after which it is looked at again, whatever was heard. */
export const LOOK_INTERVAL = 2_000;
/** Milliseconds between two looks at least: in a large cluster transitions come faster than anyone needs to look. */
export const LOOK_PAUSE = 100;

export interface Sighting {
  /** never: it cannot be reached any more. */
  readonly verdict: 'reached' | 'waiting' | 'never';
  /** What was seen, to follow "it is" or "because": `PENDING`, `2 of 3 tasks run, 2 deployments`. */
  readonly words: string;
}

/** T1: lastStatus never moves backward; T3: what is to stop is never wanted again. The same that the waiters tasks-running and -stopped accept. */
export function sightingOfTask(task: EcsObject, goal: TaskGoal): Sighting {
  const lastStatus = textOf(task, 'lastStatus') ?? '';
  const reason = printable(textOf(task, 'stoppedReason') ?? '');
  const words = reason === '' ? lastStatus : `${lastStatus} (${reason})`;
  if (lastStatus === goal) return { verdict: 'reached', words };
  if (goal === 'STOPPED' || !isLastStatus(lastStatus)) return { verdict: 'waiting', words };
  const isPast = rankOf(lastStatus) > rankOf('RUNNING') || textOf(task, 'desiredStatus') === 'STOPPED';
  return { verdict: isPast ? 'never' : 'waiting', words };
}

const isLastStatus = (text: string): text is LastStatus => LAST_STATUSES.some((status) => status === text);

/** The acceptors of the waiters services-stable and services-inactive. */
export function sightingOfService(service: EcsObject, goal: ServiceGoal): Sighting {
  const status = textOf(service, 'status') ?? '';
  if (goal === 'INACTIVE') return { verdict: status === 'INACTIVE' ? 'reached' : 'waiting', words: status };
  if (status === 'DRAINING' || status === 'INACTIVE') return { verdict: 'never', words: status };
  if (isExternal(service)) return { verdict: 'never', words: 'made of task sets, which ECS has no such waiter for' };
  const deployments = objectsOf(service, 'deployments').length;
  const words = deployments === 1 ? countWords(service) : `${countWords(service)}, ${deployments} deployments`;
  return { verdict: isStable(service) ? 'reached' : 'waiting', words };
}

export interface WaitOptions {
  readonly client: SidecarClient;
  readonly clock: Clock;
  /** The transitions that say when to look: of this cluster, or of this task in it. */
  readonly cluster: string;
  readonly task: string | undefined;
  /** In milliseconds. */
  readonly timeout: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** @throws FatalError NOT_FOUND; RetryableError where the next look may succeed */
  readonly look: () => Promise<Sighting>;
  /** Told of each look, with the milliseconds since the first. */
  readonly onLook: (seen: Sighting, elapsed: number) => void;
}

/** How the waiting ended, and what was seen last. */
export interface WaitEnd {
  readonly end: 'reached' | 'never' | 'timeout' | 'interrupted';
  readonly words: string;
}

/**
 * Looks until what is waited for is reached, or cannot be any more, or the time is up, or `signal` is aborted.
 *
 * @throws what the first look throws; later only what is no RetryableError: a sidecar that is away may come back
 */
export async function waitUntil(options: WaitOptions): Promise<WaitEnd> {
  const { clock, timeout, signal } = options;
  const begun = clock.now();
  const ended = new AbortController();
  const bell = new Bell(clock);
  const stop = (): void => bell.ring();
  signal.addEventListener('abort', stop);
  const following = follow(options, ended.signal, bell);
  let words = 'not known';
  try {
    for (let first = true; ; first = false) {
      const seen = await lookAt(options, first);
      const elapsed = clock.now() - begun;
      if (seen !== undefined) {
        ({ words } = seen);
        options.onLook(seen, elapsed);
        if (seen.verdict !== 'waiting') return { end: seen.verdict, words };
      }
      if (elapsed >= timeout) return { end: 'timeout', words };
      await bell.heard(Math.min(LOOK_PAUSE, timeout - elapsed), Math.min(LOOK_INTERVAL, timeout - elapsed), signal);
      if (signal.aborted) return { end: 'interrupted', words };
    }
  } finally {
    signal.removeEventListener('abort', stop);
    ended.abort();
    await following;
  }
}

async function lookAt({ look }: WaitOptions, first: boolean): Promise<Sighting | undefined> {
  try {
    return await look();
  } catch (error) {
    if (first || !(error instanceof RetryableError)) throw error;
    return undefined;
  }
}

/** Rings at every transition, and whenever some may have been missed. Without a stream it is silent: the looks go on by themselves. */
async function follow(options: WaitOptions, signal: AbortSignal, bell: Bell): Promise<void> {
  try {
    for await (const step of followTransitions({ ...options, signal })) if (step.type !== 'lost') bell.ring();
  } catch (error) {
    if (!(error instanceof RetryableError) && !(error instanceof FatalError)) throw error;
  }
}

/** Wakes whoever waits, now or when they begin to. */
class Bell {
  readonly #clock: Clock;
  #rung = false;
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Resolves once it has rung, after `least` milliseconds and within `most`; at once when `signal` is aborted. */
  async heard(least: number, most: number, signal: AbortSignal): Promise<void> {
    const since = this.#clock.now();
    while (!signal.aborted) {
      const left = (this.#rung ? least : most) - (this.#clock.now() - since);
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimeout(resolve, left);
        this.#wake = () => {
          this.#clock.clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
  }
}

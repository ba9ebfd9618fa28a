/**
 * Owns one container of one pod as the container runtime has it: its runs, its end, and its probes. It follows its
 * script; what it tells, it tells to its host, which reports it (the pod worker).
 *
 * Invariants:
 * 1. A run ends once; what its script had planned after that does not happen.
 * 2. Probes run from the moment that the kubelet has reported a run until it has noticed its end.
 */
import type { Timer } from '../../system/clock.js';
import type { Container, Probe } from '../objects.js';
import type { Random } from '../random.js';
import type { Timers } from '../timers.js';
import type { Run } from './pod-status.js';
import type { ContainerScript } from './script.js';

/** How long a container takes to end when told to, unless its script says otherwise, in milliseconds. */
const STOP_TIME = 250;

/** What a container tells. */
export interface ContainerHost {
  readonly timers: Timers;
  readonly random: Random;
  /** The runtime's state changed: the kubelet will see it when it looks next. */
  changed(): void;
  /** Readiness changed: the kubelet knows at once. */
  readinessChanged(): void;
  /** The liveness probe failed too often. */
  unhealthy(container: ContainerRuntime): void;
  /** A probe failed; `message` is the text of the Event. */
  probeFailed(container: Container, message: string): void;
  newContainerId(): string;
}

export class ContainerRuntime {
  readonly container: Container;
  readonly #host: ContainerHost;
  #run: Run | undefined;
  #previous: Run | undefined;
  #runs = 0;
  #ready = false;
  #lost = false;
  #script: ContainerScript = {};
  #end: Timer | undefined;
  readonly #probes: Prober[] = [];

  constructor(container: Container, host: ContainerHost) {
    this.container = container;
    this.#host = host;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get previous(): Run | undefined {
    return this.#previous;
  }

  get restarts(): number {
    return Math.max(0, this.#runs - 1);
  }

  /** How often it was started, or a start failed in the runtime. */
  get runs(): number {
    return this.#runs;
  }

  get isRunning(): boolean {
    return this.#run !== undefined && this.#run.exit === undefined;
  }

  get ready(): boolean {
    return this.container.readinessProbe === undefined || this.#ready;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Begins a run. */
  start(script: ContainerScript): void {
    this.#begin(script, this.#host.timers.now());
    const { exitAfter } = script;
    if (exitAfter !== undefined) {
      const code = script.exitCode ?? (script.oomKilled === true ? 137 : 0);
      const reason = script.oomKilled === true ? 'OOMKilled' : reasonOf(code);
      this.#end = this.#host.timers.after(exitAfter, () => this.exit(code, reason));
    }
  }

  /** A run whose process could not even be started. */
  failToStart(message: string): void {
    this.#begin({}, 0);
    this.exit(128, 'StartError', message);
  }

  /**
   * Tells the process to end, and kills it after `grace` seconds.
   *
   * @returns how long that will take, in milliseconds; 0 when it does not run.
   */
  stop(grace: number): number {
    if (!this.isRunning) return 0;
    const { timers } = this.#host;
    const { stopTime = STOP_TIME, stopCode = 0, ignoresTerm = false } = this.#script;
    const killed = ignoresTerm || stopTime > grace * 1000;
    const delay = killed ? grace * 1000 : stopTime;
    const code = killed ? 137 : stopCode;
    timers.cancel(this.#end);
    this.#end = timers.after(delay, () => {
      this.#lost = this.#script.statusLost === true;
      this.exit(code, reasonOf(code));
    });
    return delay;
  }

  /** Ends the run, now. */
  exit(code: number, reason: string, message?: string): void {
    const run = this.#run;
    if (run === undefined || run.exit !== undefined) return;
    const { timers } = this.#host;
    timers.cancel(this.#end);
    this.#run = { ...run, exit: { at: timers.now(), code, reason, ...(message === undefined ? {} : { message }) } };
    for (const probe of this.#probes) probe.exited();
    this.#host.changed();
  }

  /** The kubelet has reported that it runs: from now on it is probed. */
  noticeStart(): void {
    if (this.isRunning && this.#probes.length === 0) this.#startProbes(this.#script);
  }

  /** The kubelet has seen that it does not run: its probes end, and it is ready no more. */
  noticeExit(): void {
    if (this.isRunning) return;
    this.#ready = false;
    this.#stopProbes();
  }

  /** The kubelet has started anew and has to ask again whether it is ready. */
  forgetReadiness(): void {
    if (!this.isRunning || this.container.readinessProbe === undefined) return;
    this.#ready = false;
    this.#stopProbes();
  }

  /** Ends everything without a word. */
  dispose(): void {
    this.#host.timers.cancel(this.#end);
    this.#stopProbes();
  }

  #begin(script: ContainerScript, startedAt: number): void {
    this.noticeExit();
    this.#previous = this.#run;
    this.#run = { id: this.#host.newContainerId(), startedAt };
    this.#runs++;
    this.#script = script;
    this.#lost = false;
  }

  #startProbes(script: ContainerScript): void {
    const { readinessProbe, livenessProbe } = this.container;
    const started = this.#run?.startedAt ?? 0;
    const healthy = (elapsed: number): boolean => elapsed < (script.livenessFailsAfter ?? Infinity);
    if (readinessProbe !== undefined) {
      this.#probes.push(
        new Prober(this.#host, this.container, readinessProbe, 'Readiness', started, {
          succeeds: (elapsed) => healthy(elapsed) && isReady(script, elapsed),
          steady: script.readiness === undefined && script.livenessFailsAfter === undefined,
          decided: (ready) => this.#setReady(ready),
        }),
      );
    }
    if (livenessProbe !== undefined && script.livenessFailsAfter !== undefined) {
      this.#probes.push(
        new Prober(this.#host, this.container, livenessProbe, 'Liveness', started, {
          succeeds: healthy,
          steady: false,
          decided: (alive) => {
            if (!alive) this.#host.unhealthy(this);
          },
        }),
      );
    }
  }

  #stopProbes(): void {
    for (const probe of this.#probes.splice(0)) probe.stop();
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return;
    this.#ready = ready;
    this.#host.readinessChanged();
  }
}

function reasonOf(code: number): string {
  return code === 0 ? 'Completed' : 'Error';
}

function isReady(script: ContainerScript, elapsed: number): boolean {
  if (script.neverReady === true || elapsed < (script.readyAfter ?? 0)) return false;
  if (script.readiness === undefined) return true;
  const { ready, unready } = script.readiness;
  return (elapsed - (script.readyAfter ?? 0)) % (ready + unready) < ready;
}

/** What a probe asks of the script, and whom it tells. */
interface ProbeTarget {
  /** Whether a probe so many milliseconds after the start succeeds. */
  readonly succeeds: (elapsed: number) => boolean;
  /** Once successful, always so: there is no need to ask again. */
  readonly steady: boolean;
  /** The verdict after enough results of one kind. */
  readonly decided: (verdict: boolean) => void;
}

/** The kubelet's default period and patience, for probes that were given none. */
const DEFAULT_PERIOD = 10;
const DEFAULT_FAILURES = 3;

/** One probe of one run. */
class Prober {
  readonly #host: ContainerHost;
  readonly #container: Container;
  readonly #kind: 'Readiness' | 'Liveness';
  readonly #target: ProbeTarget;
  readonly #period: number;
  readonly #patience: number;
  readonly #startedAt: number;
  #failures = 0;
  #elapsed: number;
  #timer: Timer | undefined;
  #exited = false;

  constructor(
    host: ContainerHost,
    container: Container,
    probe: Probe,
    kind: 'Readiness' | 'Liveness',
    startedAt: number,
    target: ProbeTarget,
  ) {
    this.#host = host;
    this.#container = container;
    this.#kind = kind;
    this.#target = target;
    this.#period = (probe.periodSeconds ?? DEFAULT_PERIOD) * 1000;
    this.#patience = probe.failureThreshold ?? DEFAULT_FAILURES;
    this.#startedAt = startedAt;
    // The first one comes soon, or after the delay that was asked for.
    const soon = this.#sinceStart() + Math.min(this.#period, host.random.between(...FIRST_PROBE));
    this.#elapsed = Math.max((probe.initialDelaySeconds ?? 0) * 1000, soon);
    this.#arm(this.#elapsed - this.#sinceStart());
  }

  /** The container has ended, but the kubelet does not know it yet: its next probe finds nobody. */
  exited(): void {
    this.#exited = true;
    if (this.#timer !== undefined) return;
    this.#arm(this.#period - ((this.#sinceStart() - this.#elapsed) % this.#period));
  }

  stop(): void {
    this.#host.timers.cancel(this.#timer);
    this.#timer = undefined;
  }

  #sinceStart(): number {
    const { timers } = this.#host;
    return timers.unscaled(timers.now() - this.#startedAt);
  }

  #arm(delay: number): void {
    this.#timer = this.#host.timers.after(Math.max(0, delay), () => this.#probe());
  }

  #probe(): void {
    this.#timer = undefined;
    if (this.#exited) {
      const why =
        'rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state';
      if (this.#kind === 'Readiness') this.#host.probeFailed(this.#container, `Readiness probe errored: ${why}`);
      return;
    }
    const success = this.#target.succeeds(this.#elapsed);
    if (success) {
      this.#failures = 0;
      this.#target.decided(true);
    } else {
      this.#failures++;
      this.#host.probeFailed(this.#container, `${this.#kind} probe failed: `);
      if (this.#failures === this.#patience) this.#target.decided(false);
    }
    if (success && this.#target.steady) return;
    this.#elapsed += this.#period;
    this.#arm(this.#period);
  }
}

/** How long after it was reported a container is probed first when no delay is asked for, in milliseconds. */
const FIRST_PROBE = [50, 950] as const;

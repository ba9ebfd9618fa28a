/**
 * Owns the replay: a recording goes through the same client, pipeline and store as a live cluster, one line at a time, with the clock of
 * the recording; what the ECS API would show at its end is given back, with every transition on the way.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileName } from '../../machines/semantics.js';
import { Connection } from '../kubernetes/connection.js';
import type { WatchMetrics } from '../kubernetes/watched-kind.js';
import type { ArnDefaults } from '../observe/arn.js';
import { BATCH_WINDOW } from '../../machines/service/service-events.js';
import { projectService } from '../project/service.js';
import { projectTask } from '../project/task.js';
import type { EcsJson, EcsObject } from '../project/json.js';
import { createSidecar } from '../sidecar.js';
import { ManualClock, systemClock } from '../system/clock.js';
import { WATCHED_KINDS } from '../system/messages.js';
import type { CommittedState } from '../system/state.port.js';
import type { Logger } from '../telemetry/logger.js';
import { RecordedCluster } from './recorded-cluster.js';
import { readRecording } from './recording.js';

export interface ReplayOptions {
  readonly semantics: ProfileName;
  readonly defaults: ArnDefaults;
  readonly logger: Logger;
}

/** What a replay ends with: ECS Task and Service JSON, each with its history (times in epoch seconds; the first `from` is null). */
export interface ReplayResult {
  readonly tasks: readonly EcsObject[];
  readonly services: readonly EcsObject[];
}

/** A replay forgets nothing, however long the recording is. */
const FOREVER = Number.MAX_SAFE_INTEGER / 4;

/**
 * Replays each recording on its own.
 *
 * @throws ConfigurationError RECORDING_INVALID for a directory that is no recording; nothing is replayed then.
 */
export async function replay(directories: readonly string[], options: ReplayOptions): Promise<ReplayResult> {
  const recordings = [];
  for (const directory of directories) recordings.push(await readRecording(directory));
  const tasks: EcsObject[] = [];
  const services: EcsObject[] = [];
  for (const lines of recordings) {
    const result = await replayOne(lines, options);
    tasks.push(...result.tasks);
    services.push(...result.services);
  }
  return { tasks, services };
}

async function replayOne(
  lines: Awaited<ReturnType<typeof readRecording>>,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const clock = new ManualClock(lines[0]?.t ?? 0);
  const cluster = new RecordedCluster();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ecstate-replay-'));
  const deliveries = new Deliveries();
  try {
    const server = await cluster.start();
    const sidecar = createSidecar(
      {
        listen: { host: '127.0.0.1', port: 0 },
        dataDirectory,
        semantics: options.semantics,
        namespaces: [],
        defaults: options.defaults,
        retention: { tasks: FOREVER, history: FOREVER },
        clock,
      },
      {
        connection: new Connection({ server, clock: systemClock, source: 'the recording' }),
        logger: options.logger,
        networkClock: systemClock,
        onDelivered: deliveries,
      },
    );
    await sidecar.start();
    try {
      await sidecar.synced();
      for (const line of lines) {
        await cluster.watched(WATCHED_KINDS.length);
        clock.moveTo(line.t);
        const before = deliveries.total;
        const sent = cluster.send(line);
        if (line.type !== 'ERROR') await deliveries.reached(before + sent);
        await sidecar.committed();
      }
      await cluster.watched(WATCHED_KINDS.length);
      await sidecar.committed();
      // What waits to be told together is told before the end.
      clock.advance(BATCH_WINDOW);
      await sidecar.committed();
      return { tasks: tasksOf(sidecar.state), services: servicesOf(sidecar.state) };
    } finally {
      await sidecar.stop();
    }
  } finally {
    await cluster.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

/** Every task, in the order of its creation. */
function tasksOf(state: CommittedState): readonly EcsObject[] {
  const tasks: EcsObject[] = [];
  for (const { taskArn } of state.tasks()) {
    const task = state.task(taskArn);
    if (task === undefined) continue;
    const history = state.history(taskArn).map(({ from, to, at, cause }) => ({ from, to, at: at / 1000, cause }));
    // `from` is null at first sight, which no value of the ECS API is.
    tasks.push({
      ...projectTask(task.context, task.lastStatus, { tags: true }),
      history: history as unknown as EcsJson,
    });
  }
  return tasks;
}

/** Every service, in the order of its first sight. */
function servicesOf(state: CommittedState): readonly EcsObject[] {
  return [...state.services()].map((service) => {
    const history = state
      .serviceHistory(service.context.identity.serviceArn)
      .map((row) => ({ ...row, at: row.at / 1000 }));
    return { ...projectService(service), history: history as unknown as EcsJson }; // `from` is null at first sight, as above
  });
}

/** Counts what the watches have handed over: a line is done with when it, or the fact that it could not be read, was counted. */
class Deliveries implements WatchMetrics {
  total = 0;
  #awaited: { readonly total: number; readonly resolve: () => void } | undefined;

  count(counter: Parameters<WatchMetrics['count']>[0], _kind: string, amount: number): void {
    if (counter !== 'changes' && counter !== 'bookmarks' && counter !== 'malformed' && counter !== 'duplicates') return;
    this.total += amount;
    if (this.#awaited !== undefined && this.total >= this.#awaited.total) this.#awaited.resolve();
  }

  async reached(total: number): Promise<void> {
    if (this.total >= total) return;
    await new Promise<void>((resolve) => {
      this.#awaited = { total, resolve };
    });
    this.#awaited = undefined;
  }
}

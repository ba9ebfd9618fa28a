/**
 * Owns `GET /api/transitions`: every committed transition as it happens, as server-sent events.
 */
import { parseArn } from '../../observe/arn.js';
import type { Clock, Timer } from '../../system/clock.js';
import type { TaskTransition } from '../../system/state.port.js';
import type { ReadState } from '../read-state.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { HttpError } from '../errors.js';
import { EventStream, eventFrame } from '../event-stream.js';
import type { Exchange } from '../exchange.js';
import type { Route } from '../router.js';

/** Milliseconds between comments that keep a quiet stream from being taken for dead: below the minute that proxies commonly allow. */
export const HEARTBEAT_INTERVAL = 15_000;

/** Readers at once. Each may hold MAX_BUFFERED_BYTES: 128 MiB at the very worst. */
export const MAX_READERS = 128;

/** How many of the latest transitions a reader can resume from: what a rollout moves in some minutes, and no more than a reader may be behind by. */
export const RESUMABLE_TRANSITIONS = 2_000;

interface Reader {
  readonly stream: EventStream;
  readonly wants: (taskArn: string) => boolean;
}

/** What is sent of a transition: `at` in epoch seconds, as every time of the ECS API. */
const frameOf = ({ taskArn, from, to, at, cause, version, sequence }: TaskTransition): string =>
  eventFrame(
    'transition',
    JSON.stringify({ sequence, taskArn, from, to, at: at / 1000, cause, version }),
    String(sequence),
  );

/** Whether a task is one that the query asks for: `cluster` and `task`, each a name (an id) or an ARN. They need not be known yet. */
function filterOf(query: URLSearchParams): Reader['wants'] {
  const cluster = query.get('cluster');
  const task = query.get('task');
  if (cluster === '' || task === '') {
    throw new HttpError('BadRequest', 'cluster and task must have a value: a name or an id, or an ARN.');
  }
  return (taskArn) => {
    const [clusterName, id] = parseArn(taskArn)?.name.split('/') ?? [];
    if (task !== null && task !== id && task !== taskArn) return false;
    return cluster === null || cluster === clusterName || `${cluster}/${id}` === taskArn.replace(':task/', ':cluster/');
  };
}

/** The sequence that a reader saw last, where it comes again after a loss. */
function lastSeen({ request }: Exchange): number | undefined {
  const id = request.headers['last-event-id'];
  if (id === undefined || id === '') return undefined;
  if (typeof id === 'string' && /^\d{1,15}$/.test(id)) return Number(id);
  throw new HttpError('BadRequest', 'Last-Event-ID must be the id of a transition that this stream sent.');
}

/**
 * Listens to committed state from the start, so that a reader which lost its connection can resume, and beats while somebody reads.
 *
 * A reader that comes with Last-Event-ID first gets what came after it. Where that is not known any more (it is too long ago, or ecstate was
 * started since) an event `gap` says so before all else: the reader asks for the tasks anew.
 */
export function transitionsRoute(options: {
  readonly state: ReadState;
  readonly clock: Clock;
  readonly metrics: Metrics;
}): Route {
  const { state, clock, metrics } = options;
  const readers = new Set<Reader>();
  let recent: readonly TaskTransition[] = [];
  let heartbeat: Timer | undefined;

  state.onTransitions((transitions) => {
    recent = recent.concat(transitions).slice(-RESUMABLE_TRANSITIONS);
    if (readers.size === 0) return;
    const frames = transitions.map((transition) => ({ arn: transition.taskArn, text: frameOf(transition) }));
    for (const { stream, wants } of readers) {
      const wanted = frames.filter(({ arn }) => wants(arn));
      if (wanted.length > 0) stream.send(wanted.map(({ text }) => text).join(''));
    }
  });

  function resume({ stream, wants }: Reader, after: number): void {
    const oldest = recent[0]?.sequence ?? Infinity;
    const newest = recent.at(-1)?.sequence ?? -Infinity;
    const isWhole = oldest <= after + 1 && after <= newest;
    const missed = recent.filter(({ sequence, taskArn }) => sequence > after && wants(taskArn));
    const frames = [...(isWhole ? [] : [eventFrame('gap', JSON.stringify({ after }))]), ...missed.map(frameOf)];
    if (frames.length > 0) stream.send(frames.join(''));
  }

  function beat(): void {
    for (const { stream } of readers) stream.send(': heartbeat\n\n');
    heartbeat = clock.setTimeout(beat, HEARTBEAT_INTERVAL, { unref: true });
  }

  function leave(reader: Reader): void {
    readers.delete(reader);
    metrics.httpStreams.set(readers.size);
    if (readers.size === 0 && heartbeat !== undefined) clock.clearTimeout(heartbeat);
  }

  function join(exchange: Exchange): void {
    const { request, response, closing } = exchange;
    if (readers.size >= MAX_READERS) {
      throw new HttpError('TooManyStreams', `${MAX_READERS} streams are open, the most that ecstate serves at once.`);
    }
    const wants = filterOf(exchange.query);
    const after = lastSeen(exchange);
    const end = (): void => reader.stream.end();
    const reader: Reader = {
      wants,
      stream: new EventStream(response, clock, () => {
        closing.removeEventListener('abort', end);
        leave(reader);
      }),
    };
    request.resume();
    if (after !== undefined) resume(reader, after);
    closing.addEventListener('abort', end);
    if (closing.aborted) end();
    readers.add(reader);
    metrics.httpStreams.set(readers.size);
    if (readers.size === 1) heartbeat = clock.setTimeout(beat, HEARTBEAT_INTERVAL, { unref: true });
  }

  return {
    method: 'GET',
    path: '/api/transitions',
    summary: 'transitions as they happen (server-sent events; ?cluster= and ?task= narrow them)',
    operation: 'transitions',
    streams: true,
    handle: join,
  };
}

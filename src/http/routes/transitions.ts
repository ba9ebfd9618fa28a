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

/** Listens to committed state, and beats, only while somebody reads. */
export function transitionsRoute(options: {
  readonly state: ReadState;
  readonly clock: Clock;
  readonly metrics: Metrics;
}): Route {
  const { state, clock, metrics } = options;
  const readers = new Set<Reader>();
  let stopListening: (() => void) | undefined;
  let heartbeat: Timer | undefined;

  function publish(transitions: readonly TaskTransition[]): void {
    const frames = transitions.map((transition) => ({ arn: transition.taskArn, text: frameOf(transition) }));
    for (const { stream, wants } of readers) {
      const wanted = frames.filter(({ arn }) => wants(arn));
      if (wanted.length > 0) stream.send(wanted.map(({ text }) => text).join(''));
    }
  }

  function beat(): void {
    for (const { stream } of readers) stream.send(': heartbeat\n\n');
    heartbeat = clock.setTimeout(beat, HEARTBEAT_INTERVAL, { unref: true });
  }

  function leave(reader: Reader): void {
    readers.delete(reader);
    metrics.httpStreams.set(readers.size);
    if (readers.size > 0) return;
    stopListening?.();
    if (heartbeat !== undefined) clock.clearTimeout(heartbeat);
  }

  function join({ request, response, query, closing }: Exchange): void {
    if (readers.size >= MAX_READERS) {
      throw new HttpError('TooManyStreams', `${MAX_READERS} streams are open, the most that ecstate serves at once.`);
    }
    const wants = filterOf(query);
    const end = (): void => reader.stream.end();
    const reader: Reader = {
      wants,
      stream: new EventStream(response, clock, () => {
        closing.removeEventListener('abort', end);
        leave(reader);
      }),
    };
    request.resume();
    closing.addEventListener('abort', end);
    if (closing.aborted) end();
    readers.add(reader);
    metrics.httpStreams.set(readers.size);
    if (readers.size > 1) return;
    stopListening = state.onTransitions(publish);
    heartbeat = clock.setTimeout(beat, HEARTBEAT_INTERVAL, { unref: true });
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

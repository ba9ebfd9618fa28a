/**
 * Owns the form of a recording: a directory with one file of watch lines for each kind, read whole and refused when it is not of that form.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../errors.js';

/** The files of a recording and the collections that they are streams of. Every one may be missing; not all of them. */
export const RECORDED_FILES = {
  'deployments.jsonl': '/apis/apps/v1/deployments',
  'replicasets.jsonl': '/apis/apps/v1/replicasets',
  'pods.jsonl': '/api/v1/pods',
  'events.jsonl': '/api/v1/events',
} as const;

/** One recorded line: when it was received, and the bytes of its watch event. */
export interface RecordedLine {
  /** Epoch milliseconds. */
  readonly t: number;
  /** The collection, e.g. `/api/v1/pods`. */
  readonly collection: string;
  readonly type: string;
  readonly object: Readonly<Record<string, unknown>>;
  /** The event as JSON, without a newline. */
  readonly json: string;
}

const invalid = (message: string): ConfigurationError => new ConfigurationError('RECORDING_INVALID', message);

/**
 * The lines of a recording in the order in which they were received; those of one file never overtake each other.
 *
 * @throws ConfigurationError RECORDING_INVALID, naming file and line, when the directory or a line is not of the form
 *   `{"t": epoch ms, "event": {"type", "object"}}`.
 */
export async function readRecording(directory: string): Promise<readonly RecordedLine[]> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined)
    throw invalid(`${directory} does not exist; replay takes directories that hold pods.jsonl, events.jsonl, …`);
  if (!found.isDirectory())
    throw invalid(`${directory} is no directory; replay takes the directory that holds pods.jsonl, events.jsonl, …`);
  const streams: RecordedLine[][] = [];
  for (const [file, collection] of Object.entries(RECORDED_FILES)) {
    const path = join(directory, file);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw invalid(`${path} cannot be read: ${error.message}`);
    });
    if (text !== undefined) streams.push(parseStream(text, path, collection));
  }
  if (streams.length === 0) {
    throw invalid(`${directory} holds no recording: none of ${Object.keys(RECORDED_FILES).join(', ')} is there`);
  }
  return merge(streams);
}

function parseStream(text: string, path: string, collection: string): RecordedLine[] {
  const lines: RecordedLine[] = [];
  let latest = -Infinity;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${path}, line ${index + 1}`;
    const { t, event } = parseObject(line, where);
    if (typeof t !== 'number' || !Number.isFinite(t)) throw invalid(`${where}: "t" is not a number of milliseconds`);
    if (typeof event !== 'object' || event === null) throw invalid(`${where}: "event" is not an object`);
    const { type, object } = event as { readonly type?: unknown; readonly object?: unknown }; // a non-null object
    if (typeof type !== 'string') throw invalid(`${where}: "event.type" is not a string`);
    if (typeof object !== 'object' || object === null) throw invalid(`${where}: "event.object" is not an object`);
    // Received means received: within one stream a clock that was set back does not reorder anything.
    latest = Math.max(latest, t);
    lines.push({
      t: latest,
      collection,
      type,
      object: object as RecordedLine['object'], // a non-null object, read field by field as unknown
      json: JSON.stringify(event),
    });
  }
  return lines;
}

function parseObject(line: string, where: string): { readonly t?: unknown; readonly event?: unknown } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw invalid(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid(`${where} is not a JSON object`);
  return parsed;
}

/** By time; lines of the same millisecond in the order of RECORDED_FILES, owners before what they own. */
function merge(streams: readonly (readonly RecordedLine[])[]): readonly RecordedLine[] {
  const all = streams.flatMap((stream, rank) => stream.map((line, index) => ({ line, rank, index })));
  all.sort((a, b) => a.line.t - b.line.t || a.rank - b.rank || a.index - b.index);
  return all.map(({ line }) => line);
}

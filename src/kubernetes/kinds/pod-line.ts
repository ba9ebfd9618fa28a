/**
 * Owns the reading of one line of a pod watch without parsing what nobody reads: of 7 KB, the head of the metadata and the status are
 * needed once the pod is known; its specification and its managedFields are not.
 *
 * Why slicing is safe, for every line that is a watch event: JSON, a type, an object, and no key twice. The API server marshals Go structs in the
 * order of their fields (apimachinery, ObjectMeta and WatchEvent): type, object, kind, apiVersion, metadata {name … deletionGracePeriodSeconds,
 * labels …}, spec, status. That order makes the slices short; it is not relied on:
 * - The marks contain unescaped quotes, so they cannot stand inside a JSON string.
 * - What is before `labels`, closed by a brace, parses only if nothing but the metadata is open there: it is the metadata's own head.
 * - A deletion is the one thing read there that need not be: that there is none behind the head is looked at.
 * - What begins at the last `status` and ends before the line's last two braces, which close the object and the event, parses only if it is one value:
 *   it is the pod's own.
 * A line that has not this form, or whose slices do not parse, is parsed whole.
 */
import { string } from '../../observe/raw.js';
import type { RawObject } from '../../observe/raw.js';

/** What a known pod's line is read for. */
export interface PodLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly uid: string;
  readonly resourceVersion: string;
  /** The metadata up to its labels; a deletion is in it. */
  readonly metadata: RawObject;
  /** Undefined when the line has to be parsed whole after all. */
  status(): RawObject | undefined;
}

const HEAD = /^\{"type":"(ADDED|MODIFIED|DELETED)","object":\{"kind":"Pod","apiVersion":"v1","metadata":(?=\{)/;
const LABELS = Buffer.from(',"labels":{');
const DELETION = Buffer.from('"deletionTimestamp":');
const STATUS = Buffer.from('},"status":{');
const END = Buffer.from('}}');

/** The slices of a line; undefined when it has not the expected form. Nothing but the head is parsed before `status` is called. */
export function slicePodLine(line: Buffer): PodLine | undefined {
  const labels = line.indexOf(LABELS);
  if (labels < 0) return undefined;
  const head = line.toString('utf8', 0, labels);
  const [start, type] = HEAD.exec(head) ?? [];
  if (start === undefined) return undefined;
  const metadata = parseObject(`${head.slice(start.length)}}`);
  const uid = string(metadata?.['uid']);
  const resourceVersion = string(metadata?.['resourceVersion']);
  if (metadata === undefined || uid === undefined || resourceVersion === undefined) return undefined;
  if (metadata['deletionTimestamp'] === undefined) {
    if (line.indexOf(DELETION, labels) >= 0) return undefined;
  } else if (metadata['deletionGracePeriodSeconds'] === undefined) return undefined;
  return {
    type: type as PodLine['type'], // one of those in the pattern
    uid,
    resourceVersion,
    metadata,
    status: () => {
      const status = line.lastIndexOf(STATUS);
      const end = line.length - END.length;
      if (status < labels || line.compare(END, 0, END.length, end) !== 0) return undefined;
      return parseObject(line.toString('utf8', status + STATUS.length - 1, end));
    },
  };
}

/** The value of a text that begins with a brace; undefined when it is not JSON. */
function parseObject(text: string): RawObject | undefined {
  try {
    return JSON.parse(text) as RawObject; // what begins with a brace and is JSON is an object
  } catch {
    return undefined;
  }
}

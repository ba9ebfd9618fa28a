/**
 * Owns the reading of one line of a pod watch without parsing what nobody reads: of 7 KB, the head of the metadata and the status are
 * needed once the pod is known; its specification and its managedFields are not.
 *
 * Why slicing is safe. The API server marshals Go structs in the order of their fields (apimachinery, ObjectMeta and WatchEvent): type, object,
 * kind, apiVersion, metadata {name … deletionGracePeriodSeconds, labels …}, spec, status. The marks that are searched for contain unescaped
 * quotes, so they cannot stand inside a JSON string; before `labels` the metadata has only strings and numbers; keys of managedFields begin with
 * `f:`, `k:` or `v:`; and no field of a pod's status is named `status` with an object as its value. A line that has not this form, or whose
 * slices do not parse, is parsed whole.
 */
import type { RawObject } from '../../observe/raw.js';

/** What a known pod's line is read for. */
export interface PodLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The metadata up to its labels: name, namespace, uid, resourceVersion, deletion. */
  readonly metadata: RawObject;
  readonly status: () => RawObject;
}

const TYPE = Buffer.from('{"type":"');
const OBJECT = Buffer.from('","object":{"kind":"Pod","apiVersion":"v1","metadata":');
const LABELS = Buffer.from(',"labels":{');
const STATUS = Buffer.from('},"status":{');
const END = Buffer.from('}}');

/** The slices of a line; undefined when it has not the expected form. Nothing but the head is parsed before `status` is called. */
export function slicePodLine(line: Buffer): PodLine | undefined {
  if (line.compare(TYPE, 0, TYPE.length, 0, TYPE.length) !== 0) return undefined;
  const typeEnd = line.indexOf(0x22, TYPE.length);
  const type = line.toString('latin1', TYPE.length, typeEnd);
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return undefined;
  const head = typeEnd + OBJECT.length;
  if (line.compare(OBJECT, 0, OBJECT.length, typeEnd, head) !== 0) return undefined;
  const labels = line.indexOf(LABELS, head);
  const status = line.lastIndexOf(STATUS);
  const end = line.length - END.length;
  if (labels < 0 || status < labels || line.compare(END, 0, END.length, end) !== 0) return undefined;
  try {
    const metadata: unknown = JSON.parse(`${line.toString('utf8', head, labels)}}`);
    if (typeof metadata !== 'object' || metadata === null) return undefined;
    return {
      type,
      metadata: metadata as RawObject, // a non-null object, whose fields are read as unknown
      // JSON.parse throws unless the slice is exactly one value: `{` of the mark to the status's own `}`.
      status: () => JSON.parse(line.toString('utf8', status + STATUS.length - 1, end)) as RawObject,
    };
  } catch {
    return undefined;
  }
}

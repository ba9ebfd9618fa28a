/**
 * Owns `metadata.managedFields`: who set which field. Nobody here reads it; it is kept because a third of a real pod's
 * bytes are this, and a client that is to be quick has to be quick with it.
 *
 * It is an approximation of server-side apply's bookkeeping: a writer's entry holds the fields that it set when it
 * created the object, and those that it changed since. What another writer took over stays in the first one's entry.
 */
import type { FieldSet, ManagedFieldsEntry } from '../objects.js';

/** Lists whose elements are known by some of their fields; every other list is one value. */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  conditions: ['type'],
  addresses: ['type'],
  podIPs: ['ip'],
  ownerReferences: ['uid'],
};

/** Objects that are one value: who sets a part has set the whole. */
const ATOMIC: ReadonlySet<string> = new Set(['selector', 'nodeSelector', 'securityContext']);

const LEAF: FieldSet = {};

/** The fields of `after` that differ from `before` (all of them, when there is no `before`), as a field set. */
export function changedFields(before: unknown, after: unknown): FieldSet {
  return walk(before, after, 'root') ?? LEAF;
}

function walk(before: unknown, after: unknown, field: string): FieldSet | undefined {
  if (before === after) return undefined;
  if (Array.isArray(after)) return walkList(before, after, field);
  if (typeof after !== 'object' || after === null || ATOMIC.has(field)) return LEAF;
  const old: Readonly<Record<string, unknown>> = isObject(before) ? before : {};
  const children: [string, FieldSet][] = [];
  for (const [name, value] of Object.entries(after)) {
    // A null or an empty text says that nothing is set, but for this one, which is always set.
    if (value === undefined || value === '' || (value === null && name !== 'lastProbeTime')) continue;
    const child = walk(old[name], value, name);
    if (child !== undefined) children.push([`f:${name}`, child]);
  }
  if (children.length === 0) return isObject(before) || STRUCTS.has(field) ? undefined : LEAF;
  return fieldSet(children, !isObject(before) && !STRUCTS.has(field));
}

function walkList(before: unknown, after: readonly unknown[], field: string): FieldSet | undefined {
  const keys = MERGE_KEYS[field];
  if (keys === undefined) return LEAF;
  const identity = (element: unknown): string => {
    const fields = isObject(element) ? element : {};
    return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, fields[key]])))}`;
  };
  const old = new Map(Array.isArray(before) ? before.map((element: unknown) => [identity(element), element]) : []);
  const children: [string, FieldSet][] = [];
  for (const element of after) {
    const child = walk(old.get(identity(element)), element, '');
    if (child !== undefined) children.push([identity(element), child]);
  }
  if (children.length === 0) return Array.isArray(before) ? undefined : LEAF;
  return fieldSet(children, !Array.isArray(before) && !STRUCTS.has(field));
}

/** Children sorted by key; `marked` when the field itself, not only its children, was set. */
function fieldSet(children: [string, FieldSet][], marked: boolean): FieldSet {
  const result: Record<string, FieldSet> = marked ? { '.': LEAF } : {};
  for (const [key, child] of children.sort(([a], [b]) => compare(a, b))) result[key] = child;
  return result;
}

/** Fields that are always there in Go's types, so that nobody owns them, only what is in them. */
const STRUCTS: ReadonlySet<string> = new Set([
  'root',
  'metadata',
  'spec',
  'status',
  'template',
  'strategy',
  'containers',
  'involvedObject',
  'source',
]);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `entries` with `fields` added to those of `manager`, at `time`. Ordered by time, then by manager, as Kubernetes does. */
export function withManager(
  entries: readonly ManagedFieldsEntry[] | undefined,
  manager: string,
  apiVersion: string,
  time: string,
  fields: FieldSet,
): readonly ManagedFieldsEntry[] {
  const old = entries?.find((entry) => entry.manager === manager);
  return replaceEntry(entries, old, {
    manager,
    operation: 'Update',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: old === undefined ? fields : union(old.fieldsV1, fields),
  });
}

/** `entries` with `status` as the only fields of the status that `manager` owns: a status is written as a whole. */
export function withStatusManager(
  entries: readonly ManagedFieldsEntry[] | undefined,
  manager: string,
  apiVersion: string,
  time: string,
  status: FieldSet,
): readonly ManagedFieldsEntry[] {
  const old = entries?.find((entry) => entry.manager === manager);
  return replaceEntry(entries, old, {
    manager,
    operation: 'Update',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: { ...old?.fieldsV1, 'f:status': status },
  });
}

function replaceEntry(
  entries: readonly ManagedFieldsEntry[] | undefined,
  old: ManagedFieldsEntry | undefined,
  entry: ManagedFieldsEntry,
): readonly ManagedFieldsEntry[] {
  const others = entries?.filter((candidate) => candidate !== old) ?? [];
  return [...others, entry].sort((a, b) => compare(a.time, b.time) || compare(a.manager, b.manager));
}

function union(first: FieldSet, second: FieldSet): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const [key, value] of Object.entries(second)) {
    const old = first[key];
    const merged = old === undefined ? value : union(old, value);
    if (merged === old) continue;
    result ??= { ...first };
    result[key] = merged;
  }
  if (result === undefined) return first;
  const sorted: Record<string, FieldSet> = {};
  for (const key of Object.keys(result).sort()) sorted[key] = result[key] ?? LEAF;
  return sorted;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

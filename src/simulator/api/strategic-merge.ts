/**
 * Owns strategic merge patch, the kind that kubectl sends: maps are merged, `null` deletes, lists of things with a name
 * are merged by that name, other lists are replaced. Directives: `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`,
 * and `$setElementOrder/…`, as Kubernetes' document "Strategic Merge Patch" has them.
 */
import { badRequest } from './status.js';

/** By what the elements of a list are merged. A list that is not here is replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  podIPs: 'ip',
  conditions: 'type',
  addresses: 'type',
  ownerReferences: 'uid',
  topologySpreadConstraints: 'topologyKey',
};

/** Lists of plain values that are merged as sets. */
const MERGED_VALUES: ReadonlySet<string> = new Set(['finalizers']);

const ORDER = '$setElementOrder/';
const DELETE_VALUES = '$deleteFromPrimitiveList/';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * `document` with `patch` merged into it; neither is changed.
 *
 * @throws ApiError 400 for a patch that is not an object.
 */
export function strategicMerge(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) throw badRequest('a strategic merge patch must be an object');
  return mergeObjects(isObject(document) ? document : {}, patch);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergeObjects(document: JsonObject, patch: JsonObject): JsonObject {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const retained = patch['$retainKeys'];
  const result: Record<string, unknown> = Array.isArray(retained)
    ? Object.fromEntries(Object.entries(document).filter(([name]) => retained.includes(name)))
    : { ...document };
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_VALUES)) {
      const field = name.slice(DELETE_VALUES.length);
      result[field] = asList(result[field]).filter((element) => !asList(value).includes(element));
    }
    if (name.startsWith('$')) continue;
    if (value === null) delete result[name];
    else result[name] = mergeField(name, result[name], value, patch[`${ORDER}${name}`]);
  }
  return result;
}

function mergeField(name: string, before: unknown, patch: unknown, order: unknown): unknown {
  if (isObject(patch)) {
    if (patch['$patch'] === 'delete') return undefined;
    return mergeObjects(isObject(before) ? before : {}, patch);
  }
  if (!Array.isArray(patch)) return patch;
  const elements = patch as readonly unknown[];
  if (MERGED_VALUES.has(name)) return [...new Set([...asList(before), ...elements])];
  const key = MERGE_KEYS[name];
  if (key === undefined || !elements.every(isObject)) return elements;
  return mergeLists(asList(before).filter(isObject), elements, key, order);
}

function mergeLists(
  before: readonly JsonObject[],
  patch: readonly JsonObject[],
  key: string,
  order: unknown,
): readonly JsonObject[] {
  const replacing = patch.some((element) => element['$patch'] === 'replace' && element[key] === undefined);
  const result: JsonObject[] = replacing ? [] : [...before];
  for (const element of patch) {
    if (element[key] === undefined) continue;
    const index = result.findIndex((candidate) => candidate[key] === element[key]);
    const old = result[index];
    if (element['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (old === undefined) {
      result.push(withoutDirectives(element));
    } else {
      result[index] = mergeObjects(old, element);
    }
  }
  const wanted = asList(order).filter(isObject);
  if (wanted.length === 0) return result;
  const place = (element: JsonObject): number => {
    const index = wanted.findIndex((candidate) => candidate[key] === element[key]);
    return index < 0 ? wanted.length : index;
  };
  return result.sort((a, b) => place(a) - place(b));
}

function withoutDirectives(value: JsonObject): JsonObject {
  const result: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    if (name.startsWith('$')) continue;
    result[name] = isObject(child) ? withoutDirectives(child) : child;
  }
  return result;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

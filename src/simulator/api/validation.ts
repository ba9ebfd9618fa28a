/** Owns what the API server refuses: names, fields that must be there, and fields that may not change. */
import { isDeepStrictEqual } from 'node:util';
import type { Container, Deployment, KubeObject, Lease, Pod, PodSpec, ReplicaSet } from '../objects.js';
import type { Resource } from '../resources.js';
import { selectorMatches } from './selectors.js';
import type { InvalidField } from './status.js';
import { badRequest, invalid } from './status.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_HELP =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_VALUE_HELP =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN_LIMIT = 253;
const LABEL_LIMIT = 63;

/**
 * Takes a request's body for an object of `resource`.
 *
 * @throws ApiError 400 when it is not a JSON object of that kind.
 */
export function asObject(resource: Resource, body: unknown): KubeObject {
  const object = asRecord(body, 'the body of the request');
  if (object['kind'] !== undefined && object['kind'] !== resource.kind) {
    throw badRequest(`${String(object['kind'])} in version "v1" cannot be handled as a ${resource.kind}`);
  }
  if (object['metadata'] !== undefined) asRecord(object['metadata'], 'metadata');
  // Only the frame has been looked at: the fields are checked by validate(), and whatever else there is, is kept as it is.
  return { metadata: {}, ...object } as unknown as KubeObject;
}

function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(`${what} must be a JSON object`);
  return value as Readonly<Record<string, unknown>>; // just checked
}

/**
 * Checks that the parts are there which defaulting and the controllers read.
 *
 * @throws ApiError 422.
 */
export function requireParts(resource: Resource, object: KubeObject): void {
  const name = object.metadata.name ?? object.metadata.generateName ?? '';
  const missing = (field: string): never => {
    throw invalid(resource, name, [{ field, reason: 'FieldValueRequired', message: 'Required value' }]);
  };
  if (resource.kind === 'Pod') {
    if (!hasContainers((object as Pod).spec)) missing('spec.containers');
  }
  if (resource.kind === 'Deployment' || resource.kind === 'ReplicaSet') {
    const spec = (object as Deployment | ReplicaSet).spec; // the kind says so
    if (spec?.selector === undefined) missing('spec.selector');
    if (!hasContainers(spec.template?.spec)) missing('spec.template.spec.containers');
  }
}

function hasContainers(spec: PodSpec | undefined): boolean {
  return Array.isArray(spec?.containers) && spec.containers.length > 0;
}

/**
 * Checks a new object, defaults and all.
 *
 * @throws ApiError 422 with every field that is wrong.
 */
export function validateNew(resource: Resource, object: KubeObject): void {
  const fields: InvalidField[] = [];
  const { name, labels } = object.metadata;
  if (name.length > SUBDOMAIN_LIMIT || !SUBDOMAIN.test(name)) {
    fields.push(invalidValue('metadata.name', name, SUBDOMAIN_HELP));
  }
  for (const value of Object.values(labels ?? {})) {
    if (value.length > LABEL_LIMIT)
      fields.push(invalidValue('metadata.labels', value, 'must be no more than 63 characters'));
    else if (!LABEL_VALUE.test(value)) fields.push(invalidValue('metadata.labels', value, LABEL_VALUE_HELP));
  }
  if (resource.kind === 'Deployment' || resource.kind === 'ReplicaSet') {
    const { selector, template, replicas } = (object as Deployment | ReplicaSet).spec; // the kind says so
    if (!selectorMatches(selector, template.metadata?.labels)) {
      const shown = JSON.stringify(template.metadata?.labels ?? {});
      fields.push(
        invalidValue('spec.template.metadata.labels', shown, '`selector` does not match template `labels`', ''),
      );
    }
    if (replicas < 0) {
      fields.push(invalidValue('spec.replicas', String(replicas), 'must be greater than or equal to 0', ''));
    }
  }
  if (fields.length > 0) throw invalid(resource, name, fields);
}

function invalidValue(field: string, value: string, help: string, quote = '"'): InvalidField {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${quote}${value}${quote}: ${help}` };
}

/**
 * Checks what a change of the object itself (not of a subresource) may not change.
 *
 * @throws ApiError 422.
 */
export function validateChange(resource: Resource, before: KubeObject, after: KubeObject): void {
  validateNew(resource, after);
  const { name } = after.metadata;
  if (resource.kind === 'Deployment' || resource.kind === 'ReplicaSet') {
    // The kinds say so.
    const old = (before as Deployment | ReplicaSet).spec.selector;
    const selector = (after as Deployment | ReplicaSet).spec.selector;
    if (!isDeepStrictEqual(plain(old), plain(selector))) {
      const shown = JSON.stringify(selector);
      throw invalid(resource, name, [invalidValue('spec.selector', shown, 'field is immutable', '')]);
    }
  }
  if (resource.kind === 'Pod' && !isDeepStrictEqual(fixedParts(before as Pod), fixedParts(after as Pod))) {
    const message =
      'Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)';
    throw invalid(resource, name, [{ field: 'spec', reason: 'FieldValueForbidden', message }]);
  }
}

/**
 * A Lease, unlike the other kinds, may not be replaced without saying which version is meant.
 *
 * @throws ApiError 422.
 */
export function requireVersion(resource: Resource, object: KubeObject): void {
  if (resource.kind !== 'Lease' || isSet((object as Lease).metadata.resourceVersion)) return;
  throw invalid(resource, object.metadata.name, [
    {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0x0: must be specified for an update',
    },
  ]);
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}

/** What of a pod's spec never changes. */
function fixedParts(pod: Pod): unknown {
  const image = (container: Container): Container => ({ ...container, image: '' });
  return plain({
    ...pod.spec,
    containers: pod.spec.containers.map(image),
    initContainers: pod.spec.initContainers?.map(image),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    nodeName: undefined,
  });
}

/** Without `undefined` fields, so that two ways of leaving a field out compare as equal. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

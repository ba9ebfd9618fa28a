/** Owns selectors: the query language of `labelSelector` and `fieldSelector`, and the selectors inside specs. */
import type { KubeObject, Labels, LabelSelector, LabelSelectorRequirement } from '../objects.js';
import { badRequest } from './status.js';

/** Says whether an object is meant. */
export type Matcher = (object: KubeObject) => boolean;

/** Meets every object. */
export const matchAll: Matcher = () => true;

interface Requirement {
  readonly key: string;
  readonly test: (value: string | undefined) => boolean;
}

const SET_REQUIREMENT = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY_REQUIREMENT = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const EXISTENCE_REQUIREMENT = /^(!?)\s*([^\s!=,()]+)$/;

/**
 * Reads a `labelSelector`: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 *
 * @throws ApiError 400 where it cannot be read, as the API server answers.
 */
export function parseLabelSelector(text: string): Matcher {
  const requirements = splitOutsideParentheses(text).map(parseLabelRequirement);
  if (requirements.length === 0) return matchAll;
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every(({ key, test }) => test(labels[key]));
  };
}

function parseLabelRequirement(text: string): Requirement {
  const set = SET_REQUIREMENT.exec(text);
  if (set !== null) {
    const values = new Set((set[3] ?? '').split(',').map((value) => value.trim()));
    const wanted = set[2] === 'in';
    return {
      key: set[1] ?? '',
      test: (value) => (value === undefined ? !wanted : values.has(value) === wanted),
    };
  }
  const equality = EQUALITY_REQUIREMENT.exec(text);
  if (equality !== null) {
    const expected = equality[3] ?? '';
    const wanted = equality[2] !== '!=';
    return { key: equality[1] ?? '', test: (value) => (value === expected) === wanted };
  }
  const existence = EXISTENCE_REQUIREMENT.exec(text);
  if (existence !== null) {
    const wanted = existence[1] === '';
    return { key: existence[2] ?? '', test: (value) => (value !== undefined) === wanted };
  }
  throw badRequest(`unable to parse requirement: found '${text}', expected: a label selector`);
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The fields that each kind may be selected by; the API server knows these and no others. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'source',
    'reportingComponent',
    'type',
  ],
  Node: ['spec.unschedulable'],
  Namespace: ['status.phase'],
  ReplicaSet: ['status.replicas'],
};

/**
 * Reads a `fieldSelector`: `metadata.name=x`, `status.phase!=Running`, joined by commas.
 *
 * @throws ApiError 400 for a field that the kind cannot be selected by.
 */
export function parseFieldSelector(text: string, kind: string): Matcher {
  const requirements: Requirement[] = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const equality = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(part);
      if (equality === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const key = equality[1] ?? '';
      const known = key === 'metadata.name' || key === 'metadata.namespace' || SELECTABLE[kind]?.includes(key) === true;
      if (!known) throw badRequest(`field label not supported: ${key}`);
      const expected = equality[3] ?? '';
      const wanted = equality[2] !== '!=';
      return { key, test: (value) => ((value ?? '') === expected) === wanted };
    });
  if (requirements.length === 0) return matchAll;
  return (object) => requirements.every(({ key, test }) => test(fieldOf(object, key)));
}

function fieldOf(object: KubeObject, path: string): string | undefined {
  let value: unknown = object;
  for (const name of path === 'source' ? ['source', 'component'] : path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name]; // an object, read by name
  }
  return value === undefined ? undefined : String(value);
}

/** Whether `labels` meet the selector of a spec. A selector that asks for nothing meets everything. */
export function selectorMatches(selector: LabelSelector, labels: Labels | undefined): boolean {
  const present = labels ?? {};
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (present[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((requirement) => requirementMatches(requirement, present));
}

/** Whether `labels` meet one requirement of a selector, or of a node affinity term. */
export function requirementMatches(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels[requirement.key];
  switch (requirement.operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(requirement.values ?? []).includes(value);
  }
}

/** A selector as text, as `/scale` and tables show it. */
export function selectorText(selector: LabelSelector): string {
  const parts = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    if (operator === 'Exists') parts.push(key);
    else if (operator === 'DoesNotExist') parts.push(`!${key}`);
    else parts.push(`${key} ${operator.toLowerCase()} (${(values ?? []).join(',')})`);
  }
  return parts.sort().join(',');
}

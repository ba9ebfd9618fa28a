/** Owns what makes a ReplicaSet a revision of a Deployment: its template, its hash, and the annotations that count. */
import type { Deployment, Labels, PodTemplate, ReplicaSet } from '../objects.js';
import { safeName } from '../random.js';
import type { Revisions } from './deployment-status.js';
import { byAge, maxReplicasOf, REVISION, revisionOf } from './rollout.js';

export const TEMPLATE_HASH = 'pod-template-hash';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';

/** Annotations of a Deployment that are not its ReplicaSets'. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** Which of a Deployment's ReplicaSets is that of its present template (the oldest, should there be several). */
export function revisionsOf(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Revisions {
  const ordered = [...replicaSets].sort(byAge);
  const current = ordered.find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));
  return { current, old: ordered.filter((replicaSet) => replicaSet !== current) };
}

/** Texts of templates; a template is immutable, and its fields stand in Kubernetes' order. */
const texts = new WeakMap<PodTemplate, string>();

/** Equal but for the label that the controller adds itself. */
function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return textOf(a) === textOf(b);
}

function textOf(template: PodTemplate): string {
  const known = texts.get(template);
  if (known !== undefined) return known;
  const { [TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {};
  const text = JSON.stringify([labels, template.metadata?.annotations ?? {}, template.spec]);
  texts.set(template, text);
  return text;
}

/** The hash of a template: FNV-1a over its text, in characters that are safe in a name. */
export function templateHash(template: PodTemplate): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(template))) hash = Math.imul(hash ^ byte, 0x01000193);
  return safeName(String(hash >>> 0));
}

/** The revision that comes after those of `old`. */
export function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

/** The annotations that say how many replicas the Deployment wants, and may have at most. */
export function sizeAnnotations(deployment: Deployment): Labels {
  return {
    [DESIRED_REPLICAS]: String(deployment.spec.replicas),
    [MAX_REPLICAS]: String(maxReplicasOf(deployment)),
  };
}

/**
 * The annotations of the current ReplicaSet: the Deployment's, and its revision, which only rises. A ReplicaSet that is
 * taken again (a rollback) keeps in its history which revisions it was.
 */
export function revisionAnnotations(
  deployment: Deployment,
  replicaSet: ReplicaSet | undefined,
  revision: number,
): Labels {
  const existing = replicaSet?.metadata.annotations ?? sizeAnnotations(deployment);
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !OWN_ANNOTATIONS.has(name));
  const annotations: Record<string, string> = { ...existing, ...Object.fromEntries(copied) };
  const before = replicaSet === undefined ? 0 : revisionOf(replicaSet);
  if (before < revision) {
    annotations[REVISION] = String(revision);
    const history = existing[REVISION_HISTORY];
    if (before > 0) annotations[REVISION_HISTORY] = history === undefined ? String(before) : `${history},${before}`;
  }
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

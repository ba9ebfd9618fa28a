/**
 * Owns the watches on pods, one for each of KECS's label dialects: where they are, and how their bytes become observations.
 */
import type { TaskIdentity } from '../../../machines/task/task.types.js';
import type { ArnDefaults } from '../../observe/arn.js';
import { POD_SELECTORS, observeIdentity } from '../../observe/identity.js';
import { observePod } from '../../observe/pod.js';
import { object, string } from '../../observe/raw.js';
import type { RawObject } from '../../observe/raw.js';
import { INBOX_HIGH_WATER } from '../../system/inbox.js';
import type { PodObservation } from '../../system/messages.js';
import { decodeLine, decodeObject } from '../lines.js';
import type { WatchChange, WatchedKind } from '../watched-kind.js';
import { slicePodLine } from './pod-line.js';

/** What is already known of pods: the system answers. */
export interface KnownPods {
  /** Who this pod is, where that costs nothing to say. */
  identityOf(podUid: string): TaskIdentity | undefined;
  /** The resourceVersion at which it was last looked at. */
  podVersion(podUid: string): string | undefined;
}

/** The value of a watched pod; undefined when it has been looked at in this very version. */
export type WatchedPod = PodObservation | undefined;

export function podKind(
  dialect: keyof typeof POD_SELECTORS,
  known: KnownPods,
  defaults: ArnDefaults,
): WatchedKind<WatchedPod> {
  /** Pods by uid, for the lines between a pod's first and the turn that makes it known. */
  const fresh = new Map<string, TaskIdentity>();

  const wholePod = (pod: RawObject): PodObservation => {
    const metadata = object(pod['metadata']);
    const identity = observeIdentity(pod, defaults);
    const facts = observePod(
      metadata,
      object(pod['status']),
      identity.containers,
      string(object(pod['spec'])['nodeName']),
    );
    remember(identity);
    return { podUid: identity.podUid, resourceVersion: string(metadata['resourceVersion']) ?? '', identity, facts };
  };

  const remember = (identity: TaskIdentity): void => {
    fresh.set(identity.podUid, identity);
    if (fresh.size > FRESH_PODS) for (const [uid] of fresh) if (fresh.delete(uid)) break;
  };

  /** The observation in a line of a pod that is known; undefined when the line has to be parsed whole. */
  const knownPod = (line: Buffer): WatchChange<WatchedPod> | undefined => {
    const sliced = slicePodLine(line);
    if (sliced === undefined) return undefined;
    const { uid, resourceVersion } = sliced;
    const identity = known.identityOf(uid);
    if (identity !== undefined) fresh.delete(uid);
    const unannounced = identity === undefined ? fresh.get(uid) : undefined;
    const containers = (identity ?? unannounced)?.containers;
    const status = containers === undefined ? undefined : sliced.status();
    if (containers === undefined || status === undefined) return undefined;
    const facts = observePod(sliced.metadata, status, containers);
    // Only the specification tells of a pod that was bound to its node by hand.
    if (!facts.scheduled) return undefined;
    const value: PodObservation =
      unannounced === undefined
        ? { podUid: uid, resourceVersion, facts }
        : { podUid: uid, resourceVersion, identity: unannounced, facts };
    return { type: sliced.type, object: { uid, resourceVersion, value } };
  };

  return {
    name: 'pods',
    path: '/api/v1/pods',
    namespacedPath: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
    labelSelector: POD_SELECTORS[dialect],
    decodeLine: (line) => knownPod(line) ?? decodeLine(line, wholePod),
    decodeItem: (item) => {
      const metadata = object(object(item)['metadata']);
      const uid = string(metadata['uid']);
      const resourceVersion = string(metadata['resourceVersion']);
      if (uid !== undefined && resourceVersion !== undefined && known.podVersion(uid) === resourceVersion) {
        return { uid, resourceVersion, value: undefined };
      }
      return decodeObject(item, wholePod);
    },
  };
}

/** As many as may wait in the inbox for their turn; a pod that falls out is parsed whole once more. */
const FRESH_PODS = INBOX_HIGH_WATER;

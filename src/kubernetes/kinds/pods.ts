/**
 * Owns the watches on pods, one for each of KECS's label dialects: where they are, and how their bytes become observations.
 */
import type { TaskIdentity } from '../../../machines/task/task.types.js';
import type { ArnDefaults } from '../../observe/arn.js';
import { POD_SELECTORS, observeIdentity } from '../../observe/identity.js';
import { observePod } from '../../observe/pod.js';
import { object, string } from '../../observe/raw.js';
import type { RawObject } from '../../observe/raw.js';
import type { PodObservation } from '../../system/messages.js';
import { decodeLine as decodeWholeLine, decodeObject } from '../lines.js';
import type { WatchLine, WatchedKind } from '../watched-kind.js';
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
  /** Containers by pod, for the lines between a pod's first and the turn that makes it known. */
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

  const decodeLine = (line: Buffer): WatchLine<WatchedPod> => {
    const sliced = slicePodLine(line);
    const uid = sliced === undefined ? undefined : string(sliced.metadata['uid']);
    const resourceVersion = sliced === undefined ? undefined : string(sliced.metadata['resourceVersion']);
    if (sliced !== undefined && uid !== undefined && resourceVersion !== undefined) {
      const identity = known.identityOf(uid);
      const unannounced = identity === undefined ? fresh.get(uid) : undefined;
      if (identity !== undefined) fresh.delete(uid);
      const containers = (identity ?? unannounced)?.containers;
      if (containers !== undefined) {
        const facts = observePod(sliced.metadata, sliced.status(), containers);
        const value: PodObservation = {
          podUid: uid,
          resourceVersion,
          ...(unannounced === undefined ? {} : { identity: unannounced }),
          facts,
        };
        return { type: sliced.type, object: { uid, resourceVersion, value } };
      }
    }
    return decodeWholeLine(line, wholePod);
  };

  return {
    name: 'pods',
    path: '/api/v1/pods',
    namespacedPath: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
    labelSelector: POD_SELECTORS[dialect],
    decodeLine,
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

/** Enough for the pods of one batch of lines; a pod that falls out is parsed whole once more. */
const FRESH_PODS = 1000;

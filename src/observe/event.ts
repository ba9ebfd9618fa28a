/**
 * Owns what a Kubernetes Event about a pod says: pull times, failure texts, and causes that the pod itself does not name.
 */
import type { TaskEventFacts } from '../../machines/task/task.types.js';
import { ecsContainerName } from './containers.js';
import { MalformedObjectError, instant, object, string } from './raw.js';
import type { RawObject } from './raw.js';
import { observeNotice } from './service-event.js';
import type { Notice } from './service-event.js';

/** An Event and the pod it speaks of. `podUid` is absent where the sender did not know it (the taint manager). */
export interface PodEvent {
  readonly podUid: string | undefined;
  readonly namespace: string;
  readonly podName: string;
  /** What it tells the task. */
  readonly facts?: TaskEventFacts;
  /** What it tells the task's service. */
  readonly notice?: Notice;
}

/**
 * The pod event that this Event is; undefined when it tells neither a task nor its service anything.
 *
 * @throws MalformedObjectError when it speaks of a pod and has no usable time.
 */
export function observePodEvent(event: RawObject): PodEvent | undefined {
  const involved = object(event['involvedObject']);
  if (involved['kind'] !== 'Pod') return undefined;
  const message = string(event['message']) ?? '';
  const kind = kindOf(string(event['reason']), message);
  const podName = string(involved['name']);
  const namespace = string(involved['namespace']);
  const notice = observeNotice(event);
  if ((kind === undefined && notice === undefined) || podName === undefined || namespace === undefined)
    return undefined;
  if (kind === undefined)
    return { podUid: string(involved['uid']), namespace, podName, ...(notice === undefined ? {} : { notice }) };
  const created = instant(object(event['metadata'])['creationTimestamp']);
  const firstAt = instant(event['firstTimestamp']) ?? instant(event['eventTime']) ?? created;
  if (firstAt === undefined) throw new MalformedObjectError('Event', 'time');
  const lastAt = instant(event['lastTimestamp']) ?? instant(object(event['series'])['lastObservedTime']) ?? firstAt;
  const container = containerOf(string(involved['fieldPath']));
  return {
    podUid: string(involved['uid']),
    namespace,
    podName,
    facts: { kind, ...(container === undefined ? {} : { container }), firstAt, lastAt, message },
    ...(notice === undefined ? {} : { notice }),
  };
}

/** Reasons and message forms of kubelet/events, kubelet/prober, tainteviction and the scheduler. */
function kindOf(reason: string | undefined, message: string): TaskEventFacts['kind'] | undefined {
  switch (reason) {
    case 'Pulling':
      return 'pulling';
    case 'Pulled':
      // "already present on machine" is no pull: ECS gives no pull times for a cached image.
      return message.startsWith('Successfully pulled image') ? 'pulled' : undefined;
    case 'Failed':
      return message.startsWith('Failed to pull image') ? 'pullFailed' : undefined;
    case 'Unhealthy':
      return /^(Liveness|Startup) probe /.test(message) ? 'livenessFailed' : undefined;
    case 'Killing':
      return 'killing';
    case 'TaintManagerEviction':
      return message.startsWith('Marking for deletion') ? 'taintEviction' : undefined;
    case 'Preempted':
      return 'preempted';
    default:
      return undefined;
  }
}

/** `spec.containers{main}` → `main`, by its ECS name. */
function containerOf(fieldPath: string | undefined): string | undefined {
  const name = /\{(.+)\}$/.exec(fieldPath ?? '')?.[1];
  return name === undefined ? undefined : ecsContainerName(name);
}

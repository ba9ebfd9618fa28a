/**
 * Owns what a Kubernetes Event tells a service, in ECS's words (row 16). Most Events tell it nothing:
 * what ECS says of starts, stops and rollouts is made from ecstate's own transitions.
 */
import { object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** One line for services[].events[], without its prefix. Lines of one cause are not repeated while it lasts. */
export interface Notice {
  readonly cause: string;
  readonly message: string;
}

/** The notice in this Event; undefined when there is none. */
export function observeNotice(event: RawObject): Notice | undefined {
  const reason = string(event['reason']);
  const text = string(event['message'])?.trim().replace(/\.$/, '');
  if (reason === undefined || text === undefined) return undefined;
  switch (reason) {
    case 'FailedScheduling':
      // The scheduler also says that it passes over a pod that is being deleted.
      if (text.startsWith('skip schedule deleting pod')) return undefined;
      return {
        cause: `placement: ${text}`,
        message: `was unable to place a task because no container instance met all of its requirements. ${text}.`,
      };
    case 'Failed':
      if (!text.startsWith('Failed to pull image')) return undefined;
      return {
        cause: `pull: ${text}`,
        message: `was unable to place a task. Reason: CannotPullContainerError: ${text}.`,
      };
    case 'FailedCreatePodSandBox':
      return { cause: 'sandbox', message: `was unable to place a task. Reason: ResourceInitializationError: ${text}.` };
    case 'FailedCreate':
      return { cause: `create: ${withoutNames(text)}`, message: `was unable to place a task. Reason: ${text}.` };
    case 'BackOff':
      if (!text.startsWith('Back-off restarting failed container')) return undefined;
      return { cause: 'back-off', message: 'is unable to consistently start tasks successfully.' };
    default:
      return undefined;
  }
}

/** Which ReplicaSet an Event is about. */
export function replicaSetOf(event: RawObject): string | undefined {
  const involved = object(event['involvedObject']);
  return involved['kind'] === 'ReplicaSet' ? string(involved['uid']) : undefined;
}

/** A refusal names the pod that was refused, another each time. */
const withoutNames = (text: string): string => text.replace(/"[^"]*"/, '"…"');

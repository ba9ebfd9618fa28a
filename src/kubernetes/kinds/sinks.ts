/**
 * Owns the way from a watch to the inbox: what was listed or changed becomes messages, followed by the resourceVersion that they reach.
 */
import type { Clock } from '../../system/clock.js';
import type { SystemMessage, WatchScope } from '../../system/messages.js';
import type { WatchSink } from '../watched-kind.js';
import type { WatchedEvent } from './events.js';
import type { WatchedPod } from './pods.js';

/** Where messages go: the system. */
export interface Intake {
  post(messages: readonly SystemMessage[]): Promise<void> | undefined;
}

/** The sink of a pod watch. A complete list tells which pods are gone. */
export function podSink(scope: WatchScope, intake: Intake, clock: Clock): WatchSink<WatchedPod> {
  let listed = new Set<string>();
  return {
    listed: (objects, page) => {
      const at = clock.now();
      if (page.first) listed = new Set();
      const messages: SystemMessage[] = [];
      for (const { uid, value } of objects) {
        listed.add(uid);
        if (value !== undefined) messages.push({ kind: 'pod', change: 'observed', pod: value, at });
      }
      for (const uid of page.undecoded) listed.add(uid);
      if (page.last) {
        messages.push({ kind: 'listed', scope, podUids: listed, resourceVersion: page.resourceVersion, at });
        listed = new Set();
      }
      return intake.post(messages);
    },
    changed: (changes, resourceVersion) => {
      const at = clock.now();
      const messages: SystemMessage[] = [];
      for (const { type, object } of changes) {
        if (object.value !== undefined) {
          messages.push({ kind: 'pod', change: type === 'DELETED' ? 'deleted' : 'observed', pod: object.value, at });
        }
      }
      messages.push({ kind: 'cursor', scope, resourceVersion });
      return intake.post(messages);
    },
    bookmark: (resourceVersion) => intake.post([{ kind: 'cursor', scope, resourceVersion }]),
  };
}

/** The sink of an Event watch. An Event that is deleted has only grown old. */
export function eventSink(scope: WatchScope, intake: Intake, clock: Clock): WatchSink<WatchedEvent> {
  return {
    listed: (objects, page) => {
      const at = clock.now();
      const messages: SystemMessage[] = [];
      for (const { value } of objects)
        if (value !== undefined) messages.push({ kind: 'event', event: value, scope, at });
      if (page.last)
        messages.push({ kind: 'listed', scope, podUids: new Set(), resourceVersion: page.resourceVersion, at });
      return intake.post(messages);
    },
    changed: (changes, resourceVersion) => {
      const at = clock.now();
      const messages: SystemMessage[] = [];
      for (const { type, object } of changes) {
        if (object.value !== undefined && type !== 'DELETED')
          messages.push({ kind: 'event', event: object.value, scope, at });
      }
      messages.push({ kind: 'cursor', scope, resourceVersion });
      return intake.post(messages);
    },
    bookmark: (resourceVersion) => intake.post([{ kind: 'cursor', scope, resourceVersion }]),
  };
}

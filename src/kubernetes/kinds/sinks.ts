/**
 * Owns the way from a watch to the inbox: what was listed or changed becomes messages, followed by the resourceVersion that they reach.
 */
import type { EpochMs } from '../../../machines/task/task.types.js';
import type { Clock } from '../../system/clock.js';
import type { SystemMessage, WatchScope } from '../../system/messages.js';
import type { WatchSink } from '../watched-kind.js';

/** Where messages go: the system. */
export interface Intake {
  post(messages: readonly SystemMessage[]): Promise<void> | undefined;
}

/** What one look at an object means to the system; undefined when it means nothing. */
export type ToMessage<T> = (value: T, change: 'observed' | 'deleted', at: EpochMs) => SystemMessage | undefined;

/** The sink of a watch whose objects become messages one by one. A complete list tells which objects are gone. */
export function sinkOf<T>(scope: WatchScope, intake: Intake, clock: Clock, toMessage: ToMessage<T>): WatchSink<T> {
  let listed = new Set<string>();
  return {
    listed: (objects, page) => {
      const at = clock.now();
      if (page.first) listed = new Set();
      const messages: SystemMessage[] = [];
      for (const { uid, value } of objects) {
        listed.add(uid);
        const message = toMessage(value, 'observed', at);
        if (message !== undefined) messages.push(message);
      }
      for (const uid of page.undecoded) listed.add(uid);
      if (page.last) {
        messages.push({ kind: 'listed', scope, uids: listed, resourceVersion: page.resourceVersion, at });
        listed = new Set();
      }
      return intake.post(messages);
    },
    changed: (changes, resourceVersion) => {
      const at = clock.now();
      const messages: SystemMessage[] = [];
      for (const { type, object } of changes) {
        const message = toMessage(object.value, type === 'DELETED' ? 'deleted' : 'observed', at);
        if (message !== undefined) messages.push(message);
      }
      messages.push({ kind: 'cursor', scope, resourceVersion });
      return intake.post(messages);
    },
    bookmark: (resourceVersion) => intake.post([{ kind: 'cursor', scope, resourceVersion }]),
  };
}

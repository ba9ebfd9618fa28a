/**
 * Owns the watch on Events: they carry no labels, so it takes every Event about a pod in its namespaces and keeps what tells a task anything.
 */
import { observePodEvent } from '../../observe/event.js';
import type { PodEvent } from '../../observe/event.js';
import { MalformedObjectError, object, string } from '../../observe/raw.js';
import { decodeJsonLine } from '../lines.js';
import type { WatchedKind, WatchedObject } from '../watched-kind.js';

/** The value of a watched Event; undefined when it tells no task anything. */
export type WatchedEvent = PodEvent | undefined;

const decodeItem = (item: unknown): WatchedObject<WatchedEvent> => {
  const event = object(item);
  const metadata = object(event['metadata']);
  const uid = string(metadata['uid']);
  const resourceVersion = string(metadata['resourceVersion']);
  if (uid === undefined || resourceVersion === undefined) throw new MalformedObjectError('Event', 'metadata');
  return { uid, resourceVersion, value: observePodEvent(event) };
};

export const eventKind: WatchedKind<WatchedEvent> = {
  name: 'events',
  path: '/api/v1/events',
  namespacedPath: (namespace) => `/api/v1/namespaces/${namespace}/events`,
  fieldSelector: 'involvedObject.kind=Pod',
  decodeLine: (line) => decodeJsonLine(line, decodeItem),
  decodeItem,
};

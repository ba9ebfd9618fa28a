/**
 * Owns the watch on Events: they carry no labels, so it takes every Event about a pod in its namespaces and keeps what tells a task anything.
 */
import { observePodEvent } from '../../observe/event.js';
import type { PodEvent } from '../../observe/event.js';
import { decodeLine, decodeObject } from '../lines.js';
import type { WatchedKind } from '../watched-kind.js';

/** The value of a watched Event; undefined when it tells no task anything. */
export type WatchedEvent = PodEvent | undefined;

export const eventKind: WatchedKind<WatchedEvent> = {
  name: 'events',
  path: '/api/v1/events',
  namespacedPath: (namespace) => `/api/v1/namespaces/${namespace}/events`,
  fieldSelector: 'involvedObject.kind=Pod',
  decodeLine: (line) => decodeLine(line, observePodEvent),
  decodeItem: (item) => decodeObject(item, observePodEvent),
};

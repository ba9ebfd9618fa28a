/**
 * Owns what the HTTP surface reads of committed state: nothing else of the system is seen from here.
 */
import type { CommittedState } from '../system/state.port.js';

export type ReadState = Pick<
  CommittedState,
  'clusters' | 'task' | 'taskArnOf' | 'tasks' | 'history' | 'services' | 'service' | 'serviceHistory' | 'onTransitions'
>;

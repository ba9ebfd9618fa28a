/**
 * Owns the contract of tasks on a real cluster.
 */
import { describe } from 'vitest';
import { HAS_CLUSTER, NO_CLUSTER, openCluster } from './cluster.js';
import { lifecycleSuite } from './lifecycle.js';

describe.skipIf(!HAS_CLUSTER)(`a task of a real cluster${HAS_CLUSTER ? '' : ` (${NO_CLUSTER})`}`, () => {
  lifecycleSuite(() => openCluster());
});

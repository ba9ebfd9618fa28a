/**
 * Owns the contract of services on a real cluster.
 */
import { describe } from 'vitest';
import { HAS_CLUSTER, NO_CLUSTER, openCluster } from './cluster.js';
import { servicesSuite } from './services.js';

describe.skipIf(!HAS_CLUSTER)(`a service of a real cluster${HAS_CLUSTER ? '' : ` (${NO_CLUSTER})`}`, () => {
  servicesSuite(() => openCluster());
});

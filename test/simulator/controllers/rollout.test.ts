import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  fenceposts,
  maxReplicasOf,
  maxUnavailableOf,
  newReplicaCount,
  scaleDownOld,
  wantedBy,
} from '../../../src/simulator/controllers/rollout.js';
import type { Deployment, IntOrPercent, ReplicaSet } from '../../../src/simulator/objects.js';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
const template = { spec: { containers: [] } };

function deployment(replicas: number, maxSurge: IntOrPercent, maxUnavailable: IntOrPercent): Deployment {
  const strategy = { type: 'RollingUpdate' as const, rollingUpdate: { maxSurge, maxUnavailable } };
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: meta('web'),
    spec: { replicas, selector: {}, template, strategy },
    status: {},
  };
}

function replicaSet(name: string, replicas: number, available: number): ReplicaSet {
  const status = { replicas, availableReplicas: available };
  return {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: meta(name),
    spec: { replicas, selector: {}, template },
    status,
  };
}

describe('bounds', () => {
  it.each([
    [10, '25%', '25%', 3, 2],
    [4, '25%', '25%', 1, 1],
    [3, '25%', '25%', 1, 0],
    [1, '25%', '25%', 1, 0],
    [3, 2, 1, 2, 1],
    [3, 0, 0, 0, 1],
    [2, '0%', '10%', 0, 1],
  ])(
    'of %i replicas with surge %s and unavailable %s are +%i and −%i',
    (replicas, surge, unavailable, above, below) => {
      expect(fenceposts(deployment(replicas, surge, unavailable))).toEqual({ maxSurge: above, maxUnavailable: below });
    },
  );
});

describe('every step of a rollout', () => {
  const percent = fc.integer({ min: 0, max: 100 }).map((value) => `${value}%`);
  const bound = fc.oneof(percent, fc.integer({ min: 0, max: 5 }));

  it('keeps the bounds, and some step is always possible until it is done', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), bound, bound, (replicas, surge, unavailable) => {
        const wanted = deployment(replicas, surge, unavailable);
        let old = replicaSet('old', replicas, replicas);
        let current = replicaSet('new', 0, 0);
        for (let step = 0; old.spec.replicas > 0 || current.spec.replicas < replicas; step++) {
          const count = newReplicaCount(wanted, [old, current], current.spec.replicas);
          const down = scaleDownOld(wanted, [old], current);
          const stuck =
            count === current.spec.replicas &&
            down.length === 0 &&
            current.status.availableReplicas === current.spec.replicas;
          expect(stuck, `stuck at step ${step}`).toBe(false);
          // One thing at a time, as the controller does; what is new becomes available in between.
          if (count !== current.spec.replicas)
            current = replicaSet('new', count, current.status.availableReplicas ?? 0);
          else if (down[0] !== undefined)
            old = replicaSet('old', down[0].replicas, Math.min(down[0].replicas, old.status.availableReplicas ?? 0));
          else current = replicaSet('new', current.spec.replicas, current.spec.replicas);
          const available = (old.status.availableReplicas ?? 0) + (current.status.availableReplicas ?? 0);
          expect(wantedBy([old, current])).toBeLessThanOrEqual(maxReplicasOf(wanted));
          expect(available).toBeGreaterThanOrEqual(replicas - maxUnavailableOf(wanted));
        }
      }),
    );
  });

  it('takes the pods first that are not available anyway', () => {
    const wanted = deployment(4, 1, 1);
    const broken = {
      ...replicaSet('broken', 2, 0),
      metadata: { ...meta('broken'), creationTimestamp: '2026-01-02T00:00:00Z' },
    };
    const steps = scaleDownOld(wanted, [replicaSet('good', 3, 3), broken], replicaSet('new', 0, 0));
    expect(steps.map(({ replicaSet: { metadata }, replicas }) => [metadata.name, replicas])).toEqual([['broken', 0]]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../src/simulator/objects.js';
import { NODES } from '../../../src/simulator/resources.js';
import { container, TestCluster } from '../cluster.js';

const requesting = (cpu: string, memory = '1Mi') => ({
  containers: [container('main', { resources: { requests: { cpu, memory } } })],
});
const nodeOf = ({ spec }: Pod) => spec.nodeName;
const why = ({ status }: Pod) => status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;

describe('placement', () => {
  it('spreads pods over the nodes', () => {
    const cluster = new TestCluster({ nodes: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) cluster.run(name, { containers: [container('main')] });
    cluster.wait(1);
    const nodes = cluster.pods().map(nodeOf).sort();
    expect(nodes).toEqual(['sim-node-1', 'sim-node-1', 'sim-node-2', 'sim-node-2', 'sim-node-3', 'sim-node-3']);
  });

  it('fills nodes to their capacity, says what is missing, and goes on when there is room', () => {
    const cluster = new TestCluster({
      nodes: 1,
      nodeCapacity: { cpu: '1', memory: '1Gi', pods: '3' },
      scripts: { main: { exitAfter: 20_000 } },
    });
    cluster.run('a', requesting('600m'));
    cluster.wait(1);
    cluster.run('b', requesting('600m', '2Gi'));
    cluster.run('c', requesting('500m'));
    cluster.wait(1);
    expect([nodeOf(cluster.pod('a')), why(cluster.pod('b')), why(cluster.pod('c'))]).toEqual([
      'sim-node-1',
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
      '0/1 nodes are available: 1 Insufficient cpu.',
    ]);
    // What has ended takes nothing any more.
    cluster.wait(25);
    expect(nodeOf(cluster.pod('c'))).toBe('sim-node-1');
    expect(nodeOf(cluster.pod('b'))).toBeUndefined();
  });

  it('counts pods too', () => {
    const cluster = new TestCluster({ nodes: 1, nodeCapacity: { pods: '1' } });
    cluster.run('a', { containers: [container('main')] });
    cluster.wait(1);
    cluster.run('b', { containers: [container('main')] });
    cluster.wait(1);
    expect(why(cluster.pod('b'))).toBe('0/1 nodes are available: 1 Too many pods.');
  });

  it('avoids nodes that are cordoned or tainted, unless that is tolerated', () => {
    const cluster = new TestCluster({ nodes: 2 });
    cluster.simulator.objects.patch(NODES, undefined, 'sim-node-1', { spec: { unschedulable: true } });
    cluster.simulator.objects.patch(NODES, undefined, 'sim-node-2', {
      spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
    });
    cluster.run('plain', { containers: [container('main')] });
    cluster.run('tolerant', {
      containers: [container('main')],
      tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
    });
    cluster.wait(1);
    expect(why(cluster.pod('plain'))).toBe(
      "0/2 nodes are available: 1 node(s) had taint {gpu: yes}, that the pod didn't tolerate, 1 node(s) were unschedulable.",
    );
    expect(nodeOf(cluster.pod('tolerant'))).toBe('sim-node-2');
    cluster.simulator.objects.patch(NODES, undefined, 'sim-node-1', { spec: { unschedulable: null } });
    cluster.wait(3);
    expect(nodeOf(cluster.pod('plain'))).toBe('sim-node-1');
  });

  it('minds node affinity', () => {
    const cluster = new TestCluster({ nodes: 2 });
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn' as const, values: ['sim-node-1'] }],
            },
          ],
        },
      },
    };
    for (const name of ['a', 'b', 'c']) cluster.run(name, { containers: [container('main')], affinity });
    cluster.wait(1);
    expect(cluster.pods().map(nodeOf)).toEqual(['sim-node-2', 'sim-node-2', 'sim-node-2']);
  });
});

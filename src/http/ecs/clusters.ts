/**
 * Owns ListClusters and DescribeClusters.
 */
import type { EcsJson, EcsObject } from '../../project/json.js';
import type { ClusterSummary } from '../../system/state.port.js';
import { DEFAULT_CLUSTER, lookUpCluster } from './identifiers.js';
import { enumSet, optionalInteger, optionalString, stringList } from './input.js';
import { PAGE_SIZE, missing } from './operation.js';
import type { OperationContext, Operations } from './operation.js';
import { pageOf } from './page.js';

/** Clusters that one DescribeClusters may ask for. */
const MOST_DESCRIBED = 100;

/** What `include` may name. None of it is known here: what it would add stays empty. */
const CLUSTER_FIELDS = ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'] as const;

/** The `Cluster` of DescribeClusters. KECS has no container instances, and what a cluster is configured with is not seen from its pods. */
const projectCluster = (cluster: ClusterSummary): EcsObject => ({
  clusterArn: cluster.clusterArn,
  clusterName: cluster.clusterName,
  status: 'ACTIVE',
  registeredContainerInstancesCount: 0,
  runningTasksCount: cluster.runningTasksCount,
  pendingTasksCount: cluster.pendingTasksCount,
  activeServicesCount: cluster.activeServicesCount,
  statistics: [],
  tags: [],
  settings: [],
  capacityProviders: [],
  defaultCapacityProviderStrategy: [],
});

export const clusterOperations = ({ state, here }: OperationContext): Operations => ({
  /** Clusters in the order of their ARNs. */
  ListClusters(input) {
    const size = optionalInteger(input, 'maxResults', PAGE_SIZE) ?? PAGE_SIZE.byDefault;
    const token = optionalString(input, 'nextToken');
    const { items, nextToken } = pageOf(state.clusters(), ({ clusterArn }) => [0, clusterArn], {
      scope: 'ListClusters',
      size,
      token,
    });
    const clusterArns = items.map(({ clusterArn }) => clusterArn);
    return nextToken === undefined ? { clusterArns } : { clusterArns, nextToken };
  },

  /** Each cluster once, in the order of the request. */
  DescribeClusters(input) {
    enumSet(input, 'include', CLUSTER_FIELDS);
    const named = stringList(input, 'clusters', { most: MOST_DESCRIBED, as: 'clusters' });
    const clusters = new Map<string, EcsJson>();
    const failures = new Map<string, EcsJson>();
    for (const value of named.length === 0 ? [DEFAULT_CLUSTER] : named) {
      const lookup = lookUpCluster(state, here, value);
      if (lookup.found === undefined) failures.set(lookup.clusterArn, missing(lookup.clusterArn));
      else clusters.set(lookup.found.clusterArn, projectCluster(lookup.found));
    }
    return { clusters: [...clusters.values()], failures: [...failures.values()] };
  },
});

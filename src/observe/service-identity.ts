/**
 * Owns who a service is in ECS: from its Deployment, its ReplicaSets or its pods, in either of KECS's label dialects.
 */
import type { ServiceIdentity } from '../../machines/service/service.types.js';
import { clusterArn, parseArn, serviceArn, serviceSeed } from './arn.js';
import type { ArnDefaults } from './arn.js';
import { launchTypeOf, namespaceParts } from './identity.js';
import { MalformedObjectError, object, string } from './raw.js';
import type { RawObject } from './raw.js';

/** The label selectors that find KECS's Deployments and ReplicaSets, one for each dialect. */
export const SERVICE_SELECTORS = {
  deployments: { kecs: 'kecs.dev/managed-by=kecs', taskSet: 'kecs.io/role=taskset' },
  replicasets: { kecs: 'kecs.dev/managed-by=kecs', taskSet: 'kecs.io/role=taskset-pod' },
} as const;

/**
 * The service whose Deployment or ReplicaSet this is; undefined when it is no service's (a RunTask pod has neither).
 *
 * @throws MalformedObjectError when it has no name, namespace or uid.
 */
export function observeServiceIdentity(
  kind: string,
  raw: RawObject,
  defaults: ArnDefaults,
): ServiceIdentity | undefined {
  const metadata = object(raw['metadata']);
  const labels = object(metadata['labels']);
  const annotations = object(metadata['annotations']);
  const namespace = string(metadata['namespace']);
  if (namespace === undefined) throw new MalformedObjectError(kind, 'metadata.namespace');
  const given = string(annotations['kecs.dev/service-arn']) ?? string(annotations['kecs.io/service-arn']);
  const named = parseArn(given);
  const serviceName =
    string(labels['kecs.dev/service']) ?? string(labels['kecs.io/service']) ?? named?.name.split('/').at(-1);
  if (serviceName === undefined) return undefined;
  const parts = namespaceParts(namespace);
  const where = {
    region: named?.region ?? parts.region ?? defaults.region,
    accountId: named?.accountId ?? defaults.accountId,
  };
  const clusterName = string(labels['kecs.dev/cluster']) ?? string(labels['kecs.io/cluster']) ?? parts.cluster;
  const arn = given ?? serviceArn(where, clusterName, serviceName);
  return {
    serviceArn: arn,
    serviceName,
    clusterArn: clusterArn(where, clusterName),
    clusterName,
    namespace,
    launchType: launchTypeOf(string(labels['kecs.dev/launch-type']) ?? string(annotations['kecs.io/launch-type'])),
    schedulingStrategy: annotations['kecs.dev/scheduling-strategy'] === 'DAEMON' ? 'DAEMON' : 'REPLICA',
    deploymentController: labels['kecs.io/taskset'] === undefined ? 'ECS' : 'EXTERNAL',
    seed: serviceSeed(arn),
  };
}

/**
 * Owns how a caller names a cluster, a task, a service or a container instance, and which one that is.
 * The messages are ECS's, as its users report them.
 *
 * A cluster is known while committed state lists it. ecstate has no list of clusters of its own: it sees tasks and services, not what
 * CreateCluster made, so an empty cluster is not found, as if it did not exist.
 */
import { clusterArn, parseArn, serviceArn, taskArn } from '../../observe/arn.js';
import type { ArnDefaults, ParsedArn } from '../../observe/arn.js';
import type { ClusterSummary } from '../../system/state.port.js';
import type { ReadState } from '../read-state.js';
import { HttpError, invalidParameter, quoted } from '../errors.js';

/** The cluster of a request that names none. */
export const DEFAULT_CLUSTER = 'default';

/** Lengths of the ids that ECS makes: 32 hexadecimal digits, or a UUID. */
const ID_LENGTHS = [32, 36];
const CLUSTER_NAME = /^[a-zA-Z0-9\-_]{1,255}$/;
const SERVICE_NAME = /^[a-zA-Z0-9\-_]{1,255}$/;

/** The parts of a value that is written as an ARN; undefined where it is a plain name or id. */
function partsOf(value: string, type: string): ParsedArn | undefined {
  if (!value.startsWith('arn:')) {
    if (value.includes('/') || value.includes(':'))
      throw invalidParameter('Invalid identifier: Unexpected number of separators');
    return undefined;
  }
  const parts = parseArn(value);
  if (parts === undefined) throw invalidParameter('Invalid identifier: Unexpected number of separators');
  if (parts.type !== type) throw invalidParameter(`Unsupported resource type: ${quoted(parts.type)}`);
  return parts;
}

/** The name and the id of `<cluster>/<rest>`, or of the old short form without a cluster. */
function clusterAndRest(parts: ParsedArn): { readonly cluster: string | undefined; readonly rest: string } {
  const [first = '', second, ...more] = parts.name.split('/');
  if (more.length > 0) throw invalidParameter('Invalid identifier: Unexpected number of separators');
  return second === undefined ? { cluster: undefined, rest: first } : { cluster: first, rest: second };
}

function requireCluster(named: string | undefined, cluster: ClusterSummary): void {
  if (named === undefined || named === cluster.clusterName) return;
  throw invalidParameter(
    `Invalid identifier: Identifier is for cluster ${quoted(named)}. Your cluster is ${cluster.clusterName}`,
  );
}

function requireIdLength(id: string, as: string): void {
  if (!ID_LENGTHS.includes(id.length))
    throw invalidParameter(`${as} length should be one of [${ID_LENGTHS.join(',')}]`);
}

/** What a caller named: a cluster that is known, or what the ARN of the one that is not would be. */
export type ClusterLookup =
  { readonly found: ClusterSummary } | { readonly found: undefined; readonly clusterArn: string };

/**
 * The cluster of this name or ARN. Where several accounts or regions have one of this name, the one at `here` comes first.
 *
 * @throws HttpError InvalidParameterException for what cannot name a cluster
 */
export function lookUpCluster(state: ReadState, here: ArnDefaults, value: string | undefined): ClusterLookup {
  const wanted = value === undefined || value === '' ? DEFAULT_CLUSTER : value;
  const parts = partsOf(wanted, 'cluster');
  const name = parts?.name ?? wanted;
  if (!CLUSTER_NAME.test(name))
    throw invalidParameter(`Cluster must match ${CLUSTER_NAME.source}, but was ${quoted(name)}`);
  const arn = parts === undefined ? clusterArn(here, name) : wanted;
  const clusters = state.clusters();
  const found =
    clusters.find((cluster) => cluster.clusterArn === arn) ??
    (parts === undefined ? clusters.find((cluster) => cluster.clusterName === name) : undefined);
  return found === undefined ? { found, clusterArn: arn } : { found };
}

/** @throws HttpError ClusterNotFoundException, InvalidParameterException */
export function requireKnownCluster(state: ReadState, here: ArnDefaults, value: string | undefined): ClusterSummary {
  const { found } = lookUpCluster(state, here, value);
  if (found === undefined) throw new HttpError('ClusterNotFoundException', 'Cluster not found.');
  return found;
}

/**
 * The full ARN of the task that `value` names in the cluster: an id, an ARN, or an ARN of the old form without the cluster's name.
 * Whether there is such a task is not said.
 *
 * @throws HttpError InvalidParameterException for what cannot name a task of this cluster
 */
export function taskArnIn(state: ReadState, cluster: ClusterSummary, value: string): string {
  const parts = partsOf(value, 'task');
  const { cluster: named, rest: id } =
    parts === undefined ? { cluster: undefined, rest: value } : clusterAndRest(parts);
  requireCluster(named, cluster);
  const known = state.taskArnOf(cluster.clusterArn, id);
  if (known === undefined) requireIdLength(id, 'taskId');
  const where = parseArn(cluster.clusterArn);
  // Of another account or region than the cluster: no task of it, whatever its id.
  if (parts !== undefined && (parts.accountId !== where?.accountId || parts.region !== where.region)) return value;
  return known ?? (where === undefined ? value : taskArn(where, cluster.clusterName, id));
}

/** What a caller named: the name of a service in the cluster, and what its full ARN is. Whether there is such a service is not said. */
export interface ServiceNaming {
  readonly name: string;
  readonly arn: string;
}

/**
 * The service that `value` names in the cluster: a name, an ARN, or an ARN of the old form without the cluster's name.
 *
 * @throws HttpError InvalidParameterException for what cannot name a service of this cluster
 */
export function serviceIn(cluster: ClusterSummary, value: string): ServiceNaming {
  const parts = partsOf(value, 'service');
  const { cluster: named, rest: name } =
    parts === undefined ? { cluster: undefined, rest: value } : clusterAndRest(parts);
  requireCluster(named, cluster);
  if (!SERVICE_NAME.test(name)) throw invalidParameter('Service Identifier is invalid');
  const where = parseArn(cluster.clusterArn);
  // Of another account or region than the cluster: no service of it, whatever its name.
  const isElsewhere = parts !== undefined && (parts.accountId !== where?.accountId || parts.region !== where.region);
  return { name, arn: where === undefined || isElsewhere ? value : serviceArn(where, cluster.clusterName, name) };
}

/** What an ARN of a service deployment or a service revision names: the service, and the digits of its rollout. */
export interface RolloutNaming {
  readonly serviceArn: string;
  readonly digits: string;
}

/**
 * The rollout that an ARN of this type names, `…:<type>/<cluster>/<service>/<digits>`. Whether there is such a rollout is not said.
 *
 * @throws HttpError InvalidParameterException for what is no such ARN
 */
export function rolloutOf(type: 'service-deployment' | 'service-revision', value: string): RolloutNaming {
  const parts = partsOf(value, type);
  if (parts === undefined) throw invalidParameter(`Invalid identifier: ${quoted(value)} is not the ARN of a ${type}`);
  const [cluster = '', service = '', digits, ...more] = parts.name.split('/');
  if (digits === undefined || more.length > 0)
    throw invalidParameter('Invalid identifier: Unexpected number of separators');
  return { serviceArn: serviceArn(parts, cluster, service), digits };
}

/**
 * The full ARN of the task set that `value` names, an id of this service or an ARN. Whether there is such a task set is not said.
 *
 * @throws HttpError InvalidParameterException for what cannot name a task set
 */
export const taskSetArnOf = (service: ServiceNaming, value: string): string =>
  partsOf(value, 'task-set') === undefined ? `${service.arn.replace(':service/', ':task-set/')}/${value}` : value;

/** @throws HttpError InvalidParameterException for what cannot name a container instance of this cluster */
export function requireContainerInstance(cluster: ClusterSummary, value: string): void {
  const parts = partsOf(value, 'container-instance');
  const { cluster: named, rest: id } =
    parts === undefined ? { cluster: undefined, rest: value } : clusterAndRest(parts);
  requireCluster(named, cluster);
  requireIdLength(id, 'containerInstanceId');
}

/**
 * Owns how a command's words become services: which clusters are meant, and which service a name is.
 */
import { ConfigurationError, FatalError } from '../../errors.js';
import type { EcsObject } from '../../project/json.js';
import { clusterName, taskNames, textOf } from './ecs-json.js';
import type { DescribedServices, SidecarClient } from './sidecar-client.js';
import { findTasks } from './tasks.js';

/** The services that are wanted, cluster by cluster, as ECS describes them. `cluster`: a name or an ARN; undefined: every one. */
export async function findServices(client: SidecarClient, cluster: string | undefined): Promise<DescribedServices> {
  const services: EcsObject[] = [];
  const failures: EcsObject[] = [];
  for (const one of cluster === undefined ? await client.clusterArns() : [cluster]) {
    const described = await client.describeServices(one, await client.serviceArns(one));
    services.push(...described.services);
    failures.push(...described.failures);
  }
  return { services, failures };
}

/** What ECS allows for a service's name. */
const SERVICE_NAME = /^[a-zA-Z0-9\-_]{1,255}$/;

/** Whether a service can be called this. */
export const isServiceName = (written: string): boolean => SERVICE_NAME.test(written);

/** `…:service/<cluster>/<name>` → the cluster's ARN; an ARN of the old form names none. */
function clusterOf(serviceArn: string): string | undefined {
  const { cluster, id: name } = taskNames(serviceArn);
  if (cluster === '') return undefined;
  return serviceArn.slice(0, -(name.length + 1)).replace(':service/', ':cluster/');
}

/** Every service of this name, in the cluster or in all of them, or the one of this ARN; also one that is being deleted, or was. */
export async function servicesNamed(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<readonly EcsObject[]> {
  const isArn = written.startsWith('arn:');
  if (!isArn && !isServiceName(written)) return [];
  const named = cluster ?? (isArn ? clusterOf(written) : undefined);
  const found: EcsObject[] = [];
  for (const one of named === undefined ? await client.clusterArns() : [named]) {
    found.push(...(await client.describeServices(one, [written])).services);
  }
  return found;
}

/** The error that says that several clusters have a service of this name. */
export function ambiguousService(written: string, services: readonly EcsObject[]): ConfigurationError {
  const clusters = services.map((service) => clusterName(textOf(service, 'clusterArn') ?? ''));
  return new ConfigurationError(
    'USAGE_INVALID',
    `${services.length} clusters have a service "${written}": ${clusters.join(', ')}. Say which with --cluster or an ARN.`,
  );
}

/**
 * The service of this name or ARN, as ECS describes it. A name is looked for in every cluster, or in `cluster`.
 *
 * @throws FatalError NOT_FOUND; ConfigurationError USAGE_INVALID when several clusters have a service of this name
 */
export async function resolveService(
  client: SidecarClient,
  written: string,
  cluster: string | undefined,
): Promise<EcsObject> {
  const [found, ...others] = await servicesNamed(client, written, cluster);
  if (found === undefined) {
    const where = cluster === undefined ? 'any cluster that is known' : `cluster ${clusterName(cluster)}`;
    throw new FatalError('NOT_FOUND', `No service is called "${written}" in ${where}. "ecstate services" lists them.`);
  }
  if (others.length > 0) throw ambiguousService(written, [found, ...others]);
  return found;
}

/** The service with this ARN, as ECS describes it now; undefined when it does not any more. */
export async function describeService(client: SidecarClient, serviceArn: string): Promise<EcsObject | undefined> {
  const { services } = await client.describeServices(clusterOf(serviceArn) ?? '', [serviceArn]);
  return services[0];
}

/** The tasks of a service, those that are wanted and those that stopped lately. */
export async function tasksOfService(client: SidecarClient, service: EcsObject): Promise<readonly EcsObject[]> {
  const { tasks } = await findTasks(client, {
    cluster: textOf(service, 'clusterArn'),
    desiredStatuses: ['RUNNING', 'STOPPED'],
    serviceName: textOf(service, 'serviceName'),
  });
  return tasks;
}

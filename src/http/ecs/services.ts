/**
 * Owns ListServices and DescribeServices.
 */
import { projectService } from '../../project/service.js';
import type { EcsJson } from '../../project/json.js';
import type { CommittedService } from '../../system/state.port.js';
import { invalidParameter } from '../errors.js';
import type { JsonObject } from '../body.js';
import { requireKnownCluster, serviceIn } from './identifiers.js';
import { enumSet, optionalEnum, optionalInteger, optionalString, stringList } from './input.js';
import { LAUNCH_TYPES, missing } from './operation.js';
import type { OperationContext, Operations } from './operation.js';
import { pageOf } from './page.js';

/** Services in one page of ListServices. */
const PAGE_SIZE = { least: 1, most: 100, byDefault: 10 } as const;

/** Services that one DescribeServices may ask for. */
const MOST_DESCRIBED = 10;

const SCHEDULING_STRATEGIES = ['REPLICA', 'DAEMON'] as const;
/** Who manages what a service runs on. KECS has none that ECS manages (Express Mode). */
const RESOURCE_MANAGEMENT_TYPES = ['CUSTOMER', 'ECS'] as const;

interface ServiceFilter {
  readonly launchType: (typeof LAUNCH_TYPES)[number] | undefined;
  readonly schedulingStrategy: (typeof SCHEDULING_STRATEGIES)[number] | undefined;
  readonly resourceManagementType: (typeof RESOURCE_MANAGEMENT_TYPES)[number] | undefined;
}

const readFilter = (input: JsonObject): ServiceFilter => ({
  launchType: optionalEnum(input, 'launchType', LAUNCH_TYPES),
  schedulingStrategy: optionalEnum(input, 'schedulingStrategy', SCHEDULING_STRATEGIES),
  resourceManagementType: optionalEnum(input, 'resourceManagementType', RESOURCE_MANAGEMENT_TYPES),
});

/** A service that is being deleted, or was, is described and not listed. */
const isListed = ({ status }: CommittedService): boolean => status === 'PENDING' || status === 'ACTIVE';

const matches = (filter: ServiceFilter, { context: { identity } }: CommittedService): boolean =>
  filter.resourceManagementType !== 'ECS' &&
  (filter.launchType === undefined || identity.launchType === filter.launchType) &&
  (filter.schedulingStrategy === undefined || identity.schedulingStrategy === filter.schedulingStrategy);

function* filtered(services: Iterable<CommittedService>, filter: ServiceFilter): Iterable<string> {
  for (const service of services) {
    if (isListed(service) && matches(filter, service)) yield service.context.identity.serviceArn;
  }
}

export const serviceOperations = ({ state, here }: OperationContext): Operations => ({
  /** Services in the order of their names. Filters combine. */
  ListServices(input) {
    const size = optionalInteger(input, 'maxResults', PAGE_SIZE) ?? PAGE_SIZE.byDefault;
    const token = optionalString(input, 'nextToken');
    const { clusterArn } = requireKnownCluster(state, here, optionalString(input, 'cluster'));
    const filter = readFilter(input);
    const scope = JSON.stringify(['ListServices', clusterArn, filter]);
    const services = filtered(state.services(clusterArn), filter);
    const { items, nextToken } = pageOf(services, (serviceArn) => [0, serviceArn], { scope, size, token });
    return nextToken === undefined ? { serviceArns: items } : { serviceArns: items, nextToken };
  },

  /** Each service once, in the order of the request. Nothing in the cluster tells a service's tags: asked for, they are an empty list. */
  DescribeServices(input) {
    const named = stringList(input, 'services', { most: MOST_DESCRIBED, as: 'services' });
    const include = enumSet(input, 'include', ['TAGS']);
    const clusterName = optionalString(input, 'cluster');
    if (named.length === 0) throw invalidParameter('Services cannot be empty.');
    const cluster = requireKnownCluster(state, here, clusterName);
    const services = new Map<string, EcsJson>();
    const failures = new Map<string, EcsJson>();
    for (const value of named) {
      const { arn } = serviceIn(cluster, value);
      const service = state.service(arn);
      if (service === undefined) failures.set(arn, missing(arn));
      else services.set(arn, { ...projectService(service), ...(include.has('TAGS') ? { tags: [] } : {}) });
    }
    return { services: [...services.values()], failures: [...failures.values()] };
  },
});

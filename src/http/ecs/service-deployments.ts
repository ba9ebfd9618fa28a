/**
 * Owns the reads of a service's rollouts in the newer form of the ECS API: ListServiceDeployments, DescribeServiceDeployments and
 * DescribeServiceRevisions. Each rollout is one service deployment and one service revision, both named by the digits of its deployment's id.
 */
import {
  projectServiceDeployment,
  projectServiceDeploymentBrief,
  projectServiceRevision,
  rolloutsOf,
} from '../../project/service.js';
import type { EcsJson, EcsObject } from '../../project/json.js';
import type { CommittedService } from '../../system/state.port.js';
import type { ReadState } from '../read-state.js';
import { HttpError, invalidParameter } from '../errors.js';
import type { JsonObject } from '../body.js';
import { requireKnownCluster, rolloutOf, serviceIn } from './identifiers.js';
import { enumSet, optionalInstant, optionalInteger, optionalObject, optionalString, stringList } from './input.js';
import { missing } from './operation.js';
import type { OperationContext, Operations } from './operation.js';
import { pageOf } from './page.js';

type Rollout = ReturnType<typeof rolloutsOf>[number];

/** Service deployments in one page of ListServiceDeployments. */
const PAGE_SIZE = { least: 1, most: 100, byDefault: 20 } as const;

/** Service deployments, or revisions, that one request may ask for. */
const MOST_DESCRIBED = 20;

const STATUSES = [
  'PENDING',
  'SUCCESSFUL',
  'STOPPED',
  'STOP_REQUESTED',
  'IN_PROGRESS',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
] as const;

interface RolloutFilter {
  readonly statuses: readonly string[];
  /** Epoch milliseconds, exclusive. */
  readonly after: number | undefined;
  readonly before: number | undefined;
}

function readFilter(input: JsonObject): RolloutFilter {
  const createdAt = optionalObject(input, 'createdAt') ?? {};
  return {
    statuses: [...enumSet(input, 'status', STATUSES)].sort(),
    after: optionalInstant(createdAt, 'after'),
    before: optionalInstant(createdAt, 'before'),
  };
}

const matches = ({ statuses, after, before }: RolloutFilter, { status, createdAt }: Rollout): boolean =>
  (statuses.length === 0 || statuses.includes(status)) &&
  (after === undefined || createdAt > after) &&
  (before === undefined || createdAt < before);

/** What is known of each rollout that is named; each once, in the order of the request. */
function describe(
  state: ReadState,
  arns: readonly string[],
  type: 'service-deployment' | 'service-revision',
  project: (service: CommittedService, rollout: Rollout) => EcsObject,
): { readonly found: readonly EcsJson[]; readonly failures: readonly EcsJson[] } {
  if (arns.length === 0) throw invalidParameter(`The ARN of at least one ${type} must be given.`);
  const found = new Map<string, EcsJson>();
  const failures = new Map<string, EcsJson>();
  for (const arn of arns) {
    const { serviceArn, digits } = rolloutOf(type, arn);
    const service = state.service(serviceArn);
    const rollout = service && rolloutsOf(service).find(({ id }) => id === `ecs-svc/${digits}`);
    if (service === undefined || rollout === undefined) failures.set(arn, missing(arn));
    else found.set(arn, project(service, rollout));
  }
  return { found: [...found.values()], failures: [...failures.values()] };
}

export const serviceDeploymentOperations = ({ state, here }: OperationContext): Operations => ({
  /** The rollouts of one service, from the newest to the oldest. */
  ListServiceDeployments(input) {
    const size = optionalInteger(input, 'maxResults', PAGE_SIZE) ?? PAGE_SIZE.byDefault;
    const token = optionalString(input, 'nextToken');
    const filter = readFilter(input);
    const named = optionalString(input, 'service') ?? '';
    if (named === '') throw invalidParameter('Service cannot be empty.');
    const { arn } = serviceIn(requireKnownCluster(state, here, optionalString(input, 'cluster')), named);
    const service = state.service(arn);
    if (service === undefined) throw new HttpError('ServiceNotFoundException', 'Service not found.');
    const { items, nextToken } = pageOf(
      rolloutsOf(service).filter((rollout) => matches(filter, rollout)),
      ({ createdAt, id }) => [-createdAt, id],
      { scope: JSON.stringify(['ListServiceDeployments', arn, filter]), size, token },
    );
    const serviceDeployments = items.map((rollout) => projectServiceDeploymentBrief(service, rollout));
    return nextToken === undefined ? { serviceDeployments } : { serviceDeployments, nextToken };
  },

  DescribeServiceDeployments(input) {
    const arns = stringList(input, 'serviceDeploymentArns', { most: MOST_DESCRIBED, as: 'serviceDeploymentArns' });
    const { found, failures } = describe(state, arns, 'service-deployment', projectServiceDeployment);
    return { serviceDeployments: found, failures };
  },

  DescribeServiceRevisions(input) {
    const arns = stringList(input, 'serviceRevisionArns', { most: MOST_DESCRIBED, as: 'serviceRevisionArns' });
    const { found, failures } = describe(state, arns, 'service-revision', projectServiceRevision);
    return { serviceRevisions: found, failures };
  },
});

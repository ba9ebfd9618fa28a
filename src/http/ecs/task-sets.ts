/**
 * Owns DescribeTaskSets.
 */
import { projectTaskSets } from '../../project/service.js';
import type { EcsObject } from '../../project/json.js';
import { HttpError, invalidParameter } from '../errors.js';
import { requireKnownCluster, serviceIn, taskSetArnOf } from './identifiers.js';
import { enumSet, optionalString, stringList } from './input.js';
import { missing } from './operation.js';
import type { OperationContext, Operations } from './operation.js';

export const taskSetOperations = ({ state, here }: OperationContext): Operations => ({
  /** Each task set once, in the order of the request; all of the service's where none is named. A service that KECS itself rolls out has none. */
  DescribeTaskSets(input) {
    const named = stringList(input, 'taskSets', undefined);
    enumSet(input, 'include', ['TAGS']);
    const serviceName = optionalString(input, 'service') ?? '';
    if (serviceName === '') throw invalidParameter('Service cannot be empty.');
    const cluster = requireKnownCluster(state, here, optionalString(input, 'cluster'));
    const naming = serviceIn(cluster, serviceName);
    const service = state.service(naming.arn);
    if (service === undefined) throw new HttpError('ServiceNotFoundException', 'Service not found.');
    const known = new Map(projectTaskSets(service.context).map((taskSet) => [taskSet['taskSetArn'], taskSet]));
    if (named.length === 0) return { taskSets: [...known.values()], failures: [] };
    const taskSets: EcsObject[] = [];
    const failures: EcsObject[] = [];
    for (const arn of new Set(named.map((value) => taskSetArnOf(naming, value)))) {
      const taskSet = known.get(arn);
      if (taskSet === undefined) failures.push(missing(arn));
      else taskSets.push(taskSet);
    }
    return { taskSets, failures };
  },
});

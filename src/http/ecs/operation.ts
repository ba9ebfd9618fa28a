/**
 * Owns what an operation of the ECS API is that ecstate answers itself.
 */
import type { ArnDefaults } from '../../observe/arn.js';
import type { EcsObject } from '../../project/json.js';
import type { ReadState } from '../read-state.js';
import type { JsonObject } from '../body.js';
import type { OperationName } from './operation-names.js';

/** Answers one operation. What it throws as an HttpError is the operation's typed error. */
type Operation = (input: JsonObject) => EcsObject | Promise<EcsObject>;

/** The operations answered here, by name. */
export type Operations = { readonly [name in OperationName]?: Operation };

/** What operations read, and where ARNs are made that nothing in the cluster names. */
export interface OperationContext {
  readonly state: ReadState;
  readonly here: ArnDefaults;
}

/** Items in one page of a list: at least, at most, and when the caller does not say. */
export const PAGE_SIZE = { least: 1, most: 100, byDefault: 100 } as const;

/** The launch types by which lists may be narrowed. */
export const LAUNCH_TYPES = ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES'] as const;

/** What a Describe operation says of something that it was asked for and does not know. */
export const missing = (arn: string): EcsObject => ({ arn, reason: 'MISSING' });

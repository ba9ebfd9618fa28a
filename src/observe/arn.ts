/**
 * Owns ARNs: their parts, how they are made, and the ids that ecstate derives where KECS gives none.
 */
import { sha256 } from './hash.js';

/** Where ARNs are made when nothing in the cluster names an account or a region. */
export interface ArnDefaults {
  readonly region: string;
  readonly accountId: string;
}

export interface ParsedArn {
  readonly region: string;
  readonly accountId: string;
  /** `task`, `service`, `cluster`, `task-definition`, … */
  readonly type: string;
  /** What follows the type: `cluster/id`, `name`, `family:1`. */
  readonly name: string;
}

const ARN = /^arn:[^:]+:ecs:([^:]+):([^:]+):([^/]+)\/(.+)$/;

/** The parts of an ECS ARN; undefined for anything else. */
export function parseArn(value: string | undefined): ParsedArn | undefined {
  const match = value === undefined ? null : ARN.exec(value);
  if (match === null) return undefined;
  const [, region = '', accountId = '', type = '', name = ''] = match;
  return { region, accountId, type, name };
}

const prefix = (where: ArnDefaults): string => `arn:aws:ecs:${where.region}:${where.accountId}`;

export const clusterArn = (where: ArnDefaults, cluster: string): string => `${prefix(where)}:cluster/${cluster}`;
export const taskArn = (where: ArnDefaults, cluster: string, taskId: string): string =>
  `${prefix(where)}:task/${cluster}/${taskId}`;
export const serviceArn = (where: ArnDefaults, cluster: string, service: string): string =>
  `${prefix(where)}:service/${cluster}/${service}`;
export const taskDefinitionArn = (where: ArnDefaults, family: string, revision: string): string =>
  `${prefix(where)}:task-definition/${family}:${revision}`;
export const containerArn = (where: ArnDefaults, cluster: string, taskId: string, id: string): string =>
  `${prefix(where)}:container/${cluster}/${taskId}/${id}`;

/** KECS's own rule (GenerateTaskIDFromString) for a pod that its webhook did not label: 32 hex digits of the name's hash. */
export const taskIdFromPodName = (podName: string): string => sha256(podName).subarray(0, 16).toString('hex');

/** A UUID that is always the same for the same words: ids of containers and attachments must survive a restart. */
export function stableUuid(...words: readonly string[]): string {
  const hex = sha256(words.join('\u0000')).subarray(0, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** `eni-` and 17 hex digits, as EC2 writes them. */
export const stableNetworkInterfaceId = (podUid: string): string =>
  `eni-${sha256(podUid).toString('hex').slice(0, 17)}`;

/** A number of 18 digits that is always the same for the same service: the ids of its deployments are counted from it. */
export const serviceSeed = (arn: string): string => String(sha256(arn).readBigUInt64BE() % 1_000_000_000_000_000_000n);

/**
 * Owns the reading of JSON that came over the network: what is asked for is there and of its type, or it is absent.
 */
import type { EcsObject } from '../../project/json.js';

export const isObject = (value: unknown): value is EcsObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function textOf(object: EcsObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(object: EcsObject, key: string): number | undefined {
  const value = object[key];
  return typeof value === 'number' ? value : undefined;
}

/** Epoch milliseconds of a member that is in epoch seconds, as all of ECS's are. */
export function instantOf(object: EcsObject, key: string): number | undefined {
  const seconds = numberOf(object, key);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

/** The objects in a list; none when there is no list. */
export function objectsOf(object: EcsObject, key: string): readonly EcsObject[] {
  const value: unknown = object[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textsOf(object: EcsObject, key: string): readonly string[] {
  const value: unknown = object[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The names in a task's ARN: `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>`. */
export function taskNames(taskArn: string): { readonly cluster: string; readonly id: string } {
  const parts = taskArn.split('/');
  return { cluster: parts.length > 2 ? (parts[1] ?? '') : '', id: parts.at(-1) ?? taskArn };
}

export const clusterName = (clusterArn: string): string => clusterArn.slice(clusterArn.lastIndexOf('/') + 1);

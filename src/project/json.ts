/**
 * Owns the plain values of the ECS API: JSON without nulls, times as epoch seconds with milliseconds as the fraction.
 */
import type { EpochMs } from '../../machines/task/task.types.js';

/** A value of the ECS API's JSON. */
export type EcsJson = string | number | boolean | readonly EcsJson[] | { readonly [key: string]: EcsJson };
export type EcsObject = { readonly [key: string]: EcsJson };

/** Leaves out every property that has no value: absent members are omitted, never null. */
export function present(properties: { readonly [key: string]: EcsJson | undefined }): EcsObject {
  const kept: { [key: string]: EcsJson } = {};
  for (const [key, value] of Object.entries(properties)) if (value !== undefined) kept[key] = value;
  return kept;
}

/** Epoch seconds. */
export const seconds = (at: EpochMs): number => at / 1000;
export const secondsIf = (at: EpochMs | undefined): number | undefined => (at === undefined ? undefined : seconds(at));

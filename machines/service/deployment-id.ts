/**
 * Owns the ids of deployments (S3).
 */
import type { EpochMs } from '../task/task.types.js';

/** Ids have 19 digits: 10¹⁸ of them are counted from a service's own place, in steps that visit each once. */
const FIRST_ID = 1_000_000_000_000_000_000n;
const IDS = 8_000_000_000_000_000_000n;
/** Odd, and no multiple of five: coprime to {@link IDS}. The golden ratio's, so that neighbours lie far apart. */
const STEP = 4_944_271_909_999_158_787n;

/** More rollouts than a service has in one millisecond of its life. */
const ROLLOUTS = 1_000n;

/** `ecs-svc/<19 digits>`, unique a rollout, the same for the same seed, birth and count (S3); a service made again has ids of its own. */
export const deploymentIdOf = (seed: string, born: EpochMs, count: number): string =>
  `ecs-svc/${FIRST_ID + ((BigInt(seed) + STEP * (BigInt(born) * ROLLOUTS + BigInt(count))) % IDS)}`;

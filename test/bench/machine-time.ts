/**
 * Owns the clock that all processes of one machine share.
 */

/** CLOCK_MONOTONIC, in milliseconds with fractions: comparable between processes of one machine, and with nothing else. */
export const machineTime = (): number => Number(process.hrtime.bigint()) / 1e6;

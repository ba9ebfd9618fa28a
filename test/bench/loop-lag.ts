/**
 * Owns the measuring of the event loop's lag: how much later than asked a timer of one millisecond comes.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two looks; perf_hooks counts it into each delay, so it is taken off. */
const RESOLUTION = 1;

/** Lag of the event loop, in milliseconds. */
export interface LoopLag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Begins to measure; call what it returns to end. */
export function measureLoopLag(): () => LoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return () => {
    histogram.disable();
    return { p50: lag(histogram.percentile(50)), p99: lag(histogram.percentile(99)), max: lag(histogram.max) };
  };
}

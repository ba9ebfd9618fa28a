/** Owns how instants and durations are written: RFC 3339 as Kubernetes has it, Go's durations, and kubectl's ages. */

/** An instant with whole seconds, as `metav1.Time` is written: `2026-11-23T04:08:00Z`. */
export function toTimestamp(epochMilliseconds: number): string {
  const second = Math.floor(epochMilliseconds / 1000);
  // Most instants that are written are of the present second.
  if (second !== latest.second) latest = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

let latest = { second: Number.NaN, text: '' };

/** An instant with six digits, as `metav1.MicroTime` is written: `2026-11-23T04:08:00.825419Z`. */
export function toMicroTimestamp(epochMilliseconds: number, microseconds = 0): string {
  return `${new Date(epochMilliseconds).toISOString().slice(0, 23)}${String(microseconds).padStart(3, '0')}Z`;
}

/** Epoch milliseconds of a timestamp, 0 where there is none. */
export function fromTimestamp(timestamp: string | null | undefined): number {
  return timestamp === null || timestamp === undefined ? 0 : Date.parse(timestamp);
}

/** A duration as Go writes it: `42.231318ms`, `1.5s`, `2m40s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds < 1000) return `${trimFraction(milliseconds, 6)}ms`;
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = trimFraction((milliseconds % 60_000) / 1000, 9);
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

function trimFraction(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '');
}

/** An age as kubectl shows it: `45s`, `3m12s`, `5h`, `2d4h`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  return `${Math.floor(days / 365)}y`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value}${unit}` : `${value}${unit}${rest}${restUnit}`;
}

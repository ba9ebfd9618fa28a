/**
 * Owns the order of resourceVersions. Kubernetes gave them out as opaque for years; every server's are decimal numbers of one
 * counter, which newer documentation promises. Where they are not, no order is claimed.
 */

const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Negative when `a` is the older, positive when it is the newer, 0 when equal; `undefined` when the two cannot be ordered.
 * Compares as text, since the counter may outgrow what a number holds exactly.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** The newer of the two; `next` where they cannot be ordered. */
export function newerResourceVersion(current: string, next: string): string {
  const order = compareResourceVersions(next, current);
  return order !== undefined && order < 0 ? current : next;
}

/**
 * Owns how times, durations, ids and foreign text are written for people. Instants are UTC, as in Kubernetes' and ECS's own output.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in its two largest units: `42s`, `3m12s`, `5h`, `2d7h`. Less than nothing is nothing. */
export function formatAge(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  const pair = (unit: number, name: string, below: number, belowName: string): string => {
    const rest = Math.floor((length % unit) / below);
    return `${Math.floor(length / unit)}${name}${rest === 0 ? '' : `${rest}${belowName}`}`;
  };
  if (length >= DAY) return pair(DAY, 'd', HOUR, 'h');
  if (length >= HOUR) return pair(HOUR, 'h', MINUTE, 'm');
  if (length >= MINUTE) return pair(MINUTE, 'm', SECOND, 's');
  return `${Math.floor(length / SECOND)}s`;
}

/** The same, exact below ten seconds: `15ms`, `1.7s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.max(0, Math.round(milliseconds))}ms`;
  if (milliseconds < 10 * SECOND) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)}s`;
  return formatAge(milliseconds);
}

/** `2026-11-23 04:34:13Z` */
export const formatInstant = (epochMs: number): string =>
  `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** `2026-11-23 04:34:13.008` */
export const formatExactInstant = (epochMs: number): string =>
  new Date(epochMs).toISOString().slice(0, 23).replace('T', ' ');

/** `04:34:13.008` */
export const formatTimeOfDay = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 23);

/** As long as Docker's short ids: two of ten thousand tasks share so many digits once in millions of times. */
const SHORT_ID_LENGTH = 12;

export const shortId = (id: string): string => id.slice(0, SHORT_ID_LENGTH);

// Control characters, and the marks that turn the direction of writing: a container's message must not move the cursor or lie about itself.
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const UNPRINTABLE = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]+/g;

/** Text from elsewhere, fit for one line of a terminal. */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, ' ').trim();

/** At most `width` characters; what is cut off is shown by an ellipsis. */
export function truncate(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 1 ? text.slice(0, Math.max(0, width)) : `${text.slice(0, width - 1).trimEnd()}…`;
}

/** The text in lines of at most `width` characters, broken at spaces, and within a word only where it is longer than a line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length <= width) {
      line = `${line} ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = rest;
  }
  return [...lines, line];
}

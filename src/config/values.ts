/**
 * Owns the forms that a setting's value may have: text in, value out. Each is a parser and the words for what it takes.
 */

/** A form of values. `parse` gives undefined for text that is not of it. */
export interface ValueForm<Value> {
  /** For an error message, after "give": `a duration such as 90s, 15m, 1h or 7d`. */
  readonly takes: string;
  readonly parse: (text: string) => Value | undefined;
}

/** Where a server listens. An IPv6 host is kept without its brackets. Port 0: any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;
const LISTEN = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/;

export const listenAddress: ValueForm<ListenAddress> = {
  takes: 'host:port, such as 127.0.0.1:5380, 0.0.0.0:5380 or [::1]:5380 (port 0: any free one)',
  parse: (text) => {
    const [, bracketed, plain, digits] = LISTEN.exec(text) ?? [];
    const host = bracketed ?? plain;
    const port = Number(digits);
    return host === undefined || port > MAX_PORT ? undefined : { host, port };
  },
};

/** Milliseconds of each unit. */
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,9})([smhd])$/;
/** In milliseconds: ten years. What is longer is more likely a slip than a wish. */
export const MAX_DURATION = 3_650 * UNITS.d;

/** A length of time, in milliseconds. */
export const duration: ValueForm<number> = {
  takes: 'a duration of whole seconds, minutes, hours or days, such as 90s, 15m, 1h or 7d, from 1s to 3650d',
  parse: (text) => {
    const [, digits, unit] = DURATION.exec(text) ?? [];
    if (unit === undefined) return undefined;
    // The pattern admits no other unit.
    const milliseconds = Number(digits) * UNITS[unit as keyof typeof UNITS];
    return milliseconds > 0 && milliseconds <= MAX_DURATION ? milliseconds : undefined;
  },
};

/** One of these words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueForm<Word> {
  return {
    takes: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text),
  };
}

/** RFC 1123 label, which a namespace's name must be. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names of namespaces, each once. */
export const namespaceNames: ValueForm<readonly string[]> = {
  takes: 'names of namespaces, separated by commas: lower-case letters, digits and hyphens, at most 63 of them each',
  parse: (text) => {
    const names = text.split(',').map((name) => name.trim());
    return names.every((name) => NAMESPACE.test(name)) ? [...new Set(names)] : undefined;
  },
};

const matching = (pattern: RegExp, takes: string): ValueForm<string> => ({
  takes,
  parse: (text) => (pattern.test(text) ? text : undefined),
});

export const regionName = matching(
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
  "a region's name in lower-case letters, digits and hyphens, such as us-east-1",
);

export const accountNumber = matching(/^\d{12}$/, "an account's 12 digits, such as 000000000000");

/** Any text but none. */
export const nonEmpty = (takes: string): ValueForm<string> => matching(/\S/, takes);

/** An address to send requests to, without a slash at its end. */
export const serverUrl: ValueForm<string> = {
  takes: 'an http or https address, such as http://127.0.0.1:5380',
  parse: (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
      return undefined;
    }
    return url.href.replace(/\/+$/, '');
  },
};

/** A seed is a 32-bit number, as the simulator's generator takes it. */
const MAX_SEED = 2 ** 32 - 1;

export const seedNumber: ValueForm<number> = {
  takes: `a whole number from 0 to ${MAX_SEED}`,
  parse: (text) => (/^\d{1,10}$/.test(text) && Number(text) <= MAX_SEED ? Number(text) : undefined),
};

/** Beyond this the event loop has no time left for anything but the simulated cluster. */
const MAX_SPEED = 1_000;

/** How many times faster than life. */
export const speedFactor: ValueForm<number> = {
  takes: `a number from 0.1 to ${MAX_SPEED}`,
  parse: (text) => {
    if (!/^\d{1,4}(\.\d{1,3})?$/.test(text)) return undefined;
    const factor = Number(text);
    return factor >= 0.1 && factor <= MAX_SPEED ? factor : undefined;
  },
};

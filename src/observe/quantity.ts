/**
 * Owns Kubernetes quantities ("250m", "512Mi") and their ECS forms: CPU units and MiB, as strings.
 */

/** Suffixes of apimachinery's resource.Quantity. */
const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** ECS counts 1024 CPU units to a core. */
const CPU_UNITS_PER_CORE = 1024;
const BYTES_PER_MIB = 2 ** 20;

/** The number that a quantity stands for; undefined when it is none. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(value);
  if (match === null) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = match;
  const quantity = Number(`${digits}${exponent}`) * (SUFFIXES[suffix] ?? 1);
  return Number.isFinite(quantity) ? quantity : undefined;
}

/** CPU as ECS's units, e.g. `"256"` for 250m. */
export function cpuUnits(value: unknown): string | undefined {
  const cores = parseQuantity(value);
  return cores === undefined ? undefined : String(Math.round(cores * CPU_UNITS_PER_CORE));
}

/** Memory in MiB, e.g. `"512"`; rounded up, since ECS has no smaller unit. */
export function memoryMib(value: unknown): string | undefined {
  const bytes = parseQuantity(value);
  return bytes === undefined ? undefined : String(Math.ceil(bytes / BYTES_PER_MIB));
}

/**
 * Owns the process in which one thing is measured: `probe.js <name> <input as JSON>`, a fresh one each time. Its figures go to the parent.
 */
import { api } from './probes/api.js';
import { lag } from './probes/lag.js';
import { cold, restart, stopped } from './probes/population.js';
import { throughput } from './probes/throughput.js';

const probes = { api, lag, cold, restart, stopped, throughput };

export type Probes = typeof probes;
export type ProbeName = keyof Probes;

const [name = '', input = '{}'] = process.argv.slice(2);
const probe = probes[name as ProbeName] as (input: unknown) => Promise<unknown>; // processes.ts, which started this, typed both
process.send?.({ figures: await probe(JSON.parse(input)) });
process.disconnect();

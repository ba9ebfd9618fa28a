/**
 * Owns `npm run bench`: which measurements run, at which size, and how their figures are shown. See README.md.
 *
 *     npm run bench -- [--quick] [--only throughput,lag,population,api] [--json] [--profiles <directory>]
 */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FULL, MEASUREMENTS, QUICK } from './measurements.js';
import type { MeasurementName } from './measurements.js';
import { renderSection, sectionJson } from './report.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    profiles: { type: 'string' },
  },
});

const known = Object.keys(MEASUREMENTS) as MeasurementName[]; // an object's keys, which TypeScript widens to strings
const wanted = values.only.flatMap((names) => names.split(','));
for (const name of wanted) {
  if (!known.some((candidate) => candidate === name)) {
    process.stderr.write(`There is no measurement "${name}"; there are: ${known.join(', ')}.\n`);
    process.exit(2);
  }
}

const machine = {
  date: new Date().toISOString(),
  node: process.version,
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
};
const surroundings = {
  recordings: join(process.cwd(), 'test/recordings'),
  ...(values.profiles !== undefined && { profiles: values.profiles }),
};
if (!values.json)
  process.stdout.write(
    `${machine.date}, Node ${machine.node}, ${machine.cpus} × ${machine.model}\nratio = value ÷ floor, of the same run\n`,
  );

const sections: object[] = [];
for (const name of known) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const begun = performance.now();
  const section = await MEASUREMENTS[name](values.quick ? QUICK : FULL, surroundings);
  sections.push(sectionJson(section));
  if (!values.json)
    process.stdout.write(`\n${renderSection(section)}\n  took ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine, quick: values.quick, sections }, undefined, 2)}\n`);

/**
 * Owns CPU profiles of what is measured, and of nothing around it, in the form that Chrome DevTools and VS Code open.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

/** Between two samples, in microseconds. */
const INTERVAL = 250;

/** Does the work; when there is a directory to leave it in, under a profile `<name>-<pid>-<number>.cpuprofile`. */
export async function profiled<Result>(
  directory: string | undefined,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  if (directory === undefined) return work();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL });
  await session.post('Profiler.start');
  try {
    return await work();
  } finally {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `${name}-${process.pid}-${number}.cpuprofile`), JSON.stringify(profile));
    number += 1;
  }
}

let number = 0;

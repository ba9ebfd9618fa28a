/**
 * Owns the processes of a measurement: the feeder, and one probe after the other.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProbeName, Probes } from './probe.js';
import type { ProbeInput, Surroundings } from './surroundings.js';

type Input<Name extends ProbeName> = Omit<Parameters<Probes[Name]>[0], keyof ProbeInput>;
type Figures<Name extends ProbeName> = Awaited<ReturnType<Probes[Name]>>;

/** Runs a probe in a process of its own; gives back its figures. */
type RunProbe = <Name extends ProbeName>(name: Name, input: Input<Name>) => Promise<Figures<Name>>;

/** A feeder, and the probes that talk to it and share one data directory; both end with `work`. */
export async function withFeeder<Result>(
  surroundings: Surroundings,
  work: (run: RunProbe, feeder: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'ecstate-bench-'));
  const child = start('./feeder.js', [surroundings.recordings], []);
  try {
    const { url } = await messageOf<{ readonly url: string }>(child, 'feeder');
    const run: RunProbe = async <Name extends ProbeName>(name: Name, input: Input<Name>): Promise<Figures<Name>> => {
      const common: ProbeInput = { feeder: url, directory: join(directory, 'data'), ...surroundings };
      const probe = start('./probe.js', [name, JSON.stringify({ ...common, ...input })], ['--expose-gc']);
      const ended = once(probe, 'exit');
      const { figures } = await messageOf<{ readonly figures: Figures<Name> }>(probe, name);
      await ended;
      return figures;
    };
    return await work(run, url);
  } finally {
    child.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

function start(script: string, args: readonly string[], execArgv: readonly string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.resolve(script)), [...args], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** The one message of a child, which is of the form that its own file says. */
function messageOf<Message>(child: ChildProcess, name: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Message)); // see above
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the process ${name} ended (${code ?? signal}) before it answered`)),
    );
  });
}

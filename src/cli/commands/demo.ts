/**
 * Owns `ecstate demo`: a sidecar on an embedded cluster whose sample workload keeps moving, and what to try on it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import type { Settings } from '../../config/settings.js';
import type { CommandContext, Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { interruption, type Interruption } from '../interruption.js';
import { addExamples, addSettings, settingsOf, type SettingsUse } from '../options.js';
import { demoGuide, firstTask } from './demo-guide.js';
import { SIDECAR_SETTINGS, runSidecar, sidecarOptions } from './sidecar.js';

const NAMES = ['seed', 'speed', ...SIDECAR_SETTINGS] as const;
const SETTINGS_USE = {
  names: NAMES,
  defaults: { logLevel: 'warn' },
  // The store of a real cluster, which a variable or a file may name, is no place for what the demo makes up.
  flagOnly: { dataDir: 'a temporary one, removed at the end' },
  file: true,
} as const satisfies SettingsUse<(typeof NAMES)[number]>;

/** Readable by its owner alone, as kubectl wants a kubeconfig to be. */
const KUBECONFIG_MODE = 0o600;

export function addDemo(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .summary('run one on an embedded cluster whose tasks come and go')
    .description('try it without a cluster: one inside, with a sample workload that keeps moving, and a sidecar on it')
    .action(context.action((flags: Flags) => demo(flags, context)));
  addSettings(command, SETTINGS_USE);
  addExamples(command, [
    ['demo', 'prints what to try on it; Ctrl-C ends it'],
    ['demo --speed 10 --seed 7', 'another story, ten times as fast'],
    ['demo --listen 127.0.0.1:0 --semantics aws', 'at any free port, read as Amazon ECS would have it'],
  ]);
}

async function demo(flags: Flags, { io, dependencies }: CommandContext): Promise<ExitCode> {
  const settings = settingsOf(SETTINGS_USE, flags, io.env);
  const named = typeof flags['dataDir'] === 'string' ? flags['dataDir'] : undefined;
  const interrupted = interruption(io);
  const directory = named ?? (await mkdtemp(path.join(tmpdir(), 'ecstate-demo-')));
  try {
    await runDemo({ ...settings, dataDir: directory }, { io, dependencies, interrupted });
  } finally {
    interrupted.dispose();
    if (named === undefined) await rm(directory, { recursive: true, force: true });
  }
  return EXIT_CODES.ok.code;
}

async function runDemo(
  settings: Pick<Settings, (typeof NAMES)[number]>,
  parts: Pick<CommandContext, 'io' | 'dependencies'> & { readonly interrupted: Interruption },
): Promise<void> {
  const { io, dependencies, interrupted } = parts;
  const { seed, speed, dataDir, logLevel, region, accountId } = settings;
  const cluster = await dependencies.startEmbeddedCluster({ seed, speed, region, accountId });
  await runSidecar({
    cluster,
    options: sidecarOptions(settings, io.clock),
    logger: dependencies.createLogger(logLevel),
    interruption: interrupted,
    whenReady: async ({ url, state }) => {
      const kubeconfig = path.join(dataDir, 'kubeconfig');
      await writeFile(kubeconfig, cluster.kubeconfig, { mode: KUBECONFIG_MODE });
      const task = await firstTask(state, io.clock, interrupted.signal);
      const [clusterSummary] = state.clusters();
      const names = { url, kubeconfig, region, cluster: clusterSummary?.clusterName ?? 'default', task };
      io.stdout.write(demoGuide(names, io));
    },
  });
  io.stdout.write('The demo has ended.\n');
}

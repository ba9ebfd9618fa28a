/**
 * Owns `ecstate serve`: a sidecar on a real cluster, until a signal.
 */
import type { Command } from 'commander';
import type { CommandContext, Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { interruption } from '../interruption.js';
import { addExamples, addSettings, settingsOf, type SettingsUse } from '../options.js';
import { SIDECAR_SETTINGS, runSidecar, sidecarOptions } from './sidecar.js';

const NAMES = ['kubeconfig', 'context', ...SIDECAR_SETTINGS] as const;
const SETTINGS_USE = { names: NAMES, file: true } as const satisfies SettingsUse<(typeof NAMES)[number]>;

export function addServe(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .summary('run one on a Kubernetes cluster')
    .description(
      'run the sidecar on a cluster: --kubeconfig, else KUBECONFIG, else ~/.kube/config, else the cluster of the pod that it runs in',
    )
    .action(context.action((flags: Flags) => serve(flags, context)));
  addSettings(command, SETTINGS_USE);
  addExamples(command, [
    ['serve', 'the cluster that kubectl would use'],
    ['serve --context kind-kecs --namespaces default-us-east-1', 'one namespace of a named one'],
    ['serve --listen 0.0.0.0:5380 --data-dir /var/lib/ecstate', 'in a container'],
    ['serve --config ecstate.json', 'with settings from a file, such as {"retention": "2h"}'],
  ]);
}

async function serve(flags: Flags, { io, dependencies }: CommandContext): Promise<ExitCode> {
  const settings = settingsOf(SETTINGS_USE, flags, io.env);
  const interrupted = interruption(io);
  try {
    const { kubeconfig, context, logLevel } = settings;
    const cluster = await dependencies.connect({ kubeconfig, context, env: io.env, clock: io.clock });
    await runSidecar({
      cluster,
      options: sidecarOptions(settings, io.clock),
      logger: dependencies.createLogger(logLevel),
      interruption: interrupted,
      whenReady: ({ url }) => io.stdout.write(`ecstate is ready at ${url} (cluster: ${cluster.source})\n`),
    });
  } finally {
    interrupted.dispose();
  }
  return EXIT_CODES.ok.code;
}

/**
 * Owns `ecstate services`: the services of a running sidecar, as a table or as the ECS API describes them.
 */
import type { Command } from 'commander';
import { findServices } from '../client/services.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { servicesTable } from '../text/services.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

export function addServices(program: Command, context: CommandContext): void {
  const command = program
    .command('services')
    .summary('list services')
    .description(
      'list services: by name, cluster by cluster; those that are being deleted are left out, as in ListServices',
    )
    .action(context.action((flags: Flags) => services(flags, context)));
  addCluster(command, 'services');
  addOutput(command, ['table', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['services', 'every service, in every cluster'],
    ['services --cluster default -o json', 'as DescribeServices has them'],
  ]);
}

async function services(flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const found = await findServices(client, flagText(flags, 'cluster'));
  if (flagText(flags, 'output') === 'json') writeJson(io, found);
  else if (found.services.length === 0) io.stderr.write('No services.\n');
  else io.stdout.write(servicesTable(found.services, { ...tableOptions(io), now: io.clock.now() }));
  return EXIT_CODES.ok.code;
}

/**
 * Owns `ecstate service`: one service with its deployments side by side and its latest events, or as the ECS API describes it.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { resolveService } from '../client/services.js';
import { flagText, tableOptions, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput, addSettings } from '../options.js';
import { deploymentsTable, eventsTable, serviceDetails } from '../text/services.js';
import { CLIENT_SETTINGS, addCluster, openClient } from './client.js';

/** Events shown when nobody says how many: the last rollout or two. */
const EVENTS = '10';
/** ECS keeps no more. */
const MOST_EVENTS = 100;

export function addService(program: Command, context: CommandContext): void {
  const command = program
    .command('service')
    .summary('show one service')
    .description('show one service: its deployments side by side, and its latest events')
    .argument('<name>', 'the name of the service, or its ARN')
    .action(context.action((name: string, flags: Flags) => service(name, flags, context)));
  addCluster(command, 'services');
  command.addOption(
    new Option('--events <number>', `how many of its events, 0 to ${MOST_EVENTS}`).default(EVENTS).argParser(eventsOf),
  );
  addOutput(command, ['table', 'json']);
  addSettings(command, CLIENT_SETTINGS);
  addExamples(command, [
    ['service web', 'its deployments and its latest events'],
    ['service web -o json | jq ".deployments[].rolloutState"', 'the Service of DescribeServices'],
  ]);
}

function eventsOf(written: string): string {
  if (/^\d{1,3}$/.test(written) && Number(written) <= MOST_EVENTS) return written;
  throw new InvalidArgumentError(`It takes a number from 0 to ${MOST_EVENTS}.`);
}

async function service(name: string, flags: Flags, { io }: CommandContext): Promise<ExitCode> {
  const client = await openClient(flags, io);
  const found = await resolveService(client, name, flagText(flags, 'cluster'));
  if (flagText(flags, 'output') === 'json') {
    writeJson(io, found);
    return EXIT_CODES.ok.code;
  }
  const options = { ...tableOptions(io), now: io.clock.now() };
  const sections = [
    serviceDetails(found, options),
    deploymentsTable(found, options),
    eventsTable(found, Number(flagText(flags, 'events')), options),
  ];
  io.stdout.write(sections.filter((section) => section !== '').join('\n'));
  return EXIT_CODES.ok.code;
}

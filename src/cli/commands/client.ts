/**
 * Owns what the commands have in common that ask a running sidecar.
 */
import { Option, type Command } from 'commander';
import { SidecarClient } from '../client/sidecar-client.js';
import type { Flags } from '../context.js';
import type { CliIo } from '../io.js';
import { settingsOf, type SettingsUse } from '../options.js';

/** The log level only decides whether an error shows its stack. */
export const CLIENT_SETTINGS = {
  names: ['url', 'logLevel'],
  defaults: { logLevel: 'warn' },
  file: false,
} as const satisfies SettingsUse<'url' | 'logLevel'>;

export function addCluster(command: Command, what = 'tasks'): void {
  command.addOption(new Option('--cluster <name>', `only ${what} of this cluster, by name or ARN (default: all)`));
}

/**
 * A client of the sidecar that the command is to ask. One that has not caught up yet answers with what it knows: then a note says
 * that this may not be all.
 */
export async function openClient(flags: Flags, io: CliIo): Promise<SidecarClient> {
  const client = new SidecarClient(settingsOf(CLIENT_SETTINGS, flags, io.env).url, io.clock);
  const reason = await client.unreadiness();
  if (reason !== undefined) io.stderr.write(`note: the sidecar is not ready yet, and may not know all: ${reason}\n`);
  return client;
}

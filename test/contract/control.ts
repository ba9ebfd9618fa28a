/**
 * Owns the faults of a real cluster's components: a script that the environment names does them.
 *
 * ECSTATE_CONTRACT_CONTROL is a program that is called with a verb and a component: `kill apiserver` and `start apiserver` (SIGKILL, and a new
 * process), `stop` and `cont` (SIGSTOP, SIGCONT) of `apiserver` or `kubelet-<the number that the node's name ends with>`, and `compact` (etcd
 * forgets all but the newest revision).
 */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection } from '../../src/kubernetes/connection.js';

const { ECSTATE_CONTRACT_CONTROL } = process.env;

export const HAS_CONTROL = ECSTATE_CONTRACT_CONTROL !== undefined;

/** Why faults are not tried, in words. */
export const NO_CONTROL =
  'no control: set ECSTATE_CONTRACT_CONTROL to a program that does kill, start, stop, cont, compact';

export async function control(verb: 'kill' | 'stop' | 'cont' | 'start' | 'compact', component?: string): Promise<void> {
  if (ECSTATE_CONTRACT_CONTROL === undefined) throw new Error(NO_CONTROL);
  await promisify(execFile)(ECSTATE_CONTRACT_CONTROL, [verb, ...(component === undefined ? [] : [component])]);
}

/** Resolves when the API server answers that it is ready. */
export async function answers(connection: Connection): Promise<void> {
  for (;;) {
    const ready = await connection.request('GET', '/readyz', { timeout: 2_000 }).then(
      ({ status, body }) => {
        body.destroy();
        return status === 200;
      },
      () => false,
    );
    if (ready) return;
    await pause(300);
  }
}

/** The API server dies, and comes back without a memory of its own: what etcd has forgotten is then forgotten. */
export async function restartApiServer(connection: Connection): Promise<void> {
  await control('kill', 'apiserver');
  await control('start', 'apiserver');
  await answers(connection);
}

/**
 * Owns what the tests of recovery start and have to take away again: clusters, data directories, processes and the build that they run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { buildChild, SidecarProcess, type Build } from './child-process.js';
import { lifeOf, type Life } from './lives.js';
import { isKnown, readAll, type Seen } from './reader.js';
import { ScriptedCluster, type Change } from './scripted-cluster.js';
import type { ChildOptions } from './sidecar-child.js';

export class Rig {
  #build: Build | undefined;
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  async build(): Promise<void> {
    this.#build = await buildChild();
  }

  /** Ends and removes all of it, the last first. */
  async remove(): Promise<void> {
    for (const cleanup of this.#cleanups.toReversed()) await cleanup();
    await this.#build?.remove();
  }

  /** Has this done at the end. */
  defer(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  /** An empty cluster, and its address. */
  async cluster(): Promise<{ readonly cluster: ScriptedCluster; readonly server: string }> {
    const cluster = new ScriptedCluster();
    const server = await cluster.start();
    this.defer(() => cluster.stop());
    return { cluster, server };
  }

  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'ecstate-recovery-data-'));
    this.defer(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  start(options: ChildOptions): SidecarProcess {
    if (this.#build === undefined) throw new Error('Nothing is built yet.');
    const sidecar = new SidecarProcess(this.#build, options);
    this.defer(() => sidecar.kill());
    return sidecar;
  }

  /** The same changes, told to a sidecar that nobody kills. */
  async unkilled(changes: readonly Change[]): Promise<ReadonlyMap<string, Seen>> {
    const { cluster, server } = await this.cluster();
    const sidecar = this.start({ server, dataDirectory: await this.directory() });
    const url = await sidecar.url();
    await sidecar.synced();
    await settled(url, cluster, 0);
    for (let start = 0; start < changes.length; start += 20) cluster.apply(...changes.slice(start, start + 20));
    const seen = await settled(url, cluster, 1);
    await sidecar.kill();
    return seen;
  }
}

/** A pod that comes after everything else: when it is seen, so is everything before. */
const sentinel = (number: number): Life => lifeOf('task-success', 0xf000 + number, false);

/** Shows a sentinel, and reads everything once it is there. */
export async function settled(
  url: string,
  cluster: ScriptedCluster,
  number: number,
): Promise<ReadonlyMap<string, Seen>> {
  const { changes, taskArn } = sentinel(number);
  cluster.apply(...changes.slice(0, 1));
  while (!(await isKnown(url, taskArn))) await pause(5);
  return readAll(url);
}

/**
 * Owns the proof of what happens when the data directory fails: a full disk, commits that fail, a read-only or damaged store. It is said
 * clearly, to the log and to /readyz; nothing that was committed is lost or written over; and what came meanwhile is there when it works again.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WATCHED_KINDS } from '../../src/system/messages.js';
import type { SidecarProcess } from './child-process.js';
import { livesFor, mixed, randomOf } from './lives.js';
import { faultsOf, readAll, type Json } from './reader.js';
import { Rig, settled } from './rig.js';

const run = promisify(execFile);
const rig = new Rig();
beforeAll(() => rig.build());
afterAll(() => rig.remove());

/** A file system of its own, which only root can make. */
async function mountTmpfs(options: string): Promise<string | undefined> {
  const directory = await rig.directory();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'ecstate-test', directory]);
  } catch {
    return undefined;
  }
  rig.defer(() => run('umount', [directory]));
  return directory;
}

const readiness = async (url: string): Promise<{ readonly status: number; readonly body: Json }> => {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: (await response.json()) as Json }; // JSON of our own server
};

/** Waits until /readyz gives this reason, or none. */
async function reasonBecomes(url: string, wanted: RegExp | undefined): Promise<Json> {
  for (;;) {
    const { body } = await readiness(url);
    const { reason } = body;
    if (wanted === undefined ? reason === undefined : wanted.test(String(reason))) return body;
    await pause(20);
  }
}

const errorsOf = (sidecar: SidecarProcess): readonly string[] =>
  sidecar.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);

/** Every file of a directory, by name, as the hash of its bytes. */
async function contents(directory: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.mdb') && name !== 'lock.mdb');
  const hash = async (name: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(directory, name)))
      .digest('hex');
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}

const lives = livesFor(40, false);
const changes = mixed(lives, 10, randomOf(1));
const finals = lives.map(({ taskArn, path }) => [taskArn, path]);

describe('a store that cannot be written', () => {
  test('commits that fail are said, and tried again until they succeed; until then readers see what was committed', async () => {
    const { cluster, server } = await rig.cluster();
    const failWhile = join(await rig.directory(), 'fail');
    const sidecar = rig.start({ server, dataDirectory: await rig.directory(), failWhile });
    const url = await sidecar.url();
    await sidecar.synced();
    const before = await settled(url, cluster, 0);
    await writeFile(failWhile, '');
    cluster.apply(...changes);
    expect(await reasonBecomes(url, /store/)).toMatchObject({
      ready: true,
      reason: 'store: the store cannot be written: The store could not be written (a test says so): make room.',
    });
    expect(await readAll(url)).toEqual(before);
    await rm(failWhile);
    await reasonBecomes(url, undefined);
    const seen = await settled(url, cluster, 1);
    expect(seen.size).toBe(lives.length + 2);
    expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
    expect(sidecar.log.filter(({ msg }) => msg.startsWith('the store can')).map(({ msg }) => msg)).toEqual([
      'the store cannot be written; nothing new is shown until it can',
      'the store can be written again',
    ]);
  });

  test('a full disk is survived, and nothing is lost when there is room again', async ({ skip }) => {
    const directory = await mountTmpfs('size=1m');
    if (directory === undefined) return skip('only root can mount a file system');
    const { cluster, server } = await rig.cluster();
    const dataDirectory = join(directory, 'data');
    const filler = join(directory, 'filler');
    const sidecar = rig.start({ server, dataDirectory });
    const url = await sidecar.url();
    await sidecar.synced();
    await settled(url, cluster, 0);

    // As much as there is: the write that fails is the one that finds no room.
    await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => undefined);
    cluster.apply(...changes);
    const body = await reasonBecomes(url, /store/);
    expect(body).toMatchObject({
      ready: true,
      reason: expect.stringMatching(
        /^store: the store cannot be written: The store in .* could not be written \(.*, 0 MiB are free on its disk\): make room\. Nothing of the commit was applied\.$/,
      ),
    });
    expect(errorsOf(sidecar)).toEqual(['the store cannot be written; nothing new is shown until it can']);
    const shown = await readAll(url);

    await rm(filler);
    await reasonBecomes(url, undefined);
    const seen = await settled(url, cluster, 1);
    expect(sidecar.log.map(({ msg }) => msg)).toContain('the store can be written again');
    expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
    expect(lives.map(({ taskArn }) => [taskArn, seen.get(taskArn)?.history.map(({ to }) => to)])).toEqual(finals);
    for (const [arn, { history }] of shown) expect(seen.get(arn)?.history.slice(0, history.length)).toEqual(history);
  });

  test('killed while the disk is full, it goes on from the last commit once there is room', async ({ skip }) => {
    const directory = await mountTmpfs('size=1m');
    if (directory === undefined) return skip('only root can mount a file system');
    const { cluster, server } = await rig.cluster();
    const dataDirectory = join(directory, 'data');
    const filler = join(directory, 'filler');
    const first = rig.start({ server, dataDirectory });
    const firstUrl = await first.url();
    await first.synced();
    await settled(firstUrl, cluster, 0);
    await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => undefined);
    cluster.apply(...changes);
    await reasonBecomes(firstUrl, /store/);
    await first.kill();
    await rm(filler);

    const second = rig.start({ server, dataDirectory });
    const seen = await settled(await second.url(), cluster, 1);
    expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
    expect(lives.map(({ taskArn }) => [taskArn, seen.get(taskArn)?.history.map(({ to }) => to)])).toEqual(finals);
    expect(cluster.asked).toMatchObject({ lists: WATCHED_KINDS.length, expired: 0 });
  });
});

describe('a store that cannot be used', () => {
  /** A store with tasks in it, whose process has ended. */
  async function used(): Promise<{ readonly dataDirectory: string; readonly server: string }> {
    const { cluster, server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    const sidecar = rig.start({ server, dataDirectory });
    const url = await sidecar.url();
    await sidecar.synced();
    cluster.apply(...changes);
    await settled(url, cluster, 0);
    await sidecar.kill();
    return { dataDirectory, server };
  }

  test('a read-only directory is refused', async ({ skip }) => {
    const mounted = await mountTmpfs('size=1m,ro');
    if (mounted === undefined && process.getuid?.() === 0) return skip('root writes everywhere, and cannot mount here');
    const directory = mounted ?? (await rig.directory());
    if (mounted === undefined) await chmod(directory, 0o555);
    const { server } = await rig.cluster();
    const sidecar = rig.start({ server, dataDirectory: directory });
    const { code, message } = await sidecar.refusal();
    expect(code).toBe('STORE_FAILED');
    expect(message).toMatch(/^The data directory .* cannot be .*: .*(read-only|permission denied).*: .*writable/i);
    expect(await sidecar.ended).toEqual({ code: 1, signal: null });
    await chmod(directory, 0o755).catch(() => undefined);
  });

  test('a torn file is refused and left as it is; without it, the cluster tells everything again', async () => {
    const { dataDirectory, server } = await used();
    const file = join(dataDirectory, 'data.mdb');
    await truncate(file, Math.floor((await readFile(file)).length / 2));
    const before = await contents(dataDirectory);
    const sidecar = rig.start({ server, dataDirectory });
    const { code, message } = await sidecar.refusal();
    expect(code).toBe('STORE_CORRUPT');
    expect(message).toMatch(
      /^The store's file .*data\.mdb is damaged: .*\. Nothing was changed\. Restore a backup of it; or move it away and start again/,
    );
    expect(await sidecar.ended).toEqual({ code: 1, signal: null });
    expect(await contents(dataDirectory)).toEqual(before);

    await rename(file, `${file}.damaged`);
    const again = rig.start({ server, dataDirectory });
    const url = await again.url();
    await again.synced();
    expect((await readAll(url)).size).toBeGreaterThan(0);
  });

  test('a file of somebody else is refused and left as it is', async () => {
    const { server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    await writeFile(join(dataDirectory, 'data.mdb'), 'a shopping list\n'.repeat(1000));
    const before = await contents(dataDirectory);
    const sidecar = rig.start({ server, dataDirectory });
    expect(await sidecar.refusal()).toMatchObject({ code: 'STORE_FOREIGN' });
    expect(await sidecar.ended).toEqual({ code: 1, signal: null });
    expect(await contents(dataDirectory)).toEqual(before);
  });
});

/**
 * Owns the proof that a sidecar may be killed at any moment: what was committed is what is found again, what came later is delivered again,
 * and nothing twice. Real processes, kill -9, and a cluster that goes on meanwhile.
 *
 * ECSTATE_RECOVERY_ROUNDS: how often it is killed (5 by default). ECSTATE_RECOVERY_SEED: which pods, which moments.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAUGHT_UP_AFTER } from '../../src/kubernetes/watch-synced.js';
import { INBOX_HIGH_WATER } from '../../src/system/inbox.js';
import { WATCHED_KINDS } from '../../src/system/messages.js';
import { lifeOf, livesFor, mixed, randomOf } from './lives.js';
import { faultsOf, readAll, Reader, type Json, type Seen } from './reader.js';
import { Rig, settled } from './rig.js';
import { PODS, type Change } from './scripted-cluster.js';
import type { Crash } from './sidecar-child.js';

const ROUNDS = Number(process.env['ECSTATE_RECOVERY_ROUNDS'] ?? 5);
const SEED = Number(process.env['ECSTATE_RECOVERY_SEED'] ?? 1);
/** Where each round lists everything, fewer do. */
const LISTING_ROUNDS = Math.ceil(ROUNDS / 2);
/** Milliseconds for each kill, of which a start takes most. */
const TIMEOUT = 30_000 + ROUNDS * 3_000;

const rig = new Rig();
beforeAll(() => rig.build());
afterAll(() => rig.remove());

/** Everything but the instants at which ecstate itself saw something: those are the only fractions of a second that there are. */
const comparable = ({ task, history }: Seen): Json => ({
  task: JSON.parse(
    JSON.stringify(task, (key: string, value: unknown) =>
      key.endsWith('At') && !Number.isInteger(value) ? 'seen' : value,
    ),
  ) as Json, // what was just written
  history: history.map(({ from, to, version, cause }) => ({ from, to, version, cause })),
});

const pathOf = ({ history }: Seen): readonly string[] => history.map(({ to }) => to);

describe('a sidecar that is killed again and again', () => {
  test(
    'goes on where it was: each change is told exactly once, whoever read before reads the same after',
    async () => {
      const random = randomOf(SEED);
      const lives = livesFor(Math.max(20, ROUNDS * 3), false);
      const changes = mixed(lives, 12, random);
      const { cluster, server } = await rig.cluster();
      const dataDirectory = await rig.directory();
      const reader = new Reader();
      const applied = { count: 0 };
      const apply = (count: number): void => {
        cluster.apply(...changes.slice(applied.count, applied.count + count));
        applied.count = Math.min(changes.length, applied.count + count);
      };

      for (let round = 0; round < ROUNDS; round += 1) {
        const crash: Crash | undefined =
          round > 0 && random() < 0.6
            ? {
                commit: 1 + Math.floor(random() * 8),
                phase: (['before', 'during', 'during', 'after'] as const)[Math.floor(random() * 4)] ?? 'during',
                delay: random() * 4,
              }
            : undefined;
        const sidecar = rig.start({ server, dataDirectory, ...(crash === undefined ? {} : { crash }) });
        const share = Math.ceil((changes.length - applied.count) / (ROUNDS - round + 1));
        const until = applied.count + share;
        try {
          const url = await sidecar.url();
          const reading = reader.watch(url);
          await sidecar.synced();
          // The first cursor is durable once something that came after it can be read.
          if (round === 0) await settled(url, cluster, 0);
          while (sidecar.alive && applied.count < until) {
            apply(1 + Math.floor(random() ** 3 * 10));
            await pause(random() * 4);
          }
          await sidecar.kill();
          await reading;
        } catch (error) {
          // It died before it was asked.
          if (crash === undefined) throw error;
        }
        apply(Math.floor(random() * 10));
      }

      const last = rig.start({ server, dataDirectory });
      const url = await last.url();
      await last.synced();
      apply(changes.length);
      const seen = await settled(url, cluster, 1);
      await reader.look(url);

      expect(reader.faults).toEqual([]);
      expect(reader.missing()).toEqual([]);
      expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
      expect(cluster.asked).toMatchObject({ lists: WATCHED_KINDS.length, expired: 0 });
      for (const { taskArn, path, recording } of lives) {
        const task = seen.get(taskArn);
        expect(task && { recording, path: pathOf(task) }).toEqual({ recording, path });
      }
      const reference = await rig.unkilled(changes);
      expect(seen.size).toBe(reference.size);
      for (const { taskArn, recording } of lives) {
        const [ours, theirs] = [seen.get(taskArn), reference.get(taskArn)];
        expect(ours && { recording, ...comparable(ours) }).toEqual(theirs && { recording, ...comparable(theirs) });
      }
    },
    TIMEOUT,
  );

  test(
    'a backlog that takes several commits is taken once, wherever between them it is killed',
    async () => {
      const lives = livesFor(40, false);
      const changes = mixed(lives, 1, randomOf(SEED));
      const { cluster, server } = await rig.cluster();
      const dataDirectory = await rig.directory();
      const reader = new Reader();
      const first = rig.start({ server, dataDirectory });
      const firstUrl = await first.url();
      await first.synced();
      await settled(firstUrl, cluster, 0);
      await first.kill();
      cluster.apply(...changes);

      for (let crashes = 0; crashes < 2; crashes += 1) {
        const sidecar = rig.start({ server, dataDirectory, crash: { commit: 1, phase: 'after' } });
        await sidecar.url().then(
          (url) => reader.watch(url),
          () => undefined,
        );
        expect(await sidecar.ended).toEqual({ code: null, signal: 'SIGKILL' });
      }
      const last = rig.start({ server, dataDirectory });
      const url = await last.url();
      const seen = await settled(url, cluster, 1);
      await reader.look(url);
      expect(reader.faults).toEqual([]);
      expect(cluster.asked).toMatchObject({ lists: WATCHED_KINDS.length, expired: 0 });

      const reference = await rig.unkilled(changes);
      for (const { taskArn, recording } of lives) {
        const [ours, theirs] = [seen.get(taskArn), reference.get(taskArn)];
        expect(ours && { recording, ...comparable(ours) }).toEqual(theirs && { recording, ...comparable(theirs) });
      }
    },
    TIMEOUT,
  );

  test(
    'finds what happened meanwhile by a list, when the cluster has forgotten the rest',
    async () => {
      const random = randomOf(SEED + 1);
      const lives = livesFor(LISTING_ROUNDS * 5, true);
      const changes = mixed(lives, 12, random);
      const { cluster, server } = await rig.cluster();
      const dataDirectory = await rig.directory();
      const reader = new Reader();
      const applied = { count: 0 };
      /** Of each change, how often the cluster had forgotten everything before it. */
      const ages: number[] = [];
      let age = 0;
      const apply = (count: number): void => {
        cluster.apply(...changes.slice(applied.count, applied.count + count));
        applied.count = Math.min(changes.length, applied.count + count);
        while (ages.length < applied.count) ages.push(age);
      };

      for (let round = 0; round < LISTING_ROUNDS; round += 1) {
        const sidecar = rig.start({ server, dataDirectory });
        const url = await sidecar.url();
        const reading = reader.watch(url);
        await settled(url, cluster, 2 + round);
        const until = applied.count + Math.ceil((changes.length - applied.count) / (LISTING_ROUNDS - round + 1));
        while (applied.count < until) {
          apply(1 + Math.floor(random() * 5));
          if (random() < 0.1) cluster.cut();
          await pause(random() * 5);
        }
        await sidecar.kill();
        await reading;
        apply(Math.floor(random() * 20));
        cluster.compact();
        age += 1;
      }
      const last = rig.start({ server, dataDirectory });
      const url = await last.url();
      await settled(url, cluster, 2 + LISTING_ROUNDS);
      apply(changes.length);
      const seen = await settled(url, cluster, 1);
      await reader.look(url);

      expect(reader.faults).toEqual([]);
      expect(reader.missing()).toEqual([]);
      expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
      expect(cluster.asked.expired).toBeGreaterThan(0);
      for (const { taskArn, path, recording, changes: life } of lives) {
        const when = life
          .filter(({ collection }) => collection === PODS)
          .map((change) => ages[changes.indexOf(change)]);
        // Made, gone and forgotten while nobody looked.
        if (!seen.has(taskArn) && new Set(when).size === 1 && path.at(-1) === 'STOPPED') continue;
        expect([recording, seen.get(taskArn)?.task['lastStatus']]).toEqual([recording, path.at(-1)]);
      }
    },
    TIMEOUT,
  );
});

describe('a start', () => {
  test('is ready once all that the cluster has can be read', async () => {
    const { cluster, server } = await rig.cluster();
    const lives = livesFor(30, false);
    cluster.apply(...lives.flatMap(({ changes }) => changes.slice(0, 1)));
    const sidecar = rig.start({ server, dataDirectory: await rig.directory(), commitDelay: 300 });
    const url = await sidecar.url();
    while (!(await fetch(`${url}/readyz`)).ok);
    expect((await readAll(url)).size).toBe(lives.length);
  });

  test('is not ready while what the cluster has forgotten is listed again', async () => {
    const { cluster, server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    const first = rig.start({ server, dataDirectory });
    await first.synced();
    await settled(await first.url(), cluster, 0);
    await first.kill();
    const lives = livesFor(15, false);
    cluster.apply(...lives.flatMap(({ changes }) => changes.slice(0, 1)));
    cluster.compact();
    cluster.holdLists();

    const second = rig.start({ server, dataDirectory });
    const url = await second.url();
    while (cluster.asked.expired < WATCHED_KINDS.length) await pause(5);
    // Ten times as long as a watch must be silent to count as caught up.
    await pause(CAUGHT_UP_AFTER);
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, ((await answer.json()) as Json)['reason']]).toEqual([
      503,
      `not yet synced: ${WATCHED_KINDS.join(', ')}`,
    ]);
    cluster.release();
    while (!(await fetch(`${url}/readyz`)).ok);
    expect((await readAll(url)).size).toBe(lives.length + 1);
  });

  test('is refused while another process has the directory, which goes on', async () => {
    const { cluster, server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    const first = rig.start({ server, dataDirectory });
    const url = await first.url();
    const second = rig.start({ server, dataDirectory });
    expect(await second.refusal()).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringMatching(
        new RegExp(`^The data directory .* is in use by process ${first.pid} on host .*\\. Stop that one, or give`),
      ),
    });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    await first.synced();
    expect((await settled(url, cluster, 1)).size).toBe(1);
  });
});

describe('a stop', () => {
  test('commits what was received, and ends', async () => {
    const lives = livesFor(20, false);
    const changes = mixed(lives, 10, randomOf(SEED));
    const { cluster, server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    const first = rig.start({ server, dataDirectory, commitDelay: 20 });
    await first.synced();
    cluster.apply(...changes);
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    const second = rig.start({ server, dataDirectory });
    const seen = await settled(await second.url(), cluster, 1);
    expect(lives.map(({ taskArn }) => seen.get(taskArn) && pathOf(seen.get(taskArn) as Seen))).toEqual(
      lives.map(({ path }) => path),
    );
    expect(cluster.asked).toMatchObject({ lists: WATCHED_KINDS.length, expired: 0 });
  });

  test('ends too while nothing can be committed and the watches wait', async () => {
    const { cluster, server } = await rig.cluster();
    const failWhile = join(await rig.directory(), 'fail');
    const sidecar = rig.start({ server, dataDirectory: await rig.directory(), failWhile });
    const url = await sidecar.url();
    await sidecar.synced();
    await writeFile(failWhile, '');
    const [created] = lifeOf('task-success', 1, false).changes;
    // More than the inbox takes.
    for (let times = 0; times < INBOX_HIGH_WATER + 2_000; times += 500) {
      cluster.apply(...Array.from({ length: 500 }, () => ({ ...created, type: 'MODIFIED' }) as Change));
    }
    const waiting = /^ecstate_inbox_messages (\d+)$/m;
    for (;;) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      if (Number(waiting.exec(metrics)?.[1]) > INBOX_HIGH_WATER) break;
      await pause(20);
    }
    expect(await sidecar.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

/**
 * Owns the proof that services survive kills as tasks do: deployments keep their ids, tasks their deployment, counts and events are those
 * of a sidecar that nobody killed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mixed, randomOf, serviceLife } from './lives.js';
import { ask, faultsOf, Reader, type Json, type Seen } from './reader.js';
import { Rig, settled } from './rig.js';
import { DEPLOYMENTS, PODS, REPLICASETS } from './scripted-cluster.js';

const ROUNDS = Math.ceil(Number(process.env['ECSTATE_RECOVERY_ROUNDS'] ?? 6) / 2);
const SEED = Number(process.env['ECSTATE_RECOVERY_SEED'] ?? 1);
const TIMEOUT = 60_000 + ROUNDS * 3_000;

const RECORDINGS = [
  'deploy-create',
  'deploy-rolling',
  'deploy-scale-down',
  'deploy-delete',
  'deploy-crashloop',
] as const;

const rig = new Rig();
beforeAll(() => rig.build());
afterAll(() => rig.remove());

const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []); // of the ECS API

/** Which tasks were told of, each time that they were, and what else was said, in no order: when and how grouped depends on the moment. */
function told(events: unknown): Json {
  const messages = objects(events).map(({ message }) => String(message));
  const tasksIn = (wanted: RegExp): readonly string[] =>
    messages
      .filter((message) => wanted.test(message))
      .flatMap((message) => [...message.matchAll(/\(task ([0-9a-f]+)\)/g)].map((match) => match[1] ?? ''))
      .toSorted();
  return {
    started: tasksIn(/ has started /),
    stopped: tasksIn(/ has stopped /),
    others: [...new Set(messages.filter((message) => !/ has (started|stopped) /.test(message)))].toSorted(),
  };
}

/** Every service, without the instants, which are those at which it was seen. */
async function services(url: string): Promise<readonly Json[]> {
  const found: Json[] = [];
  for (const cluster of RECORDINGS) {
    const answer = await ask(url, 'DescribeServices', { cluster, services: ['web'] });
    for (const { events, deployments, ...service } of objects(answer['services'])) {
      found.push({
        ...service,
        createdAt: 'seen',
        deployments: objects(deployments).map((deployment) => ({
          ...deployment,
          createdAt: 'seen',
          updatedAt: 'seen',
        })),
        events: told(events),
      });
    }
  }
  return found;
}

const outcome = (seen: ReadonlyMap<string, Seen>): readonly Json[] =>
  [...seen.values()]
    .filter(({ task }) => String(task['group']).startsWith('service:'))
    .map(({ task, history }) => ({
      taskArn: task['taskArn'],
      startedBy: task['startedBy'],
      stopCode: task['stopCode'],
      stoppedReason: task['stoppedReason'],
      path: history.map(({ to }) => to),
    }))
    .toSorted((a, b) => (String(a.taskArn) < String(b.taskArn) ? -1 : 1));

test.each([
  ['its ReplicaSets are', [DEPLOYMENTS, PODS]],
  ['its pods are', [DEPLOYMENTS, REPLICASETS]],
])('a service that went back to an old revision meanwhile has the new tasks, when %s told first', async (_, held) => {
  const changes = serviceLife('deploy-rollback');
  // The way back begins with the third template of the Deployment.
  const back = changes.findIndex(
    ({ collection, json }) => collection === DEPLOYMENTS && json.includes('"generation":3'),
  );
  const { cluster, server } = await rig.cluster();
  const dataDirectory = await rig.directory();
  const first = rig.start({ server, dataDirectory });
  const firstUrl = await first.url();
  await first.synced();
  await settled(firstUrl, cluster, 0);
  for (const change of changes.slice(0, back)) {
    cluster.apply(change);
    await pause(1);
  }
  await settled(firstUrl, cluster, 2);
  await first.kill();
  cluster.hold(...held);
  cluster.apply(...changes.slice(back));
  const second = rig.start({ server, dataDirectory });
  const url = await second.url();
  await second.synced();
  // What is not held has long been taken then.
  await pause(500);
  cluster.release();
  const seen = await settled(url, cluster, 1);
  const answer = await ask(url, 'DescribeServices', { cluster: 'deploy-rollback', services: ['web'] });
  const [primary] = objects(objects(answer['services'])[0]?.['deployments']);
  const running = [...seen.values()].filter(
    ({ task }) => task['group'] === 'service:web' && task['lastStatus'] === 'RUNNING',
  );
  expect(running.map(({ task }) => task['startedBy'])).toEqual([primary?.['id'], primary?.['id'], primary?.['id']]);
});

test(
  'killed again and again, services end as they would have',
  async () => {
    const random = randomOf(SEED);
    const changes = mixed(
      RECORDINGS.map((recording) => ({ changes: serviceLife(recording) })),
      RECORDINGS.length,
      random,
    );
    const { cluster, server } = await rig.cluster();
    const dataDirectory = await rig.directory();
    const reader = new Reader();
    let applied = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const sidecar = rig.start({ server, dataDirectory });
      const url = await sidecar.url();
      const reading = reader.watch(url);
      await sidecar.synced();
      await settled(url, cluster, 10 + round);
      const until = Math.floor((changes.length * (round + 1)) / (ROUNDS + 1));
      for (const end = until; applied < end; applied += 5) {
        cluster.apply(...changes.slice(applied, applied + 5));
        await pause(random() * 5);
      }
      await sidecar.kill();
      await reading;
    }
    const last = rig.start({ server, dataDirectory });
    const url = await last.url();
    await last.synced();
    cluster.apply(...changes.slice(applied));
    const seen = await settled(url, cluster, 1);
    await reader.look(url);

    const calm = await rig.cluster();
    const unkilled = rig.start({ server: calm.server, dataDirectory: await rig.directory() });
    const calmUrl = await unkilled.url();
    await unkilled.synced();
    await settled(calmUrl, calm.cluster, 0);
    for (const change of changes) {
      calm.cluster.apply(change);
      await pause(1);
    }
    const reference = await settled(calmUrl, calm.cluster, 1);

    expect(reader.faults).toEqual([]);
    expect([...seen.values()].flatMap(faultsOf)).toEqual([]);
    expect(outcome(seen)).toEqual(outcome(reference));
    expect(await services(url)).toEqual(await services(calmUrl));
  },
  TIMEOUT,
);

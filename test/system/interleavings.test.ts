/**
 * Owns the proof that services do not depend on the order between watches: every recording of a service is fed stream by stream, each stream in
 * its order, the streams among each other in any. At every committed turn the invariants S1 to S4 hold; at the end all orders agree.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { watchOf } from '../../src/kubernetes/kinds/watches.js';
import type { WatchChange, WatchedKind, WatchSink } from '../../src/kubernetes/watched-kind.js';
import { projectService } from '../../src/project/service.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { ManualClock } from '../../src/system/clock.js';
import type { WatchedKindName } from '../../src/system/messages.js';
import type { CommittedService } from '../../src/system/state.port.js';
import { System } from '../../src/system/system.js';

const RECORDINGS = join(import.meta.dirname, '../recordings');
const FOREVER = Number.MAX_SAFE_INTEGER / 4;

/** The streams of a recording, and the watch that takes each. */
const STREAMS = {
  'deployments.jsonl': ['deployments'],
  'replicasets.jsonl': ['replicasets'],
  'pods.jsonl': ['pods'],
  'events.jsonl': ['events', 'replicaset-events'],
} as const satisfies Record<string, readonly WatchedKindName[]>;

interface Line {
  readonly t: number;
  readonly bytes: Buffer;
  readonly involved: unknown;
}

function readStream(scenario: string, file: string): readonly Line[] {
  const text = readFileSync(join(RECORDINGS, scenario, file), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      // The recordings' own form; see test/recordings/README.md.
      const { t, event } = JSON.parse(line) as { t: number; event: { object: { involvedObject?: { kind?: string } } } };
      return { t, bytes: Buffer.from(JSON.stringify(event)), involved: event.object.involvedObject?.kind };
    });
}

/** A system, and a way to hand it one line of one stream. */
class Rig {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock(0);
  #system = this.#start();
  #feeds = this.#open();

  get system(): System {
    return this.#system;
  }

  #start(): System {
    const silent = { info: () => {}, warn: () => {}, error: (fields: object) => expect.fail(JSON.stringify(fields)) };
    const system = new System({
      store: this.store,
      clock: this.clock,
      profile: 'kecs',
      retention: { tasks: FOREVER, history: FOREVER },
      logger: silent,
    });
    system.start();
    return system;
  }

  #open(): ReadonlyMap<WatchedKindName, (line: Line) => void> {
    const parts = {
      known: this.#system,
      intake: this.#system,
      clock: this.clock,
      defaults: { region: 'us-east-1', accountId: '000000000000' },
    };
    const feedOf =
      <T>(kind: WatchedKind<T>, sink: WatchSink<T>) =>
      ({ bytes }: Line): void => {
        const line = kind.decodeLine(bytes);
        if (line.type === 'BOOKMARK' || line.type === 'ERROR') return;
        const change: WatchChange<T> = line;
        void sink.changed([change], change.object.resourceVersion);
      };
    const names = Object.values(STREAMS).flat();
    return new Map(names.map((name) => [name, watchOf({ kind: name }, parts)(feedOf)]));
  }

  async feed(file: keyof typeof STREAMS, line: Line): Promise<void> {
    this.clock.moveTo(Math.max(this.clock.now(), line.t));
    for (const name of STREAMS[file]) {
      const wanted = name === 'events' ? 'Pod' : name === 'replicaset-events' ? 'ReplicaSet' : undefined;
      if (wanted === undefined || wanted === line.involved) this.#feeds.get(name)?.(line);
    }
    await this.#system.committed();
  }

  async restart(): Promise<void> {
    await this.#system.stop();
    this.#system = this.#start();
    this.#feeds = this.#open();
  }
}

/** S1 to S4 of one committed service. */
function assertInvariants({ status, context, deployments }: CommittedService, seen: Map<string, string>): void {
  const primaries = deployments.filter(({ role }) => role === 'PRIMARY');
  if (status === 'ACTIVE' || status === 'PENDING') {
    expect(primaries).toHaveLength(1);
    expect(deployments[0]).toBe(primaries[0]);
  }
  if (context.rollouts.steady) expect(deployments).toHaveLength(1);
  expect(new Set(deployments.map(({ id }) => id)).size).toBe(deployments.length);
  for (const { id, role } of deployments) {
    expect(id).toMatch(/^ecs-svc\/\d{19}$/);
    // A role only falls (R1), so an id never comes back as something earlier.
    const order = ['PRIMARY', 'ACTIVE', 'INACTIVE'];
    expect(order.indexOf(role)).toBeGreaterThanOrEqual(order.indexOf(seen.get(id) ?? 'PRIMARY'));
    seen.set(id, role);
  }
  const numbers = context.events.ring.map(({ number }) => number);
  expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  expect(numbers.length).toBeLessThanOrEqual(100);
}

/** What must not depend on the order: everything but when things were seen and told. */
function verdict(system: System): unknown {
  return {
    services: [...system.services()].map((service) => ({
      status: service.status,
      counts: service.context.counts,
      deployments: service.deployments.map(({ role, rollout, context: { target, replicaSet } }) => ({
        role,
        rollout,
        target,
        replicaSet,
      })),
    })),
    tasks: [...system.tasks()].map(({ taskId, lastStatus }) => `${taskId} ${lastStatus}`).sort(),
  };
}

const scenarios = readdirSync(RECORDINGS).filter((scenario) => scenario.startsWith('deploy-'));

/** Interleavings tried of each recording; the nightly figure is set by the environment. */
const RUNS = Number(process.env['ECSTATE_INTERLEAVINGS'] ?? 6);

describe.each(scenarios)('%s, its watches in any order', (scenario) => {
  const files = Object.keys(STREAMS) as (keyof typeof STREAMS)[]; // the keys of a constant
  const streams = new Map(files.map((file) => [file, readStream(scenario, file)]));
  const total = [...streams.values()].reduce((sum, lines) => sum + lines.length, 0);

  /** Feeds all lines; `choices` say from which stream each next one comes, `restarts` before which the process is started anew. */
  async function run(choices: readonly number[], restarts: ReadonlySet<number>): Promise<unknown> {
    const rig = new Rig();
    const positions = new Map(files.map((file) => [file, 0]));
    const roles = new Map<string, string>();
    for (let step = 0; step < total; step += 1) {
      const open = files.filter((file) => (positions.get(file) ?? 0) < (streams.get(file)?.length ?? 0));
      const file = open[(choices[step % choices.length] ?? 0) % open.length];
      const position = positions.get(file ?? 'pods.jsonl') ?? 0;
      const line = file === undefined ? undefined : streams.get(file)?.[position];
      if (file === undefined || line === undefined) break;
      positions.set(file, position + 1);
      if (restarts.has(step)) await rig.restart();
      await rig.feed(file, line);
      for (const service of rig.system.services()) assertInvariants(service, roles);
    }
    for (const service of rig.system.services()) projectService(service);
    return verdict(rig.system);
  }

  test('keeps S1 to S4 at every turn, over restarts too, and ends the same', async () => {
    // One stream after the other: the Deployments first, the Events last.
    const expected = await run([0], new Set());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 50, maxLength: 200 }),
        fc.uniqueArray(fc.nat(total - 1), { maxLength: 3 }),
        async (choices, restarts) => {
          expect(await run(choices, new Set(restarts))).toEqual(expected);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

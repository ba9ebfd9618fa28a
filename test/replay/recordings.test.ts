/**
 * Owns the proof by recordings: each scenario of a real cluster, replayed through the real client, pipeline and store, must give what a
 * person wrote down by reading it (expected.json; see test/recordings/README.md).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/replay/replay.js';
import { createLogger } from '../../src/telemetry/logger.js';

const RECORDINGS = join(import.meta.dirname, '../recordings');
const logger = createLogger({ level: 'silent' });
const options = { semantics: 'kecs', defaults: { region: 'us-east-1', accountId: '000000000000' }, logger } as const;

type Json = Readonly<Record<string, unknown>>;

interface ExpectedTask extends Json {
  readonly taskId: string;
  readonly attachments: readonly string[];
  readonly containers: readonly Json[];
  readonly history: readonly Json[];
  readonly stoppedReason?: string;
  readonly deployment?: number;
}

const scenarios = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Everything that an expectation may speak of; what it leaves out must be absent. */
const TASK_FIELDS = [
  'lastStatus desiredStatus stopCode stoppedReason createdAt pullStartedAt pullStoppedAt startedAt stoppingAt executionStoppedAt stoppedAt',
  'connectivity connectivityAt healthStatus group launchType taskDefinitionArn cpu memory',
].flatMap((line) => line.split(' '));
const CONTAINER_FIELDS =
  'name lastStatus exitCode reason healthStatus image runtimeId imageDigest networkInterfaces'.split(' ');

const pick = (from: Json, fields: readonly string[]): Json =>
  Object.fromEntries(fields.filter((field) => from[field] !== undefined).map((field) => [field, from[field]]));

/** A replayed task in the form of an expectation. */
function summarise(task: Json): Json {
  const containers = task['containers'] as readonly Json[]; // the Task shape, from project/task.ts
  const attachments = task['attachments'] as readonly Json[]; // likewise
  const history = task['history'] as readonly Json[]; // from replay.ts
  return {
    ...pick(task, TASK_FIELDS),
    taskId: String(task['taskArn']).split('/').at(-1),
    attachments: attachments.map(({ status }) => status),
    containers: containers.map((container) => ({
      ...pick(container, CONTAINER_FIELDS),
      networkInterfaces: (container['networkInterfaces'] as readonly Json[]).map(({ privateIpv4Address }) => ({
        privateIpv4Address,
      })),
    })),
    history: history.map(({ from, to, at }) => ({ from, to, at })),
  };
}

/** An expectation names a deployment by its number; which id that has is the service's business. */
const expectationOf = (task: ExpectedTask, startedBy: unknown): Json => ({
  ...pick(task, TASK_FIELDS),
  ...(task.stoppedReason === undefined
    ? {}
    : { stoppedReason: task.stoppedReason.replace(/deployment #\d+/, `deployment ${String(startedBy)}`) }),
  taskId: task.taskId,
  attachments: task.attachments,
  containers: task.containers.map((container) => ({ networkInterfaces: [], ...pick(container, CONTAINER_FIELDS) })),
  history: task.history.map(({ from, to, at }) => ({ from, to, at })),
});

interface ServiceRow extends Json {
  readonly at: number;
  readonly deployments: readonly Json[];
}

interface ExpectedService extends Json {
  readonly serviceName: string;
  readonly history: readonly ServiceRow[];
}

/** Lines of the same millisecond in different streams have no order between them: the state after all of them counts. */
const lastOfEachInstant = (rows: readonly ServiceRow[]): readonly ServiceRow[] =>
  rows.filter((row, index) => rows[index + 1]?.at !== row.at);

const ROW_FIELDS = ['at', 'status', 'desiredCount', 'runningCount', 'pendingCount'] as const;
const DEPLOYMENT_FIELDS = [
  'n',
  'status',
  'rolloutState',
  'desiredCount',
  'runningCount',
  'pendingCount',
  'failedTasks',
] as const;

/** A replayed service's history in the form of an expectation: deployments by the number of their rollout. */
function summariseService(service: Json): readonly Json[] {
  const history = service['history'] as readonly ServiceRow[]; // from replay.ts
  const numbers = new Map<unknown, number>();
  for (const { deployments } of history) {
    for (const { id } of deployments.toReversed()) if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
  }
  return lastOfEachInstant(history).map((row) => ({
    ...pick({ ...row, status: row['to'] }, ROW_FIELDS),
    deployments: row.deployments.map((deployment) =>
      pick({ ...deployment, n: numbers.get(deployment['id']) }, DEPLOYMENT_FIELDS),
    ),
  }));
}

describe.each(scenarios)('%s', (scenario) => {
  test('its tasks are what a person reads in it', async () => {
    const directory = join(RECORDINGS, scenario);
    // Written by hand, in the form of test/recordings/README.md.
    const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8')) as {
      readonly tasks: readonly ExpectedTask[];
    };
    const { tasks } = await replay([directory], options);
    const startedBy = new Map(tasks.map((task) => [String(task['taskArn']).split('/').at(-1), task['startedBy']]));
    const byId = (a: Json, b: Json): number => (String(a['taskId']) < String(b['taskId']) ? -1 : 1);
    expect(tasks.map(summarise).sort(byId)).toEqual(
      expected.tasks.map((task) => expectationOf(task, startedBy.get(task.taskId))).sort(byId),
    );
  });

  test('its services are what a person reads in it, turn by turn', async () => {
    const directory = join(RECORDINGS, scenario);
    // Written by hand, in the form of test/recordings/README.md.
    const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8')) as {
      readonly services?: readonly ExpectedService[];
    };
    const { services } = await replay([directory], options);
    expect(
      services.map((service) => ({ serviceName: service['serviceName'], history: summariseService(service) })),
    ).toEqual(
      (expected.services ?? []).map(({ serviceName, history }) => ({
        serviceName,
        history: lastOfEachInstant(history).map((row) => ({
          ...pick(row, ROW_FIELDS),
          deployments: row.deployments.map((deployment) => pick(deployment, DEPLOYMENT_FIELDS)),
        })),
      })),
    );
  });
});

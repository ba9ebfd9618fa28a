/**
 * Owns the comparison of what the API showed of a task with what the contract says of it.
 */
import { expect } from 'vitest';
import { faultsOf, type Json, type Seen } from '../recovery/reader.js';
import { objects } from './observed.js';
import { EXITED, INSTANTS, type ExpectedContainer, type Scenario } from './scenarios.js';
import type { Witness } from './witness.js';

/** Puts the states of an expected path in order; those that may be passed unseen are left out when they were. */
function pathFor(scenario: Scenario, seen: readonly string[]): readonly string[] {
  return scenario.path
    .filter((status) => !status.endsWith('?') || seen.includes(status.slice(0, -1)))
    .map((status) => status.replace('?', ''));
}

/** Instants that must not be in the wrong order (T6). */
const ORDER = [
  ['createdAt', 'pullStartedAt'],
  ['pullStartedAt', 'pullStoppedAt'],
  ['createdAt', 'startedAt'],
  ['createdAt', 'connectivityAt'],
  ['createdAt', 'stoppingAt'],
  ['startedAt', 'executionStoppedAt'],
  ['executionStoppedAt', 'stoppedAt'],
  ['stoppingAt', 'stoppedAt'],
] as const;

function disorderOf(task: Json): readonly string[] {
  return ORDER.filter(([earlier, later]) => Number(task[earlier]) > Number(task[later])).map(
    ([earlier, later]) => `${earlier} ${String(task[earlier])} is after ${later} ${String(task[later])}`,
  );
}

/** What must be shown of a container's end: what the scenario says, unless the kubelet lost it and told nobody. */
function endOf(expected: ExpectedContainer, pod: string, witness: Witness): Json {
  const { name, exitCode, reason } = expected;
  const isLost =
    exitCode !== undefined && ![name, `${name}-nonessential`].some((known) => witness.ending(pod, known) !== undefined);
  return {
    name,
    lastStatus: 'STOPPED',
    exitCode: isLost ? undefined : exitCode,
    reason: isLost || reason === undefined ? undefined : expect.stringMatching(reason),
  };
}

/** Compares a task that is over with its scenario, and with what the cluster told. */
export function expectEnd(scenario: Scenario, seen: Seen, pod: string, witness: Witness): void {
  const { task, history } = seen;
  const path = history.map(({ to }) => to);
  expect(path, witness.told(pod).join('\n')).toEqual(pathFor(scenario, path));
  expect(faultsOf(seen)).toEqual([]);
  expect(disorderOf(task)).toEqual([]);
  const isNamed = scenario.namedByEvent !== true || task['stopCode'] === scenario.stopCode;
  if (!isNamed) expect(witness.killWasToldInTime(pod)).toBe(false);
  const { stopCode, stoppedReason } = isNamed ? scenario : EXITED;
  expect(task).toMatchObject({
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode,
    stoppedReason: expect.stringMatching(stoppedReason),
    ...(isNamed && { healthStatus: scenario.health ?? 'UNKNOWN' }),
  });
  if (scenario.connectivity !== undefined) expect(task['connectivity']).toBe(scenario.connectivity);
  expect(INSTANTS.filter((instant) => task[instant] !== undefined)).toEqual(
    INSTANTS.filter((instant) => scenario.instants.includes(instant)),
  );
  const containers = objects(task['containers']).map(({ name, lastStatus, exitCode, reason }) => ({
    name,
    lastStatus,
    exitCode,
    reason,
  }));
  expect(containers, witness.told(pod).join('\n')).toEqual(
    scenario.containers.map((expected) => endOf(expected, pod, witness)),
  );
  const addresses = objects(task['containers']).map(({ networkInterfaces }) =>
    objects(networkInterfaces).map(({ privateIpv4Address }) => privateIpv4Address),
  );
  const address = witness.address(pod);
  expect(addresses).toEqual(scenario.containers.map(() => (address === undefined ? [] : [address])));
  const attachments = objects(task['attachments']).map(({ status }) => status);
  expect(attachments).toEqual(scenario.task.launchType === 'FARGATE' ? ['DELETED'] : []);
}

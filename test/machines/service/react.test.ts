/**
 * What a Deployment's conditions are believed (row 15), how deployments get their ids (S3), what task sets add up to.
 */
import { describe, expect, it } from 'vitest';
import { deploymentIdOf } from '../../../machines/service/deployment-id.js';
import { verdictOf } from '../../../machines/service/react.js';
import { BIRTH, after } from '../task/messages.js';
import { EXTERNAL, all, complete, deployment, deploymentFacts, taskSet, taskSetGone } from './messages.js';
import type { DeploymentLook } from './messages.js';
import { RunningService } from './running-service.js';

describe('verdictOf', () => {
  const failed: DeploymentLook = { progress: 'ProgressDeadlineExceeded' };
  const rows: readonly (readonly [string, DeploymentLook, 'COMPLETED' | 'FAILED' | undefined])[] = [
    ['nothing is said', {}, undefined],
    ['it goes on', { progress: 'ReplicaSetUpdated', total: 2, updated: 1 }, undefined],
    ['complete, of this generation', { ...complete(), generation: 4 }, 'COMPLETED'],
    [
      'complete, of a later one: the look is older than its status',
      { ...complete(), observedGeneration: 9 },
      'COMPLETED',
    ],
    ['complete, of the generation before', { ...complete(), generation: 4, observedGeneration: 3 }, undefined],
    ['complete, but its controller never looked', { ...complete(), observedGeneration: 0 }, undefined],
    ['too late, of this generation', { ...failed, total: 4, updated: 1 }, 'FAILED'],
    ['too late, of the generation before', { ...failed, generation: 4, observedGeneration: 3 }, undefined],
    // On a way back the condition of the rollout that was there before stays.
    [
      'the old condition, and only some replicas are of this template',
      { ...complete(), total: 4, updated: 1 },
      undefined,
    ],
    ['the old condition, and no replica is of this template', { ...complete(), updated: 0 }, undefined],
    ['the old condition, and no replica at all where some are wanted', { ...complete(0), desired: 3 }, undefined],
    ['scaled to 0', complete(0), 'COMPLETED'],
    ['scaled to 0, one replica still there', { ...complete(0), total: 1, updated: 1, ready: 1 }, 'COMPLETED'],
    ['scaled up after it was complete', { ...complete(1), desired: 5 }, 'COMPLETED'],
    ['complete, and not ready any more: that is health', { ...complete(), ready: 0, available: false }, 'COMPLETED'],
    ['paused', { progress: 'DeploymentPaused', total: 3, updated: 3 }, undefined],
  ];
  it.each(rows)('%s', (_, look, verdict) => expect(verdictOf(deploymentFacts(look))).toBe(verdict));
});

describe('deploymentIdOf', () => {
  const SEEDS = Array.from({ length: 300 }, (_, index) =>
    String((BigInt(index) * 3_333_333_333_333_333_331n) % 10n ** 18n),
  );

  it('gives these very ids: they are persisted, and are the startedBy of tasks', () => {
    expect([
      deploymentIdOf('0', 0, 0),
      deploymentIdOf('0', 0, 1),
      deploymentIdOf('123456789012345678', BIRTH, 1),
      deploymentIdOf('123456789012345678', BIRTH, 2),
      deploymentIdOf('123456789012345678', BIRTH + 1000, 1),
      deploymentIdOf('999999999999999999', BIRTH, 1),
    ]).toEqual([
      'ecs-svc/1000000000000000000',
      'ecs-svc/5944271909999158787',
      'ecs-svc/7454580046211504465',
      'ecs-svc/4398851956210663252',
      'ecs-svc/7364579204998504465',
      'ecs-svc/8331123257199158786',
    ]);
  });

  it('19 digits each, and none twice in the life of a service', () => {
    const ids = new Set<string>();
    for (let count = 1; count <= 100_000; count += 1) ids.add(deploymentIdOf('123456789012345678', BIRTH, count));
    expect(ids.size).toBe(100_000);
    expect([...ids].filter((id) => !/^ecs-svc\/[1-9]\d{18}$/.test(id))).toEqual([]);
  });

  it('none twice among many services, made at one instant or made again each second', () => {
    const ids = new Set<string>();
    for (const seed of SEEDS) {
      for (let count = 1; count <= 100; count += 1) ids.add(deploymentIdOf(seed, BIRTH, count));
      for (let second = 1; second <= 100; second += 1) ids.add(deploymentIdOf(seed, BIRTH + second * 1000, 1));
    }
    expect(ids.size).toBe(SEEDS.length * 200);
    expect([...ids].filter((id) => !/^ecs-svc\/[1-9]\d{18}$/.test(id))).toEqual([]);
  });
});

describe('counts', () => {
  it('are those of the Deployment; nothing is pending where more are ready than there', () => {
    const service = new RunningService();
    const counts = [
      { desired: 5, total: 4, ready: 1 },
      { desired: 2, total: 2, ready: 3 },
    ].map((look, second) => service.send(deployment(second, look)).now.context.counts);
    expect(counts).toEqual([
      { desired: 5, running: 1, pending: 3 },
      { desired: 2, running: 3, pending: 0 },
    ]);
  });
});

describe('task sets', () => {
  it('counts are their sums, whichever is PRIMARY', () => {
    const service = new RunningService(EXTERNAL).send(
      taskSet(1, 'a', { desired: 3, total: 3, ready: 2 }),
      taskSet(2, 'b', { desired: 2, total: 1, ready: 0 }),
    );
    expect(service.now.context.counts).toEqual({ desired: 5, running: 2, pending: 2 });
    expect(service.send(taskSetGone(3, 'a')).now.context.counts).toEqual({ desired: 2, running: 0, pending: 1 });
    expect(Object.keys(service.now.context.taskSets)).toEqual(['ts-b']);
    expect(service.now.context.born).toBe(BIRTH);
  });

  it('remember since when they are stable, or are not', () => {
    const service = new RunningService(EXTERNAL);
    const looks = [
      {},
      { total: 1 },
      all(2),
      { ...all(2), primary: false },
      { ...all(2), ready: 1 },
      { ...all(2), total: 3 },
    ];
    const since = looks.map((look, index) => {
      const { updatedAt, stableSince } =
        service.send(taskSet(10 * index, 'a', look)).now.context.taskSets['ts-a'] ?? {};
      return [updatedAt, stableSince];
    });
    expect(since).toEqual([
      [after(0), after(0)],
      [after(10), after(0)],
      [after(20), after(20)],
      [after(30), after(20)],
      [after(40), after(40)],
      [after(50), after(40)],
    ]);
  });

  it('one that nobody knew is gone: no news', () => {
    const service = new RunningService(EXTERNAL).send(taskSet(1, 'a'));
    const { snapshot } = service;
    expect(service.send(taskSetGone(2, 'b')).snapshot).toBe(snapshot);
  });
});

/**
 * The invariants of the service machine, and of its deployments, under messages that no cluster would send.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceIdentity, ServiceMessage } from '../../../machines/service/service.types.js';
import { arbitraryMessages, arbitraryTaskSetMessages } from './arbitraries.js';
import { brokenInvariants } from './invariants.js';
import { EXTERNAL, IDENTITY } from './messages.js';
import { RunningService } from './running-service.js';

/** More of them find no more today; PROPERTY_RUNS asks for more all the same. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 200);

interface Scenario {
  readonly identity: ServiceIdentity;
  readonly messages: readonly ServiceMessage[];
}
const scenario: fc.Arbitrary<Scenario> = fc.oneof(
  { weight: 5, arbitrary: arbitraryMessages.map((messages) => ({ identity: IDENTITY, messages })) },
  { weight: 1, arbitrary: arbitraryTaskSetMessages.map((messages) => ({ identity: EXTERNAL, messages })) },
);

/** A task that has ended is not remembered, and its failure counts: whoever tells of it does so once (T2). */
const isFailedEnd = (message: ServiceMessage): boolean =>
  message.type === 'TASK_MOVED' && message.task.lastStatus === 'STOPPED' && message.task.failed;

describe('under any messages', () => {
  it('keeps S1 to S6 and R1 to R4 after every message', () => {
    fc.assert(
      fc.property(scenario, ({ identity, messages }) => {
        const service = new RunningService(identity);
        for (const message of messages) {
          const before = service.now;
          expect(brokenInvariants(before, message, service.send(message).now)).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('tells each task once which deployment started it (S3)', () => {
    fc.assert(
      fc.property(scenario, ({ identity, messages }) => {
        const service = new RunningService(identity);
        for (const message of messages) {
          const told = service.emitted.length;
          const before = service.now.context.tasks;
          const after = service.send(message).now.context.tasks;
          const fresh = service.emitted.slice(told);
          const isNew = ([taskId, { deployment }]: (typeof entries)[number]) =>
            deployment !== undefined && before[taskId]?.deployment === undefined;
          const entries = Object.entries(after);
          const known = fresh.filter(({ taskId }) => after[taskId] !== undefined);
          expect(known.map(({ taskId, startedBy }) => [taskId, startedBy]).toSorted()).toEqual(
            entries
              .filter(isNew)
              .map(([taskId, { deployment }]) => [taskId, deployment])
              .toSorted(),
          );
          expect(fresh.filter(({ taskId }) => before[taskId]?.deployment !== undefined)).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('a message that says nothing new leaves the very same snapshot, its deployments’ too', () => {
    fc.assert(
      fc.property(scenario, ({ identity, messages }) => {
        const service = new RunningService(identity);
        for (const message of messages) {
          const { snapshot, now } = service.send(message);
          if (isFailedEnd(message)) continue;
          service.send({ ...message, at: message.at + 1 });
          expect(service.snapshot).toBe(snapshot);
          expect(service.now.deployments).toEqual(now.deployments);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('goes on after a restart as if it had never stopped, its deployments too', () => {
    fc.assert(
      fc.property(scenario, fc.nat(30), ({ identity, messages }, cut) => {
        const uninterrupted = new RunningService(identity);
        let restarted = new RunningService(identity);
        for (const [index, message] of messages.entries()) {
          if (index === cut % messages.length) restarted = restarted.restarted();
          const told = uninterrupted.emitted.length;
          const toldAfter = restarted.emitted.length;
          expect(restarted.send(message).now).toEqual(uninterrupted.send(message).now);
          expect(restarted.emitted.slice(toldAfter)).toEqual(uninterrupted.emitted.slice(told));
        }
        expect(restarted.persisted).toEqual(uninterrupted.persisted);
      }),
      { numRuns: RUNS },
    );
  });
});

/**
 * The invariants of the task machine under messages that no cluster would send.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../../machines/semantics.js';
import type { TaskContext, TaskInput } from '../../../machines/task/task.types.js';
import { arbitraryIdentity, arbitraryMessages } from './arbitraries.js';
import { brokenInvariants } from './invariants.js';
import { startTask } from './running-task.js';

/** More of them find no more today; PROPERTY_RUNS asks for more all the same. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300);

const scenario = fc.tuple(arbitraryIdentity, fc.constantFrom(...PROFILE_NAMES)).chain(([identity, profile]) =>
  fc.record({
    input: fc.constant<TaskInput>({ identity, profile }),
    messages: arbitraryMessages(identity.containers),
  }),
);

describe('under any messages', () => {
  it('keeps T1 to T8 after every message', () => {
    fc.assert(
      fc.property(scenario, ({ input, messages }) => {
        const task = startTask(input);
        for (const message of messages) {
          const before = task.now();
          task.send(message);
          expect(brokenInvariants(before, task.now())).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('answers a repeated message with the same context object (T7)', () => {
    fc.assert(
      fc.property(scenario, ({ input, messages }) => {
        const task = startTask(input);
        for (const message of messages) {
          task.send(message);
          const { context } = task.now();
          task.send({ ...message, at: message.at + 1 });
          expect(task.now().context).toBe(context);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('goes on after a restart as if it had never stopped', () => {
    fc.assert(
      fc.property(scenario, fc.nat(13), ({ input, messages }, cut) => {
        const uninterrupted = startTask(input);
        let restarted = startTask(input);
        for (const [index, message] of messages.entries()) {
          if (index === cut) {
            const { context, lastStatus } = restarted.now();
            // What JSON gives back is what it was given.
            restarted = startTask(input, { context: JSON.parse(JSON.stringify(context)) as TaskContext, lastStatus });
          }
          uninterrupted.send(message);
          restarted.send(message);
          expect(restarted.now()).toEqual(uninterrupted.now());
        }
      }),
      { numRuns: RUNS },
    );
  });
});

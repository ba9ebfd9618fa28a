/**
 * Owns a task actor as the tests hold it: started or restored, told messages, asked what it is.
 */
import { createActor } from 'xstate';
import { lastStatusOf, stateValueOf, taskMachine } from '../../../machines/task/task.machine.js';
import type { TaskInput, TaskMessage } from '../../../machines/task/task.types.js';
import type { Step } from './invariants.js';

export interface RunningTask {
  now(): Step;
  send(...messages: readonly TaskMessage[]): Step;
  /** How many steps XState took so far. */
  readonly microsteps: number;
}

/** Starts a task; with `restored` from there instead of from its birth. An exception in it fails the test. */
export function startTask(input: TaskInput, restored?: Step): RunningTask {
  const snapshot =
    restored === undefined
      ? undefined
      : taskMachine.resolveState({ value: stateValueOf(restored.lastStatus), context: restored.context });
  let microsteps = 0;
  const actor = createActor(taskMachine, {
    input,
    ...(snapshot === undefined ? {} : { snapshot }),
    inspect: (inspected) => {
      if (inspected.type === '@xstate.microstep') microsteps += 1;
    },
  });
  actor.subscribe({
    error: (error) => {
      throw error;
    },
  });
  actor.start();
  const now = (): Step => {
    const { context, value } = actor.getSnapshot();
    return { context, lastStatus: lastStatusOf(value) };
  };
  return {
    now,
    send: (...messages) => {
      for (const message of messages) actor.send(message);
      return now();
    },
    get microsteps() {
      return microsteps;
    },
  };
}

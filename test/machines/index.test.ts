/**
 * What `ecstate/machines` offers to other people's tests: every machine by its name, what each ignores, and nothing by accident.
 */
import { describe, expect, it } from 'vitest';
import * as catalogue from '../../machines/index.js';
import type { MachineName } from '../../machines/index.js';
import { diagramOf } from '../../visualizations/diagram.js';
import type { DiagramState } from '../../visualizations/diagram.js';

const { MACHINES } = catalogue;

const pathsOf = (state: DiagramState): readonly string[] => [state.path, ...state.states.flatMap(pathsOf)];
/** The lists speak of a leaf by its own name, or by its whole path. */
const statesOf = (name: MachineName): readonly string[] =>
  pathsOf(diagramOf(MACHINES[name]).root).flatMap((path) => [path, path.split('.').at(-1) ?? path]);

describe('the catalogue', () => {
  it('has these names', () => {
    expect(Object.keys(catalogue).toSorted()).toEqual([
      'DEPLOYMENT_ROLES',
      'IGNORED_BY_ROLLOUT',
      'IGNORED_BY_SERVICE',
      'IGNORED_BY_SIDECAR',
      'IGNORED_BY_TASK',
      'IGNORED_BY_WATCH',
      'LAST_STATUSES',
      'MACHINES',
      'PROFILES',
      'PROFILE_NAMES',
      'READY_STATES',
      'ROLLOUT_STATES',
      'SERVICE_ROWS',
      'SERVICE_STATUSES',
      'TASK_ROWS',
      'WATCH_STATES',
      'describeCause',
      'lastStatusOf',
      'rankOf',
      'rolloutMachine',
      'serviceMachine',
      'sidecarMachine',
      'stateValueOf',
      'taskMachine',
      'watchMachine',
      'watchState',
    ]);
  });

  it('has every machine under its own id', () => {
    expect(Object.entries(MACHINES).map(([name, machine]) => [name, machine.id])).toEqual(
      ['task', 'service', 'rollout', 'watch', 'sidecar'].map((name) => [name, name]),
    );
  });

  it.each([
    ['task', catalogue.IGNORED_BY_TASK.map(({ state }) => state)],
    ['service', catalogue.IGNORED_BY_SERVICE.map(({ state }) => state)],
    ['rollout', catalogue.IGNORED_BY_ROLLOUT.map(({ state }) => state)],
    ['watch', catalogue.IGNORED_BY_WATCH.flatMap(({ states }) => states)],
    ['sidecar', catalogue.IGNORED_BY_SIDECAR.map(({ state }) => state)],
  ] as const)('lists what the %s ignores by states that it has', (name, states) => {
    const known = statesOf(name);
    expect(states.filter((state) => !known.includes(state))).toEqual([]);
    expect(states).not.toEqual([]);
  });
});

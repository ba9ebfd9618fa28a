/** `ecstate diagram`: the statecharts as Mermaid and as data. */
import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { MACHINES } from '../../machines/index.js';
import { diagramOf } from '../../visualizations/diagram.js';
import { mermaidOf } from '../../visualizations/mermaid.js';
import { ecstate } from './harness.js';

describe('ecstate diagram', () => {
  test.each(Object.keys(MACHINES))(
    'draws the %s as visualizations/diagrams has it (vitest -u draws anew)',
    async (name) => {
      const { exitCode, stdout, stderr } = await ecstate(`diagram ${name}`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      await expect(stdout).toMatchFileSnapshot(`../../visualizations/diagrams/${name}.mmd`);
    },
  );

  test('draws the ordinary path and the catching up of a task', async () => {
    const { stdout } = await ecstate('diagram task');
    const lines = stdout.split('\n');
    for (const line of [
      'stateDiagram-v2',
      '  [*] --> up',
      '    [*] --> PROVISIONING',
      '    PENDING : POD_OBSERVED [readsAtMost PENDING] / observe',
      '    PENDING --> ACTIVATING : POD_OBSERVED [reads ACTIVATING]',
      '    up_any --> RUNNING : POD_OBSERVED [reads RUNNING]',
      '  up_any --> STOPPING : STOP_REQUESTED [stopsAtOnce]',
      '  RUNNING --> DEACTIVATING : POD_OBSERVED [reads DEACTIVATING]',
      '  any --> STOPPED : POD_GONE',
      '    STOPPED --> [*]',
    ]) {
      expect(lines).toContain(line);
    }
  });

  test('draws the way of a service, and the two regions of a rollout', async () => {
    const service = (await ecstate('diagram service')).stdout.split('\n');
    for (const line of [
      '  [*] --> PENDING',
      '  PENDING --> ACTIVE : DEPLOYMENT_OBSERVED [isAvailable]',
      '  ACTIVE --> DRAINING : DEPLOYMENT_GONE',
      '  DRAINING --> INACTIVE : TASK_MOVED [lastTaskStopped]',
      '  any : NOTICED / react',
      '  INACTIVE --> [*]',
    ]) {
      expect(service).toContain(line);
    }
    const rollout = (await ecstate('diagram rollout')).stdout.split('\n');
    expect(rollout.filter((line) => /^ {2}\S/.test(line))).toEqual([
      '  state "role" as role {',
      '  }',
      '  --',
      '  state "rollout" as rollout {',
      '  }',
    ]);
    expect(rollout).toContain('    PRIMARY --> ACTIVE : SUPERSEDED');
    expect(rollout).toContain('    FAILED --> COMPLETED : PROGRESS_REPORTED [isCompleted]');
  });

  test('gives a machine as data', async () => {
    const { exitCode, stdout } = await ecstate('diagram task -o json');
    const { machine, root, transitions } = JSON.parse(stdout);
    expect({ exitCode, machine, initial: root.initial, first: transitions[0] }).toEqual({
      exitCode: 0,
      machine: 'task',
      initial: 'up',
      first: { source: '', event: 'POD_GONE', target: 'down.STOPPED', actions: ['bury'] },
    });
    expect(root.states[0].states[1]).toEqual({ path: 'up.PENDING', name: 'PENDING', kind: 'atomic', states: [] });
    expect(transitions).toContainEqual({
      source: 'up.PENDING',
      event: 'POD_OBSERVED',
      guard: 'reads ACTIVATING',
      target: 'up.ACTIVATING',
      actions: ['observe'],
    });
    expect(transitions).toContainEqual({
      source: 'up.PENDING',
      event: 'POD_OBSERVED',
      guard: 'readsAtMost PENDING',
      actions: ['observe'],
    });
  });

  test('names the machines that there are', async () => {
    expect(await ecstate('diagram tasks')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        "error: command-argument value 'tasks' is invalid for argument 'machine'. Allowed choices are task, service, rollout, watch, sidecar. (USAGE_INVALID)\n",
    });
  });
});

test('what else a machine may have: regions, names that repeat, delays, eventless and forbidden transitions, reentry', () => {
  const machine = setup({
    types: { events: {} as { type: 'go' } | { type: 'no' }, context: {} as { n: number } },
  }).createMachine({
    id: 'odd',
    context: { n: 0 },
    type: 'parallel',
    on: { go: '.left.on' },
    states: {
      left: {
        initial: 'off',
        states: {
          off: { after: { 5000: 'on' }, on: { go: { target: 'off', reenter: true }, no: {} } },
          on: {
            always: [
              { guard: ({ context }) => context.n === 1, target: 'off' },
              { guard: ({ context }) => ['a', 'b'].length === context.n, target: 'end' },
            ],
          },
          end: { type: 'final' },
        },
      },
      right: { initial: 'off', states: { off: {} } },
    },
  });
  expect(mermaidOf(diagramOf(machine))).toBe(
    [
      'stateDiagram-v2',
      '  state "left" as left {',
      '    [*] --> left_off',
      '    state "off" as left_off',
      '    state "on" as on',
      '    state "end" as end',
      '    left_off --> left_off : go',
      '    left_off --> on : after 5s',
      '    on --> left_off : always [context.n === 1]',
      '    on --> end : always [a condition]',
      '    end --> [*]',
      '  }',
      '  --',
      '  state "right" as right {',
      '    [*] --> right_off',
      '    state "off" as right_off',
      '  }',
      '  state "any state" as any',
      '  any --> on : go',
      '',
    ].join('\n'),
  );
});

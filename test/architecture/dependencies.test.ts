/**
 * The dependency rule, over the imports as they are; and that it bites.
 */
import { describe, expect, it } from 'vitest';
import { violations } from './rules.js';
import { filesUnder, importsOf, textOf } from './sources.js';
import type { Import } from './sources.js';

const imports = filesUnder(['machines', 'src', 'visualizations'], /\.ts$/).flatMap((file) =>
  importsOf(file, textOf(file)),
);

describe('the imports of machines, src and visualizations', () => {
  it('keep the dependency rule', () => {
    expect(violations(imports)).toEqual([]);
  });

  it('are all seen: the ends of the graph are there', () => {
    const pairs = imports.map(({ from, to }) => `${from} → ${to}`);
    for (const pair of [
      'machines/task/task.machine.ts → xstate',
      'src/observe/pod.ts → machines/task/task.types.ts',
      'src/store/lmdb-store.ts → lmdb',
      'src/sidecar.ts → src/store/lmdb-store.ts',
      'src/system/task-registry.ts → machines/task/task.machine.ts',
    ]) {
      expect(pairs).toContain(pair);
    }
  });
});

describe('the dependency rule bites', () => {
  const edge = (from: string, to: string, typeOnly = false): Import => ({ from, to, typeOnly });

  it.each([
    ['a machine that does I/O', edge('machines/task/observe.ts', 'node:fs')],
    ['a machine that knows its observer', edge('machines/task/observe.ts', 'src/observe/pod.ts')],
    ['a machine that knows another', edge('machines/task/observe.ts', 'machines/watch/backoff.ts')],
    ['a machine that runs another', edge('machines/service/service.machine.ts', 'machines/task/task.machine.ts')],
    ['a machine with a library', edge('machines/task/observe.ts', 'lmdb')],
    ['an observer that projects', edge('src/observe/pod.ts', 'src/project/task.ts')],
    ['an observer that knows the system', edge('src/observe/pod.ts', 'src/system/messages.ts', true)],
    ['an observer that hashes by itself', edge('src/observe/pod.ts', 'node:crypto')],
    ['a projection that does I/O', edge('src/project/task.ts', 'node:fs/promises')],
    ['a system that knows its store', edge('src/system/system.ts', 'src/store/lmdb-store.ts')],
    ['a system that knows LMDB', edge('src/system/system.ts', 'lmdb')],
    ['a system that knows the cluster', edge('src/system/turn.ts', 'src/kubernetes/list-watch.ts', true)],
    ['a store that knows the cluster', edge('src/store/lmdb-store.ts', 'src/kubernetes/list-watch.ts')],
    ['a server that knows the store', edge('src/http/server.ts', 'src/store/lmdb-store.ts')],
    ['a proxy that knows the server', edge('src/kecs/proxy.ts', 'src/http/server.ts')],
    ['telemetry that runs the system', edge('src/telemetry/metrics.ts', 'src/system/system.ts')],
    ['a leaf that knows anything', edge('src/errors.ts', 'src/telemetry/logger.ts')],
    ['a configuration that starts things', edge('src/config/settings.ts', 'src/sidecar.ts')],
    ['a simulator that knows the product', edge('src/simulator/timers.ts', 'src/observe/pod.ts')],
    ['a second composition root', edge('src/replay/replay.ts', 'src/store/lmdb-store.ts')],
    ['a root that knows the command line', edge('src/sidecar.ts', 'src/cli/main.ts')],
    ['a command that opens the store', edge('src/cli/main.ts', 'src/store/open-store.ts')],
    ['a picture of more than machines', edge('visualizations/diagram.ts', 'src/system/system.ts')],
    ['a folder that nobody has thought of', edge('src/helpers/misc.ts', 'src/errors.ts')],
    ['tests in the product', edge('src/system/system.ts', 'test/support/task-messages.ts')],
  ])('%s', (_, forbidden) => {
    expect(violations([forbidden])).toHaveLength(1);
    expect(violations([...imports, forbidden])).toHaveLength(violations(imports).length + 1);
  });

  it('and says what is wrong', () => {
    expect(violations([edge('src/observe/pod.ts', 'src/project/task.ts')])).toEqual([
      'src/observe/pod.ts imports src/project/task.ts: observe may not import project',
    ]);
  });
});

describe('the reading of imports', () => {
  it('finds every form, and nothing in comments or strings', () => {
    const source = `
      /** import { no } from 'comment'; */
      import a from 'a';
      import type { B } from './b.js';
      import {
        c, // from 'comment'
        d,
      } from '../c/d.js';
      export * from './e.js';
      export type { F } from './f.js';
      import 'side-effect';
      const later = await import('./g.js');
      const text = "import { no } from 'string'";
      export const url = 'https://example.org'; // import x from 'y'
    `;
    expect(importsOf('src/x/y.ts', source).map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to))).toEqual([
      'a',
      'type src/x/b.ts',
      'src/c/d.ts',
      'src/x/e.ts',
      'type src/x/f.ts',
      'side-effect',
      'src/x/g.ts',
    ]);
  });
});

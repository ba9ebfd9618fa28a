/**
 * Owns the dependency rule as data: which layer a file belongs to, and what each layer may import.
 *
 *     machines ← observe, project ← system ← kubernetes, store, http, kecs, delivery ← sidecar.ts ← replay ← cli
 */
import type { Import } from './sources.js';

interface Layer {
  /** A layer includes those whose names begin with its own and a slash. */
  readonly name: string;
  readonly files: RegExp;
  /** The layers that it may import. */
  readonly layers: readonly string[];
  /** The layers of which it may import types alone. */
  readonly types?: readonly string[];
  /** The packages that it may import. */
  readonly packages?: readonly string[];
  /** It may import Node's own modules. Pure layers may not. */
  readonly node: boolean;
}

const BELOW_SYSTEM = ['machines', 'observe', 'project'];
const BELOW_ROOT = [...BELOW_SYSTEM, 'system', 'telemetry', 'errors', 'version'];

/** The first whose pattern a file matches is its layer. */
const LAYERS: readonly Layer[] = [
  { name: 'machines/semantics', files: /^machines\/semantics\.ts$/, layers: [], node: false },
  {
    name: 'machines/task',
    files: /^machines\/task\//,
    layers: ['machines/semantics'],
    packages: ['xstate'],
    node: false,
  },
  {
    name: 'machines/service',
    files: /^machines\/service\//,
    layers: ['machines/semantics'],
    // The vocabulary that services and their tasks share: instants, statuses, launch types.
    types: ['machines/task'],
    packages: ['xstate'],
    node: false,
  },
  { name: 'machines/watch', files: /^machines\/watch\//, layers: [], packages: ['xstate'], node: false },
  { name: 'machines/sidecar', files: /^machines\/sidecar\//, layers: [], packages: ['xstate'], node: false },
  { name: 'machines/index', files: /^machines\/index\.ts$/, layers: ['machines'], node: false },

  { name: 'errors', files: /^src\/errors\.ts$/, layers: [], node: false },
  { name: 'version', files: /^src\/version\.ts$/, layers: [], node: true },
  // A hash is a function: no state, no I/O.
  { name: 'observe/hash', files: /^src\/observe\/hash\.ts$/, layers: [], packages: ['node:crypto'], node: false },
  { name: 'observe', files: /^src\/observe\//, layers: ['machines', 'observe'], node: false },
  { name: 'project', files: /^src\/project\//, layers: ['machines', 'observe'], node: false },
  { name: 'system/clock', files: /^src\/system\/clock\.ts$/, layers: [], node: false },
  {
    name: 'system',
    files: /^src\/system\//,
    layers: [...BELOW_SYSTEM, 'system', 'errors'],
    packages: ['xstate'],
    node: true,
  },
  {
    name: 'telemetry',
    files: /^src\/telemetry\//,
    layers: ['machines', 'errors'],
    types: ['system'],
    packages: ['pino', 'prom-client'],
    node: true,
  },
  { name: 'config', files: /^src\/config\//, layers: ['machines/semantics', 'telemetry', 'errors'], node: true },

  {
    name: 'kubernetes',
    files: /^src\/kubernetes\//,
    layers: BELOW_ROOT,
    packages: ['@kubernetes/client-node', 'xstate'],
    node: true,
  },
  { name: 'store', files: /^src\/store\//, layers: BELOW_ROOT, packages: ['lmdb'], node: true },
  { name: 'http', files: /^src\/http\//, layers: [...BELOW_ROOT, 'visualizations'], node: true },
  { name: 'kecs', files: /^src\/kecs\//, layers: BELOW_ROOT, node: true },
  { name: 'delivery', files: /^src\/delivery\//, layers: BELOW_ROOT, node: true },
  { name: 'simulator', files: /^src\/simulator\//, layers: ['system/clock', 'errors'], node: true },

  { name: 'sidecar/port', files: /^src\/sidecar\.port\.ts$/, layers: [...BELOW_SYSTEM, 'system'], node: false },
  // The one composition root, and its own parts: nothing else may know the store, the server and the watches.
  {
    name: 'sidecar',
    files: /^src\/(?:sidecar|sidecar-metrics|watch-synced)\.ts$/,
    layers: [...BELOW_ROOT, 'config', 'kubernetes', 'store', 'http', 'kecs', 'delivery', 'sidecar'],
    packages: ['xstate'],
    node: true,
  },
  // Beside the root: it composes a sidecar of its own, on a recorded cluster.
  { name: 'replay', files: /^src\/replay\//, layers: [...BELOW_ROOT, 'kubernetes', 'sidecar'], node: true },
  {
    name: 'index',
    files: /^src\/index\.ts$/,
    layers: [...BELOW_ROOT, 'kubernetes', 'simulator', 'sidecar', 'replay'],
    node: false,
  },
  {
    name: 'cli',
    files: /^src\/cli\//,
    layers: [...BELOW_ROOT, 'config', 'kubernetes', 'simulator', 'sidecar', 'replay', 'visualizations'],
    packages: ['commander', 'xstate'],
    node: true,
  },
  { name: 'visualizations', files: /^visualizations\//, layers: ['machines'], packages: ['xstate'], node: false },
];

/** The layer that a file belongs to. */
export const layerOf = (file: string): Layer | undefined => LAYERS.find(({ files }) => files.test(file));

const includes = (layers: readonly string[], name: string): boolean =>
  layers.some((layer) => name === layer || name.startsWith(`${layer}/`));

/** What these imports do that the rule forbids, in words. */
export function violations(imports: readonly Import[]): readonly string[] {
  return imports.flatMap(({ from, to, typeOnly }) => {
    const layer = layerOf(from);
    if (layer === undefined) return [`${from} belongs to no layer`];
    if (!/^(machines|src|visualizations|test)\//.test(to)) {
      const allowed = layer.packages?.includes(to) === true || (to.startsWith('node:') && layer.node);
      return allowed ? [] : [`${from} imports ${to}: ${layer.name} may not`];
    }
    const target = layerOf(to);
    if (target === undefined) return [`${from} imports ${to}, which belongs to no layer`];
    const may = typeOnly ? [...layer.layers, ...(layer.types ?? [])] : layer.layers;
    if (target.name === layer.name || includes(may, target.name)) return [];
    return [
      `${from} imports ${to}: ${layer.name} may not import ${target.name}${typeOnly ? ', not even its types' : ''}`,
    ];
  });
}

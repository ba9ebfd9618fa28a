/**
 * The objects themselves, byte for byte: what the simulator makes of the manifest of a recording is the text that the
 * real cluster sent, but for what differs in every cluster (identities, addresses, instants, names of nodes).
 */
import { expect, it } from 'vitest';
import { encodeObject } from '../../../src/simulator/api/encode.js';
import type { ContainerScript } from '../../../src/simulator/kubelet/script.js';
import type { Container, CoreEvent, Deployment, KubeObject, Pod, ReplicaSet } from '../../../src/simulator/objects.js';
import { DEPLOYMENTS, PODS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import { recorded } from './recording.js';
import type { Seen } from './timeline.js';
import { Timeline } from './timeline.js';

/** What differs in every cluster, and what stands for it. Names of replica sets and pods before parts of them. */
const DIFFERENT: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>'],
  [/"resourceVersion":"\d+"/g, '"resourceVersion":"<version>"'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<instant>'],
  [/[0-9a-f]{64}/g, '<sha256>'],
  [/10\.2\d\d\.\d+\.\d+/g, '<address>'],
  [/(rig|sim)-node-\d/g, '<node>'],
  [/kube-api-access-\w{5}/g, '<volume>'],
  [/"manager":"(unknown|simulator)"/g, '"manager":"<client>"'],
  [/web-[bcdf-hj-np-tv-xz2456789]{8,10}-[a-z0-9]{5}/g, '<pod>'],
  [/web-[bcdf-hj-np-tv-xz2456789]{8,10}/g, '<replica set>'],
  [/"pod-template-hash":"\w+"/g, '"pod-template-hash":"<hash>"'],
  [/"kecs.dev\/task-id":"\w{32}"/g, '"kecs.dev/task-id":"<id>"'],
  [/default-scheduler-\w+/g, '<scheduler>'],
  [/\.18[0-9a-f]{14}"/g, '.<nanoseconds>"'],
];

function wire(object: KubeObject): string {
  const { managedFields, ...metadata } = object.metadata;
  // Writers are ordered by time, and two of one second by name; Events of the scheduler are written in another API group.
  const owners = [...(managedFields ?? [])].sort((a, b) => (a.manager < b.manager ? -1 : 1));
  const shown = object.kind === 'Event' ? metadata : { ...metadata, managedFields: owners };
  const text = encodeObject({ ...object, metadata: shown });
  return DIFFERENT.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), text);
}

/** The texts of new Events, each once, in no particular order. */
function eventTexts(events: readonly Seen<CoreEvent>[]): string[] {
  const created = events.filter(({ type, object }) => type === 'ADDED' && object.reason !== 'FailedMount');
  return [...new Set(created.map(({ object }) => wire(object)))].sort();
}

const START = Date.parse('2026-11-23T04:08:00.250Z');

interface Scenario {
  readonly scripts?: Readonly<Record<string, ContainerScript>>;
  /** After how many seconds the pod is deleted. */
  readonly deletedAt?: number;
}

const tasks: readonly (readonly [name: string, scenario: Scenario])[] = [
  ['task-success', { scripts: { main: { exitAfter: 4_000 } }, deletedAt: 8 }],
  ['task-exit-3', { scripts: { main: { exitAfter: 4_000, exitCode: 3 } }, deletedAt: 8 }],
  ['oom', { scripts: { main: { exitAfter: 3_000, oomKilled: true } } }],
  ['stop-sigterm-0', { scripts: { main: {} }, deletedAt: 4 }],
  ['stop-prestop', { scripts: { main: { stopTime: 5_000 } }, deletedAt: 4 }],
  ['image-missing', { deletedAt: 70 }],
  [
    'config-error',
    { scripts: { main: { createError: 'secret "db" not found', createFailures: 3, exitAfter: 4_000 } } },
  ],
  [
    'init-success',
    {
      scripts: {
        'artifact-downloader-main': { exitAfter: 2_000 },
        second: { exitAfter: 2_000 },
        main: { exitAfter: 2_000 },
      },
    },
  ],
  [
    'multi-sidecar-fails',
    { scripts: { main: { exitAfter: 10_000 }, 'sidecar-nonessential': { exitAfter: 3_000, exitCode: 1 } } },
  ],
  ['liveness-never', { scripts: { main: { readyAfter: 1_000, livenessFailsAfter: 10_000 } } }],
  ['deadline-exceeded', { scripts: { main: {} } }],
  ['unschedulable', { deletedAt: 15 }],
];

/** The manifest that a recorded pod was made from: without what the API server added. */
function manifestOf({ metadata, spec }: Pod) {
  const { name, namespace, labels, annotations } = metadata;
  const bare = ({ volumeMounts: _mounts, ...container }: Container): Container => container;
  const added = { volumes: undefined, tolerations: undefined, priority: undefined, preemptionPolicy: undefined };
  const account = { serviceAccount: undefined, serviceAccountName: undefined };
  return {
    metadata: { name, namespace, labels, annotations },
    spec: {
      ...spec,
      ...added,
      ...account,
      containers: spec.containers.map(bare),
      initContainers: spec.initContainers?.map(bare),
    },
  };
}

it.each(tasks)('%s', (name, { scripts = {}, deletedAt }) => {
  const expected = recorded<Pod>(name, 'pods');
  const first = expected[0]?.object;
  if (first === undefined) throw new Error('an empty recording');
  const clock = new ManualClock(START);
  const simulator = createSimulator({
    clock,
    seed: 11,
    images: ['busybox:1.35'],
    scriptFor: (_pod, container) => scripts[container],
  });
  const timeline = new Timeline(simulator);
  simulator.objects.create(PODS, manifestOf(first));
  clock.advance((deletedAt ?? 0) * 1000);
  if (deletedAt !== undefined) simulator.objects.delete(PODS, first.metadata.namespace, first.metadata.name);
  clock.advance(60_000);

  expect(timeline.pods.map(({ object }) => wire(object))).toEqual(expected.map(({ object }) => wire(object)));
  expect(eventTexts(timeline.events)).toEqual(eventTexts(recorded(name, 'events')));
});

it('deploy-create', () => {
  const expected = recorded<Deployment>('deploy-create', 'deployments');
  const first = expected[0]?.object;
  if (first === undefined) throw new Error('an empty recording');
  const clock = new ManualClock(START);
  const simulator = createSimulator({ clock, seed: 11, images: ['web:v1'], scriptFor: () => ({ readyAfter: 1_500 }) });
  const timeline = new Timeline(simulator);
  const { name, namespace, labels, annotations } = first.metadata;
  simulator.objects.create(DEPLOYMENTS, { metadata: { name, namespace, labels, annotations }, spec: first.spec });
  clock.advance(10_000);

  expect(timeline.deployments.map(({ object }) => wire(object))).toEqual(expected.map(({ object }) => wire(object)));
  expect(timeline.replicaSets.map(({ object }) => wire(object))).toEqual(
    recorded<ReplicaSet>('deploy-create', 'replicasets').map(({ object }) => wire(object)),
  );
  expect(eventTexts(timeline.events)).toEqual(eventTexts(recorded('deploy-create', 'events')));
  // Each of the three pods goes through the same five states.
  const states = (pods: readonly Seen<Pod>[]) => [...new Set(pods.map(({ object }) => wire(object)))].sort();
  expect(states(timeline.pods)).toEqual(states(recorded('deploy-create', 'pods')));
});

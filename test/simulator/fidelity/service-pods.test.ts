/** Pods of services whose containers come and go, held to recordings of a real cluster, change by change. */
import { expect, it } from 'vitest';
import type { ContainerScript } from '../../../src/simulator/kubelet/script.js';
import type { Pod } from '../../../src/simulator/objects.js';
import { PODS } from '../../../src/simulator/resources.js';
import { container, TestCluster } from '../cluster.js';
import { recorded } from './recording.js';
import type { Seen } from './timeline.js';
import { podLine } from './timeline.js';

interface Scenario {
  readonly recording: string;
  /** The end of the name of the recorded pod. */
  readonly pod: string;
  readonly script: ContainerScript;
  readonly probed?: boolean;
  readonly grace?: number;
  /** What the pod shows when it is deleted, and how often it was restarted then. */
  readonly deletedWhen: (line: string) => boolean;
}

const scenarios: readonly Scenario[] = [
  {
    recording: 'oom-always',
    pod: '285g5',
    script: { exitAfter: 2_500, oomKilled: true },
    deletedWhen: (line) => line.endsWith('main=T:OOMKilled/137<T:OOMKilled/137> x2'),
  },
  {
    recording: 'deploy-crashloop',
    pod: 'mxc45',
    script: { exitAfter: 1_000, exitCode: 1 },
    deletedWhen: (line) => line.endsWith('main=T:Error/1<T:Error/1> x3'),
  },
  {
    recording: 'readiness-flapping',
    pod: '5fx98',
    script: { readiness: { ready: 6_000, unready: 6_000 }, ignoresTerm: true, statusLost: true },
    probed: true,
    grace: 2,
    // Not ready for the fifth time: once before it was ever ready, and four times after.
    deletedWhen: (() => {
      let unready = 0;
      return (line: string) => line.startsWith('MODIFIED Running') && line.endsWith('main=R') && ++unready === 5;
    })(),
  },
];

it.each(scenarios.map((scenario) => [scenario.recording, scenario] as const))('%s', (_name, scenario) => {
  const { recording, pod, script, probed, grace, deletedWhen } = scenario;
  const cluster = new TestCluster({ scripts: { main: script } });
  const seen: Seen<Pod>[] = [];
  let ripe = false;
  cluster.simulator.objects.subscribe(PODS, (change) => {
    seen.push(change);
    ripe ||= deletedWhen(podLine(change));
  });
  const probe = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 2 };
  const main = probed === true ? container('main', { readinessProbe: probe }) : container('main');
  cluster.run('web', { restartPolicy: 'Always', terminationGracePeriodSeconds: grace, containers: [main] });
  for (let second = 0; !ripe && second < 200; second++) cluster.wait(1);
  cluster.deletePod('web');
  cluster.wait(60);
  const expected = recorded<Pod>(recording, 'pods').filter(({ object }) => object.metadata.name.endsWith(pod));
  expect(seen.map(podLine)).toEqual(expected.map(podLine));
});

it('a pod that is made for a node, drained: as in node-drain', () => {
  const cluster = new TestCluster({ scripts: { main: {} } });
  const seen: Seen<Pod>[] = [];
  cluster.simulator.objects.subscribe(PODS, (change) => seen.push(change));
  cluster.run('task', { nodeName: 'sim-node-1', containers: [container('main')] });
  cluster.wait(7);
  cluster.deletePod('task');
  cluster.wait(60);
  const expected = recorded<Pod>('node-drain', 'pods').filter(
    ({ object }) => object.metadata.ownerReferences === undefined,
  );
  expect(seen.map(podLine)).toEqual(expected.map(podLine));
});

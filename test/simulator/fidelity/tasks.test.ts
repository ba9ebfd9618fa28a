/**
 * RunTask pods, held to recordings of a real cluster: each scenario's expectation is what its recording shows, and what
 * the simulator does. Lines are those of timeline.ts; Events are compared by their first occurrence, in any order, for
 * a real cluster has no order there either.
 */
import { describe, expect, it } from 'vitest';
import type { ContainerScript } from '../../../src/simulator/kubelet/script.js';
import type { CoreEvent, Pod } from '../../../src/simulator/objects.js';
import { PODS } from '../../../src/simulator/resources.js';
import type { Simulator } from '../../../src/simulator/simulator.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import { ManualClock } from '../../../src/system/clock.js';
import { recorded } from './recording.js';
import type { Seen } from './timeline.js';
import { podLine, Timeline } from './timeline.js';

interface Scenario {
  /** The recording, in test/recordings. */
  readonly name: string;
  readonly spec: { readonly containers: readonly object[] } & Readonly<Record<string, unknown>>;
  /** What the containers do, by name. */
  readonly scripts?: Readonly<Record<string, ContainerScript>>;
  readonly act: (run: Run) => void;
  readonly pods: readonly string[];
  readonly events: readonly string[];
}

/** A scenario under way. */
interface Run {
  readonly simulator: Simulator;
  wait(seconds: number): void;
  delete(gracePeriodSeconds?: number): void;
}

const NAMESPACE = 'task-us-east-1';
const NAME = '906ebcfa05c9e7e808d4b935e8098fc3';

function play({ spec, scripts = {}, act }: Scenario): Timeline {
  const clock = new ManualClock(Date.parse('2026-11-23T04:08:00.250Z'));
  const simulator = createSimulator({
    clock,
    seed: 11,
    images: ['busybox:1.35'],
    scriptFor: (_pod, name) => scripts[name],
  });
  const timeline = new Timeline(simulator);
  simulator.objects.create(PODS, {
    metadata: { namespace: NAMESPACE, name: NAME },
    spec: { restartPolicy: 'Never', ...spec },
  });
  act({
    simulator,
    wait: (seconds) => clock.advance(seconds * 1000),
    delete: (gracePeriodSeconds) => simulator.objects.delete(PODS, NAMESPACE, NAME, { gracePeriodSeconds }),
  });
  return timeline;
}

/** What comes by chance: a mount that was late, a probe that met a container after its end. */
const BY_CHANCE = /^MountVolume\.SetUp failed|^Readiness probe errored/;

/** First occurrences, without what is different in every cluster. */
function eventTexts(events: readonly Seen<CoreEvent>[]): string[] {
  return events
    .filter(({ type, object }) => type === 'ADDED' && !BY_CHANCE.test(object.message))
    .map(({ object: { type, reason, message, involvedObject } }) =>
      `${type} ${reason}: ${message}`
        .replace(`${involvedObject.namespace}/${involvedObject.name}`, '<pod>')
        .replace(/(rig|sim)-node-\d/, '<node>')
        .replace(/pulling from host \S+/, 'pulling from host <registry>'),
    )
    .sort();
}

const UNREADY = 'Init:T Ready:F(ContainersNotReady) CR:F(ContainersNotReady) Sch:T';
const READY = 'Init:T Ready:T CR:T Sch:T';
const COMPLETED = 'Init:T(PodCompleted) Ready:F(PodCompleted) CR:F(PodCompleted) Sch:T';
const UNINITIALIZED = 'Init:F(ContainersNotInitialized) Ready:F(ContainersNotReady) CR:F(ContainersNotReady) Sch:T';

const PLACED = ['ADDED Pending', 'MODIFIED Pending node | Sch:T'];
const CREATING = [...PLACED, `MODIFIED Pending node start | ${UNREADY} | main=W:ContainerCreating noid`];
const RUNNING = [...CREATING, `MODIFIED Running node start ip | ${READY} | main=R rdy`];

const SCHEDULED = 'Normal Scheduled: Successfully assigned <pod> to <node>';
const started = (name = 'main') => [
  `Normal Created: Created container ${name}`,
  'Normal Pulled: Container image "busybox:1.35" already present on machine',
  `Normal Started: Started container ${name}`,
];
const RAN = [...started(), SCHEDULED];
const STOPPED = 'Normal Killing: Stopping container main';

const main = (more: object = {}) => ({ name: 'main', image: 'busybox:1.35', ...more });
const named = (name: string) => ({ name, image: 'busybox:1.35' });

/** The status of a pod that waits, for whatever reason. */
const waiting = (reason: string, head = 'MODIFIED') =>
  `${head} Pending node start ip | ${UNREADY} | main=W:${reason} noid`;
const gone = (line: string) => [
  line.replace(/DEL\(\d+\)/, 'DEL(0)'),
  line.replace(/MODIFIED DEL\(\d+\)/, 'DELETED DEL(0)'),
];

const scenarios: readonly Scenario[] = [
  {
    name: 'task-success',
    spec: { containers: [main()] },
    scripts: { main: { exitAfter: 4_000 } },
    act: (run) => {
      run.wait(8);
      run.delete();
    },
    pods: [
      ...RUNNING,
      `MODIFIED Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
      `MODIFIED DEL(0) Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
      `DELETED DEL(0) Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
    ],
    events: RAN,
  },
  {
    name: 'task-exit-3',
    spec: { containers: [main()] },
    scripts: { main: { exitAfter: 4_000, exitCode: 3 } },
    act: (run) => {
      run.wait(8);
      run.delete();
    },
    pods: [
      ...RUNNING,
      `MODIFIED Failed node start ip | ${UNREADY} | main=T:Error/3`,
      `MODIFIED DEL(0) Failed node start ip | ${UNREADY} | main=T:Error/3`,
      `DELETED DEL(0) Failed node start ip | ${UNREADY} | main=T:Error/3`,
    ],
    events: RAN,
  },
  {
    name: 'crash-never',
    spec: { containers: [main()] },
    scripts: { main: { exitAfter: 1_000, exitCode: 1 } },
    act: (run) => run.wait(30),
    pods: [...RUNNING, `MODIFIED Failed node start ip | ${UNREADY} | main=T:Error/1`],
    events: RAN,
  },
  {
    name: 'oom',
    spec: { containers: [main()] },
    scripts: { main: { exitAfter: 3_000, oomKilled: true } },
    act: (run) => run.wait(30),
    pods: [...RUNNING, `MODIFIED Failed node start ip | ${UNREADY} | main=T:OOMKilled/137`],
    events: RAN,
  },
  {
    name: 'start-error',
    spec: { containers: [main()] },
    scripts: {
      main: {
        startError:
          'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no/such/program": stat /no/such/program: no such file or directory: unknown',
      },
    },
    act: (run) => run.wait(30),
    pods: [...CREATING, `MODIFIED Failed node start ip | ${UNREADY} | main=T:StartError/128`],
    events: [
      'Normal Created: Created container main',
      'Normal Pulled: Container image "busybox:1.35" already present on machine',
      SCHEDULED,
      'Warning Failed: Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no/such/program": stat /no/such/program: no such file or directory: unknown',
    ],
  },
  {
    name: 'stop-sigterm-0',
    spec: { containers: [main()] },
    scripts: { main: {} },
    act: (run) => {
      run.wait(4);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...RUNNING,
      `MODIFIED DEL(30) Running node start ip | ${READY} | main=R rdy`,
      `MODIFIED DEL(30) Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
      ...gone(`MODIFIED DEL(30) Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`),
    ],
    events: [...RAN, STOPPED],
  },
  {
    name: 'stop-sigterm-143',
    spec: { containers: [main()] },
    scripts: { main: { stopTime: 2_000, stopCode: 143 } },
    act: (run) => {
      run.wait(4);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...RUNNING,
      `MODIFIED DEL(30) Running node start ip | ${READY} | main=R rdy`,
      `MODIFIED DEL(30) Failed node start ip | ${UNREADY} | main=T:Error/143`,
      ...gone(`MODIFIED DEL(30) Failed node start ip | ${UNREADY} | main=T:Error/143`),
    ],
    events: [...RAN, STOPPED],
  },
  {
    name: 'stop-sigkill',
    spec: { containers: [main()] },
    scripts: { main: { ignoresTerm: true } },
    act: (run) => {
      run.wait(4);
      run.delete(6);
      run.wait(60);
    },
    pods: [
      ...RUNNING,
      `MODIFIED DEL(6) Running node start ip | ${READY} | main=R rdy`,
      `MODIFIED DEL(6) Failed node start ip | ${UNREADY} | main=T:Error/137`,
      ...gone(`MODIFIED DEL(6) Failed node start ip | ${UNREADY} | main=T:Error/137`),
    ],
    events: [...RAN, STOPPED],
  },
  {
    name: 'image-missing',
    spec: { containers: [main({ image: 'nosuch:1' })] },
    act: (run) => {
      run.wait(70);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...CREATING,
      waiting('ErrImagePull'),
      waiting('ImagePullBackOff'),
      waiting('ErrImagePull'),
      waiting('ImagePullBackOff'),
      waiting('ErrImagePull'),
      waiting('ImagePullBackOff'),
      waiting('ImagePullBackOff', 'MODIFIED DEL(30)'),
      ...gone(waiting('ImagePullBackOff', 'MODIFIED DEL(30)')),
    ],
    events: [
      'Normal BackOff: Back-off pulling image "nosuch:1"',
      'Normal Pulling: Pulling image "nosuch:1"',
      SCHEDULED,
      'Warning Failed: Error: ErrImagePull',
      'Warning Failed: Error: ImagePullBackOff',
      'Warning Failed: Failed to pull image "nosuch:1": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nosuch:1": failed to resolve reference "docker.io/library/nosuch:1": docker.io/library/nosuch:1: not found',
    ],
  },
  {
    name: 'image-denied',
    spec: { containers: [main({ image: 'denied/app:1' })] },
    act: (run) => {
      run.wait(18);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...CREATING,
      waiting('ErrImagePull'),
      waiting('ImagePullBackOff'),
      waiting('ImagePullBackOff', 'MODIFIED DEL(30)'),
      ...gone(waiting('ImagePullBackOff', 'MODIFIED DEL(30)')),
    ],
    events: [
      'Normal BackOff: Back-off pulling image "denied/app:1"',
      'Normal Pulling: Pulling image "denied/app:1"',
      SCHEDULED,
      'Warning Failed: Error: ErrImagePull',
      'Warning Failed: Error: ImagePullBackOff',
      'Warning Failed: Failed to pull image "denied/app:1": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/denied/app:1": failed to resolve reference "docker.io/denied/app:1": pulling from host <registry> failed with status code [manifests 1]: 401 Unauthorized',
    ],
  },
  {
    name: 'image-invalid-name',
    spec: { containers: [main({ image: 'Not A Valid:Image!' })] },
    act: (run) => {
      run.wait(14);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...CREATING,
      waiting('InvalidImageName'),
      waiting('InvalidImageName', 'MODIFIED DEL(30)'),
      ...gone(waiting('InvalidImageName', 'MODIFIED DEL(30)')),
    ],
    events: [
      SCHEDULED,
      'Warning Failed: Error: InvalidImageName',
      `Warning InspectFailed: Failed to apply default image tag "Not A Valid:Image!": couldn't parse image reference "Not A Valid:Image!": invalid reference format: repository name must be lowercase`,
    ],
  },
  {
    name: 'image-never-present',
    spec: { containers: [main({ image: 'not-here:9', imagePullPolicy: 'Never' })] },
    act: (run) => {
      run.wait(4);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...CREATING,
      waiting('ErrImageNeverPull'),
      waiting('ErrImageNeverPull', 'MODIFIED DEL(30)'),
      ...gone(waiting('ErrImageNeverPull', 'MODIFIED DEL(30)')),
    ],
    events: [
      SCHEDULED,
      'Warning ErrImageNeverPull: Container image "not-here:9" is not present with pull policy of Never',
      'Warning Failed: Error: ErrImageNeverPull',
    ],
  },
  {
    name: 'config-error',
    spec: { containers: [main()] },
    scripts: { main: { createError: 'secret "db" not found', createFailures: 3, exitAfter: 4_000 } },
    act: (run) => run.wait(60),
    pods: [
      ...CREATING,
      waiting('CreateContainerConfigError'),
      `MODIFIED Running node start ip | ${READY} | main=R rdy`,
      `MODIFIED Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
    ],
    events: [...RAN, 'Warning Failed: Error: secret "db" not found'],
  },
  {
    name: 'init-success',
    spec: { initContainers: [named('artifact-downloader-main'), named('second')], containers: [main()] },
    scripts: {
      'artifact-downloader-main': { exitAfter: 2_000 },
      second: { exitAfter: 2_000 },
      main: { exitAfter: 2_000 },
    },
    act: (run) => run.wait(30),
    pods: [
      ...PLACED,
      `MODIFIED Pending node start | ${UNINITIALIZED} | init:artifact-downloader-main=W:PodInitializing noid init:second=W:PodInitializing noid main=W:PodInitializing noid`,
      `MODIFIED Pending node start ip | ${UNINITIALIZED} | init:artifact-downloader-main=R init:second=W:PodInitializing noid main=W:PodInitializing noid`,
      `MODIFIED Pending node start ip | ${UNINITIALIZED} | init:artifact-downloader-main=T:Completed/0 rdy init:second=W:PodInitializing noid main=W:PodInitializing noid`,
      `MODIFIED Pending node start ip | ${UNINITIALIZED} | init:artifact-downloader-main=T:Completed/0 rdy init:second=R main=W:PodInitializing noid`,
      `MODIFIED Pending node start ip | ${UNREADY} | init:artifact-downloader-main=T:Completed/0 rdy init:second=T:Completed/0 rdy main=W:PodInitializing noid`,
      `MODIFIED Running node start ip | ${READY} | init:artifact-downloader-main=T:Completed/0 rdy init:second=T:Completed/0 rdy main=R rdy`,
      `MODIFIED Succeeded node start ip | ${COMPLETED} | init:artifact-downloader-main=T:Completed/0 rdy init:second=T:Completed/0 rdy main=T:Completed/0`,
    ],
    events: [...started('artifact-downloader-main'), ...started('second'), ...RAN],
  },
  {
    name: 'init-failure',
    spec: { initContainers: [named('artifact-downloader-main')], containers: [main()] },
    scripts: { 'artifact-downloader-main': { exitAfter: 1_000, exitCode: 7 } },
    act: (run) => run.wait(30),
    pods: [
      ...PLACED,
      `MODIFIED Pending node start | ${UNINITIALIZED} | init:artifact-downloader-main=W:PodInitializing noid main=W:PodInitializing noid`,
      `MODIFIED Pending node start ip | ${UNINITIALIZED} | init:artifact-downloader-main=R main=W:PodInitializing noid`,
      `MODIFIED Failed node start ip | ${UNINITIALIZED} | init:artifact-downloader-main=T:Error/7 main=W:PodInitializing noid`,
    ],
    events: [...started('artifact-downloader-main'), SCHEDULED],
  },
  {
    name: 'multi-all-succeed',
    spec: { containers: [named('a'), named('b'), named('c')] },
    scripts: { a: { exitAfter: 2_000 }, b: { exitAfter: 5_000 }, c: { exitAfter: 8_000 } },
    act: (run) => run.wait(30),
    pods: [
      ...PLACED,
      `MODIFIED Pending node start | ${UNREADY} | a=W:ContainerCreating noid b=W:ContainerCreating noid c=W:ContainerCreating noid`,
      `MODIFIED Running node start ip | ${READY} | a=R rdy b=R rdy c=R rdy`,
      `MODIFIED Running node start ip | ${UNREADY} | a=T:Completed/0 b=R rdy c=R rdy`,
      `MODIFIED Running node start ip | ${UNREADY} | a=T:Completed/0 b=T:Completed/0 c=R rdy`,
      `MODIFIED Succeeded node start ip | ${COMPLETED} | a=T:Completed/0 b=T:Completed/0 c=T:Completed/0`,
    ],
    events: [...started('a'), ...started('b'), ...started('c'), SCHEDULED],
  },
  {
    name: 'multi-sidecar-fails',
    spec: { containers: [main(), named('sidecar-nonessential')] },
    scripts: { main: { exitAfter: 10_000 }, 'sidecar-nonessential': { exitAfter: 3_000, exitCode: 1 } },
    act: (run) => run.wait(30),
    pods: [
      ...PLACED,
      `MODIFIED Pending node start | ${UNREADY} | main=W:ContainerCreating noid sidecar-nonessential=W:ContainerCreating noid`,
      `MODIFIED Running node start ip | ${READY} | main=R rdy sidecar-nonessential=R rdy`,
      `MODIFIED Running node start ip | ${UNREADY} | main=R rdy sidecar-nonessential=T:Error/1`,
      `MODIFIED Failed node start ip | ${UNREADY} | main=T:Completed/0 sidecar-nonessential=T:Error/1`,
    ],
    events: [...RAN, ...started('sidecar-nonessential')],
  },
  {
    name: 'multi-one-image-missing',
    spec: { containers: [main(), { name: 'bad', image: 'nosuch/sidecar:1' }] },
    scripts: { main: {}, bad: { pullError: 'missing' } },
    act: (run) => {
      run.wait(17);
      run.delete();
      run.wait(60);
    },
    pods: [
      ...PLACED,
      `MODIFIED Pending node start | ${UNREADY} | bad=W:ContainerCreating noid main=W:ContainerCreating noid`,
      `MODIFIED Pending node start ip | ${UNREADY} | bad=W:ErrImagePull noid main=R rdy`,
      `MODIFIED Pending node start ip | ${UNREADY} | bad=W:ImagePullBackOff noid main=R rdy`,
      `MODIFIED DEL(30) Pending node start ip | ${UNREADY} | bad=W:ImagePullBackOff noid main=R rdy`,
      `MODIFIED DEL(30) Pending node start ip | ${UNREADY} | bad=W:ContainerCreating noid main=R rdy`,
      `MODIFIED DEL(30) Pending node start ip | ${UNREADY} | bad=W:ContainerCreating noid main=T:Completed/0`,
      ...gone(`MODIFIED DEL(30) Pending node start ip | ${UNREADY} | bad=W:ContainerCreating noid main=T:Completed/0`),
    ],
    events: [
      ...RAN,
      STOPPED,
      'Normal BackOff: Back-off pulling image "nosuch/sidecar:1"',
      'Normal Pulling: Pulling image "nosuch/sidecar:1"',
      'Warning Failed: Error: ErrImagePull',
      'Warning Failed: Error: ImagePullBackOff',
      'Warning Failed: Failed to pull image "nosuch/sidecar:1": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/nosuch/sidecar:1": failed to resolve reference "docker.io/nosuch/sidecar:1": docker.io/nosuch/sidecar:1: not found',
    ],
  },
  {
    name: 'liveness-never',
    spec: {
      containers: [
        main({
          livenessProbe: { exec: { command: ['check'] }, periodSeconds: 2, failureThreshold: 2 },
          readinessProbe: { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 2 },
        }),
      ],
    },
    scripts: { main: { readyAfter: 1_000, livenessFailsAfter: 10_000 } },
    act: (run) => run.wait(60),
    pods: [
      ...CREATING,
      `MODIFIED Running node start ip | ${UNREADY} | main=R`,
      `MODIFIED Running node start ip | ${READY} | main=R rdy`,
      `MODIFIED Running node start ip | ${UNREADY} | main=R`,
      `MODIFIED Succeeded node start ip | ${COMPLETED} | main=T:Completed/0`,
    ],
    events: [
      ...RAN,
      STOPPED,
      'Warning Unhealthy: Liveness probe failed: ',
      'Warning Unhealthy: Readiness probe failed: ',
    ],
  },
  {
    name: 'unschedulable',
    spec: { containers: [main({ resources: { limits: { cpu: '100', memory: '64Mi' } } })] },
    act: (run) => {
      run.wait(15);
      run.delete();
      run.wait(5);
    },
    pods: [
      'ADDED Pending',
      'MODIFIED Pending | Sch:F(Unschedulable)',
      'MODIFIED DEL(0) Pending | Sch:F(Unschedulable)',
      'DELETED DEL(0) Pending | Sch:F(Unschedulable)',
    ],
    events: [
      'Warning FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu.',
      'Warning FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu.',
      'Warning FailedScheduling: skip schedule deleting pod: <pod>',
    ],
  },
  {
    name: 'stop-while-unscheduled',
    spec: { containers: [main()], nodeSelector: { disk: 'fast' } },
    act: (run) => {
      run.wait(3);
      run.delete();
      run.wait(5);
    },
    pods: [
      'ADDED Pending',
      'MODIFIED Pending | Sch:F(Unschedulable)',
      'MODIFIED DEL(0) Pending | Sch:F(Unschedulable)',
      'DELETED DEL(0) Pending | Sch:F(Unschedulable)',
    ],
    events: [
      "Warning FailedScheduling: 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity.",
      "Warning FailedScheduling: 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity.",
      'Warning FailedScheduling: skip schedule deleting pod: <pod>',
    ],
  },
  {
    name: 'deadline-exceeded',
    spec: { containers: [main()], activeDeadlineSeconds: 6 },
    scripts: { main: {} },
    act: (run) => run.wait(30),
    pods: [...RUNNING, 'MODIFIED Failed reason:DeadlineExceeded node start ip | | main=R'],
    events: [...RAN, STOPPED, 'Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline'],
  },
  {
    name: 'evicted-storage',
    spec: { containers: [main()] },
    scripts: { main: {} },
    act: (run) => {
      run.wait(30);
      run.simulator.evictPod(NAMESPACE, NAME, 'Usage of EmptyDir volume "d" exceeds the limit "4Mi". ');
      run.wait(30);
    },
    pods: [...RUNNING, 'MODIFIED Failed reason:Evicted node start'],
    events: [...RAN, STOPPED, 'Warning Evicted: Usage of EmptyDir volume "d" exceeds the limit "4Mi". '],
  },
];

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
  const events = [...scenario.events].sort();

  it('is what the recording of a real cluster shows', () => {
    expect(recorded<Pod>(name, 'pods').map(podLine)).toEqual(scenario.pods);
    // Two containers of one image: the same message, once for each.
    expect(eventTexts(recorded(name, 'events'))).toEqual(events);
  });

  it('is what the simulator does', () => {
    const timeline = play(scenario);
    expect(timeline.pods.map(podLine)).toEqual(scenario.pods);
    expect(eventTexts(timeline.events)).toEqual(events);
  });
});

describe('crash-always', () => {
  const down = (state: string) => `MODIFIED Running node start ip | ${UNREADY} | main=${state}`;
  const up = (state: string) => `MODIFIED Running node start ip | ${READY} | main=${state}`;
  const expected = [
    ...RUNNING,
    down('T:Error/1'),
    up('R<T:Error/1> rdy x1'),
    down('T:Error/1<T:Error/1> x1'),
    down('W:CrashLoopBackOff<T:Error/1> x1'),
    up('R<T:Error/1> rdy x2'),
    down('T:Error/1<T:Error/1> x2'),
    down('W:CrashLoopBackOff<T:Error/1> x2'),
    up('R<T:Error/1> rdy x3'),
    down('T:Error/1<T:Error/1> x3'),
    down('W:CrashLoopBackOff<T:Error/1> x3'),
    up('R<T:Error/1> rdy x4'),
  ];
  const spec = { restartPolicy: 'Always', containers: [main()] };
  const scripts = { main: { exitAfter: 1_000, exitCode: 1 } };

  it('is what the recording of a real cluster shows', () => {
    expect(recorded<Pod>('crash-always', 'pods').map(podLine).slice(0, expected.length)).toEqual(expected);
  });

  it('is what the simulator does, with a back-off that doubles', () => {
    const timeline = play({ name: '', spec, scripts, act: (run) => run.wait(120), pods: [], events: [] });
    expect(timeline.pods.map(podLine).slice(0, expected.length)).toEqual(expected);
    const waits = timeline.pods.map(({ object }) => object.status.containerStatuses?.[0]?.state.waiting?.message ?? '');
    const delays = waits.flatMap(
      (message) => /^back-off (\S+) restarting failed container=main pod=\S+_\S+\(\S+\)$/.exec(message)?.[1] ?? [],
    );
    expect(delays.slice(0, 3)).toEqual(['10s', '20s', '40s']);
  });

  it('ends in the state that it was in, with nothing left to stop', () => {
    const timeline = play({
      name: '',
      spec,
      scripts,
      act: (run) => {
        run.wait(30);
        run.delete();
        run.wait(60);
      },
      pods: [],
      events: [],
    });
    const lines = timeline.pods.map(podLine).slice(-3);
    const state = lines[0]?.split('| main=')[1] ?? '';
    expect(lines).toEqual(
      ['MODIFIED DEL(30)', 'MODIFIED DEL(0)', 'DELETED DEL(0)'].map(
        (head) => `${head} Running node start ip | ${UNREADY} | main=${state}`,
      ),
    );
    expect(timeline.events.map(({ object }) => object.reason)).not.toContain('Killing');
  });
});

describe('what a real cluster does beside the recordings of tasks', () => {
  it('never shows Running of a task that ends at once', () => {
    const timeline = play({
      name: '',
      spec: { containers: [main()] },
      scripts: { main: { exitAfter: 0 } },
      act: (run) => run.wait(10),
      pods: [],
      events: [],
    });
    expect(timeline.pods.map(({ object }) => object.status.phase)).toEqual([
      'Pending',
      'Pending',
      'Pending',
      'Succeeded',
    ]);
  });

  it('may lose the exit code of a container that was stopped', () => {
    const timeline = play({
      name: '',
      spec: { containers: [main()] },
      scripts: { main: { statusLost: true } },
      act: (run) => {
        run.wait(4);
        run.delete();
        run.wait(60);
      },
      pods: [],
      events: [],
    });
    expect(timeline.pods.at(-1)?.object.status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [
        {
          name: 'main',
          state: { waiting: { reason: 'ContainerCreating' } },
          lastState: {
            terminated: {
              exitCode: 137,
              reason: 'ContainerStatusUnknown',
              message: 'The container could not be located when the pod was deleted.  The container used to be Running',
              startedAt: null,
              finishedAt: null,
            },
          },
          ready: false,
          image: 'busybox:1.35',
          imageID: '',
        },
      ],
    });
  });

  it('removes a pod at once when it is forced to, in the state that it was in', () => {
    const timeline = play({
      name: '',
      spec: { containers: [main()] },
      scripts: { main: {} },
      act: (run) => {
        run.wait(4);
        run.delete(0);
        run.wait(60);
      },
      pods: [],
      events: [],
    });
    expect(timeline.pods.map(podLine).slice(4)).toEqual([
      `MODIFIED DEL(0) Running node start ip | ${READY} | main=R rdy`,
      `DELETED DEL(0) Running node start ip | ${READY} | main=R rdy`,
    ]);
  });

  it('gives a process that never started the year 1970', () => {
    const timeline = play({
      name: '',
      spec: { restartPolicy: 'Always', containers: [main()] },
      scripts: { main: { startError: 'no such program' } },
      act: (run) => run.wait(3),
      pods: [],
      events: [],
    });
    // With the policy Always the phase is Running, though nothing ever ran.
    expect(timeline.pods.at(-1)?.object.status).toMatchObject({
      phase: 'Running',
      containerStatuses: [
        {
          state: { waiting: { reason: 'RunContainerError', message: 'no such program' } },
          lastState: { terminated: { exitCode: 128, reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' } },
        },
      ],
    });
  });
});

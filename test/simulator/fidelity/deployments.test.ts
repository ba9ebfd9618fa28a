/**
 * Services, held to recordings of a real cluster: the whole sequence of what happens to the Deployment and to each of its
 * ReplicaSets is the recorded one, change by change. For three scenarios it stands here too, to be read.
 */
import { describe, expect, it } from 'vitest';
import type { ContainerScript } from '../../../src/simulator/kubelet/script.js';
import type { Deployment, ReplicaSet } from '../../../src/simulator/objects.js';
import { DEPLOYMENTS } from '../../../src/simulator/resources.js';
import { createSimulator } from '../../../src/simulator/simulator.js';
import type { DeleteOptions } from '../../../src/simulator/api/deletion.js';
import { ManualClock } from '../../../src/system/clock.js';
import { recorded } from './recording.js';
import type { Seen } from './timeline.js';
import { deploymentLine, replicaSetLine, Timeline } from './timeline.js';

const NAMESPACE = 'services-us-east-1';

interface Service {
  readonly replicas: number;
  readonly progressDeadlineSeconds?: number;
  readonly cpu?: string;
  readonly script?: ContainerScript;
  readonly act: (run: Run) => void;
}

/** A service under way. */
interface Run {
  wait(seconds: number): void;
  /** Replaces the Deployment as KECS does: the whole object, without the revision that the controller wrote. */
  replace(image: string): void;
  /** Changes the template as `kubectl rollout undo` and `restart` do. */
  retemplate(image: string, restarted?: string): void;
  scale(replicas: number): void;
  delete(options?: DeleteOptions): void;
}

function play({ replicas, progressDeadlineSeconds, cpu, script, act }: Service): Timeline {
  const clock = new ManualClock(Date.parse('2026-11-23T04:08:00.250Z'));
  let pods = 0;
  const simulator = createSimulator({
    clock,
    seed: 5,
    images: ['web:v1', 'web:v2'],
    // No two pods become ready at once, so that each is seen in the counters.
    scriptFor: ({ spec }) =>
      spec.containers[0]?.image === 'nosuch/web:v2' ? undefined : (script ?? { readyAfter: 800 * (++pods % 5) }),
  });
  const timeline = new Timeline(simulator);
  const template = (image: string, restarted?: string) => ({
    metadata: { labels: { app: 'web' }, annotations: { restarted: restarted ?? '-' } },
    spec: {
      containers: [
        {
          name: 'main',
          image,
          resources: cpu === undefined ? {} : { requests: { cpu } },
          readinessProbe: { exec: { command: ['check'] }, periodSeconds: 1 },
        },
      ],
    },
  });
  const manifest = (image: string) => ({
    metadata: { namespace: NAMESPACE, name: 'web' },
    spec: { replicas, progressDeadlineSeconds, selector: { matchLabels: { app: 'web' } }, template: template(image) },
  });
  simulator.objects.create(DEPLOYMENTS, manifest('web:v1'));
  act({
    wait: (seconds) => clock.advance(seconds * 1000),
    replace: (image) => simulator.objects.replace(DEPLOYMENTS, manifest(image)),
    retemplate: (image, restarted) =>
      simulator.objects.patch(DEPLOYMENTS, NAMESPACE, 'web', { spec: { template: template(image, restarted) } }),
    scale: (count) => simulator.objects.patch(DEPLOYMENTS, NAMESPACE, 'web', { spec: { replicas: count } }),
    delete: (options) => simulator.objects.delete(DEPLOYMENTS, NAMESPACE, 'web', options),
  });
  return timeline;
}

const MISSING = 'nosuch/web:v2';
const up = (run: Run) => run.wait(8);

const services: Readonly<Record<string, Service>> = {
  'deploy-create': { replicas: 3, act: up },
  'deploy-rolling': {
    replicas: 3,
    act: (run) => {
      up(run);
      run.replace('web:v2');
      run.wait(90);
    },
  },
  'deploy-rollback': {
    replicas: 3,
    act: (run) => {
      up(run);
      run.replace('web:v2');
      run.wait(60);
      run.retemplate('web:v1');
      run.wait(60);
    },
  },
  'deploy-restart': {
    replicas: 2,
    act: (run) => {
      up(run);
      run.retemplate('web:v1', 'now');
      run.wait(60);
    },
  },
  'deploy-scale-down': {
    replicas: 4,
    act: (run) => {
      up(run);
      run.scale(1);
      run.wait(60);
      run.scale(0);
      run.wait(60);
    },
  },
  'deploy-scale-up': {
    replicas: 2,
    act: (run) => {
      up(run);
      run.scale(5);
      run.wait(60);
    },
  },
  'deploy-delete': {
    replicas: 3,
    act: (run) => {
      up(run);
      run.delete();
      run.wait(60);
    },
  },
  'deploy-delete-orphan': {
    replicas: 2,
    act: (run) => {
      up(run);
      run.delete({ propagationPolicy: 'Orphan' });
      run.wait(60);
    },
  },
  'deploy-rolling-stuck': {
    replicas: 3,
    progressDeadlineSeconds: 15,
    act: (run) => {
      up(run);
      run.replace(MISSING);
      run.wait(21);
      run.replace('web:v1');
      run.wait(60);
    },
  },
  'deploy-unschedulable': {
    replicas: 2,
    progressDeadlineSeconds: 15,
    cpu: '100',
    act: (run) => {
      run.wait(18);
      run.delete();
      run.wait(60);
    },
  },
  'never-ready': {
    replicas: 2,
    progressDeadlineSeconds: 15,
    script: { neverReady: true },
    act: (run) => {
      run.wait(25);
      run.delete();
      run.wait(60);
    },
  },
};

/** The lines of ReplicaSets, one ReplicaSet after the other, in the order of their creation. */
function byReplicaSet(changes: readonly Seen<ReplicaSet>[]): string[] {
  const names = [...new Set(changes.map(({ object }) => object.metadata.name))];
  return names.flatMap((name, index) =>
    changes
      .filter(({ object }) => object.metadata.name === name)
      .map((change) => `R${index} ${replicaSetLine(change)}`),
  );
}

it.each(Object.entries(services))(
  '%s: the Deployment and its ReplicaSets go the way of the recording',
  (name, service) => {
    const timeline = play(service);
    expect(timeline.deployments.map(deploymentLine)).toEqual(
      recorded<Deployment>(name, 'deployments').map(deploymentLine),
    );
    expect(byReplicaSet(timeline.replicaSets)).toEqual(byReplicaSet(recorded(name, 'replicasets')));
  },
);

const literal = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim());

describe('to be read', () => {
  it('a new service', () => {
    expect(play(services['deploy-create'] as Service).deployments.map(deploymentLine)).toEqual(
      literal(`
      ADDED gen1/obs- rev- want3 rep- upd- rdy- av- un- |
      MODIFIED gen1/obs- rev1 want3 rep- upd- rdy- av- un- | Progr:T(NewReplicaSetCreated)
      MODIFIED gen1/obs1 rev1 want3 rep- upd- rdy- av- un3 | Progr:T(NewReplicaSetCreated) Avail:F(MinimumReplicasUnavailable)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy- av- un3 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy1 av1 un2 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy2 av2 un1 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
    `),
    );
  });

  it('a rolling update: bounds kept, revision put back, old status under a new generation', () => {
    const { deployments, replicaSets } = play(services['deploy-rolling'] as Service);
    expect(deployments.map(deploymentLine)).toEqual(
      literal(`
      ADDED gen1/obs- rev- want3 rep- upd- rdy- av- un- |
      MODIFIED gen1/obs- rev1 want3 rep- upd- rdy- av- un- | Progr:T(NewReplicaSetCreated)
      MODIFIED gen1/obs1 rev1 want3 rep- upd- rdy- av- un3 | Progr:T(NewReplicaSetCreated) Avail:F(MinimumReplicasUnavailable)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy- av- un3 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy1 av1 un2 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy2 av2 un1 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
      MODIFIED gen2/obs1 rev- want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
      MODIFIED gen2/obs1 rev2 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetCreated)
      MODIFIED gen2/obs2 rev2 want3 rep3 upd- rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetCreated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd1 rdy4 av4 un- | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep3 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd2 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd2 rdy4 av4 un- | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep3 upd2 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd3 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd3 rdy4 av4 un- | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
    `),
    );
    expect(byReplicaSet(replicaSets)).toEqual(
      literal(`
      R0 ADDED gen1/obs- rev1 want3 rep0 full- rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep0 full- rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy1 av1
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy2 av2
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy3 av3
      R0 MODIFIED gen2/obs1 rev1 want2 rep3 full3 rdy3 av3
      R0 MODIFIED gen2/obs2 rev1 want2 rep3 full3 rdy3 av3
      R0 MODIFIED gen2/obs2 rev1 want2 rep2 full2 rdy2 av2
      R0 MODIFIED gen3/obs2 rev1 want1 rep2 full2 rdy2 av2
      R0 MODIFIED gen3/obs3 rev1 want1 rep2 full2 rdy2 av2
      R0 MODIFIED gen3/obs3 rev1 want1 rep1 full1 rdy1 av1
      R0 MODIFIED gen4/obs3 rev1 want0 rep1 full1 rdy1 av1
      R0 MODIFIED gen4/obs4 rev1 want0 rep1 full1 rdy1 av1
      R0 MODIFIED gen4/obs4 rev1 want0 rep0 full- rdy- av-
      R1 ADDED gen1/obs- rev2 want1 rep0 full- rdy- av-
      R1 MODIFIED gen1/obs1 rev2 want1 rep0 full- rdy- av-
      R1 MODIFIED gen1/obs1 rev2 want1 rep1 full1 rdy- av-
      R1 MODIFIED gen1/obs1 rev2 want1 rep1 full1 rdy1 av1
      R1 MODIFIED gen2/obs1 rev2 want2 rep1 full1 rdy1 av1
      R1 MODIFIED gen2/obs2 rev2 want2 rep1 full1 rdy1 av1
      R1 MODIFIED gen2/obs2 rev2 want2 rep2 full2 rdy1 av1
      R1 MODIFIED gen2/obs2 rev2 want2 rep2 full2 rdy2 av2
      R1 MODIFIED gen3/obs2 rev2 want3 rep2 full2 rdy2 av2
      R1 MODIFIED gen3/obs3 rev2 want3 rep2 full2 rdy2 av2
      R1 MODIFIED gen3/obs3 rev2 want3 rep3 full3 rdy2 av2
      R1 MODIFIED gen3/obs3 rev2 want3 rep3 full3 rdy3 av3
    `),
    );
  });

  it('a rolling update that is stuck past its deadline, and put back', () => {
    const { deployments, replicaSets } = play(services['deploy-rolling-stuck'] as Service);
    expect(deployments.map(deploymentLine)).toEqual(
      literal(`
      ADDED gen1/obs- rev- want3 rep- upd- rdy- av- un- |
      MODIFIED gen1/obs- rev1 want3 rep- upd- rdy- av- un- | Progr:T(NewReplicaSetCreated)
      MODIFIED gen1/obs1 rev1 want3 rep- upd- rdy- av- un3 | Progr:T(NewReplicaSetCreated) Avail:F(MinimumReplicasUnavailable)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy- av- un3 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy1 av1 un2 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy2 av2 un1 | Avail:F(MinimumReplicasUnavailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen1/obs1 rev1 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
      MODIFIED gen2/obs1 rev- want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
      MODIFIED gen2/obs1 rev2 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetCreated)
      MODIFIED gen2/obs2 rev2 want3 rep3 upd- rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetCreated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen2/obs2 rev2 want3 rep4 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:F(ProgressDeadlineExceeded)
      MODIFIED gen3/obs2 rev- want3 rep4 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:F(ProgressDeadlineExceeded)
      MODIFIED gen3/obs2 rev3 want3 rep4 upd1 rdy3 av3 un1 | Avail:T(MinimumReplicasAvailable) Progr:F(ProgressDeadlineExceeded)
      MODIFIED gen3/obs3 rev3 want3 rep4 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(ReplicaSetUpdated)
      MODIFIED gen3/obs3 rev3 want3 rep3 upd3 rdy3 av3 un- | Avail:T(MinimumReplicasAvailable) Progr:T(NewReplicaSetAvailable)
    `),
    );
    expect(byReplicaSet(replicaSets)).toEqual(
      literal(`
      R0 ADDED gen1/obs- rev1 want3 rep0 full- rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep0 full- rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy- av-
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy1 av1
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy2 av2
      R0 MODIFIED gen1/obs1 rev1 want3 rep3 full3 rdy3 av3
      R0 MODIFIED gen1/obs1 rev3 want3 rep3 full3 rdy3 av3
      R1 ADDED gen1/obs- rev2 want1 rep0 full- rdy- av-
      R1 MODIFIED gen1/obs1 rev2 want1 rep0 full- rdy- av-
      R1 MODIFIED gen1/obs1 rev2 want1 rep1 full1 rdy- av-
      R1 MODIFIED gen2/obs1 rev2 want0 rep1 full1 rdy- av-
      R1 MODIFIED gen2/obs2 rev2 want0 rep1 full1 rdy- av-
      R1 MODIFIED gen2/obs2 rev2 want0 rep0 full- rdy- av-
    `),
    );
  });
});

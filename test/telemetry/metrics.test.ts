/** Which metrics there are, what an exposition says, and what happens when a value cannot be read. */
import { describe, expect, test } from 'vitest';
import { listMetrics } from '../../src/telemetry/catalogue.js';
import { createMetrics, sampleServices, sampleTasks, setWatchState } from '../../src/telemetry/metrics.js';
import type { Metrics } from '../../src/telemetry/metrics.js';
import { fakeService } from '../http/fake-service.js';
import { fakeState, fakeTask } from '../http/fake-state.js';

const create = (): Metrics => createMetrics({ processMetrics: false });

/** The samples of one metric: what stands before and after the space of each line. */
async function samples(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const { text } = await metrics.expose();
  const lines = text.split('\n').filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(name.length, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

describe('the catalogue', () => {
  test('is these names, these types and these labels', () => {
    expect(listMetrics().map(({ name, type, labels }) => `${name} ${type} {${labels.join(',')}}`))
      .toMatchInlineSnapshot(`
      [
        "ecstate_actor_failures_total counter {}",
        "ecstate_commit_duration_seconds histogram {}",
        "ecstate_http_request_duration_seconds histogram {operation}",
        "ecstate_http_requests_total counter {operation,status}",
        "ecstate_http_streams gauge {}",
        "ecstate_inbox_messages gauge {}",
        "ecstate_live_actors gauge {}",
        "ecstate_metric_sample_failures_total counter {metric}",
        "ecstate_service_deployments gauge {rollout_state}",
        "ecstate_services gauge {status}",
        "ecstate_store_rows gauge {table}",
        "ecstate_store_size_bytes gauge {}",
        "ecstate_task_transitions_total counter {to}",
        "ecstate_tasks gauge {last_status}",
        "ecstate_turn_duration_seconds histogram {}",
        "ecstate_turn_messages histogram {}",
        "ecstate_turns_total counter {}",
        "ecstate_unclaimed_events gauge {}",
        "ecstate_watch_events_total counter {kind,type}",
        "ecstate_watch_last_event_age_seconds gauge {kind}",
        "ecstate_watch_malformed_total counter {kind}",
        "ecstate_watch_reconnects_total counter {kind,reason}",
        "ecstate_watch_relists_total counter {kind}",
        "ecstate_watch_state gauge {kind,state}",
      ]
    `);
  });

  test('has units in its names, and no label that names a thing', () => {
    for (const { name, type, labels, help, buckets } of listMetrics()) {
      expect(name).toMatch(/^ecstate_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(buckets !== undefined).toBe(type === 'histogram');
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect(labels.filter((label) => /arn|id|pod|service|cluster|namespace|name/.test(label))).toEqual([]);
    }
  });

  test('is what is exposed, no more and no less, each with its help', async () => {
    const { text, contentType } = await create().expose();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => ({ name, help }))).toEqual(
      expect.arrayContaining(listMetrics().map(({ name, help }) => ({ name, help }))),
    );
    expect(text.match(/^# HELP /gm)).toHaveLength(listMetrics().length);
  });
});

describe('createMetrics', () => {
  test('counts, sets and observes under the names of the catalogue', async () => {
    const metrics = create();
    metrics.watchEvents.inc({ kind: 'pods', type: 'CHANGE' }, 2);
    metrics.turns.inc();
    metrics.inboxMessages.set(7);
    metrics.turnMessages.observe(3);
    expect(await samples(metrics, 'ecstate_watch_events_total')).toEqual({ '{kind="pods",type="CHANGE"}': 2 });
    expect(await samples(metrics, 'ecstate_turns_total')).toEqual({ '': 1 });
    expect(await samples(metrics, 'ecstate_inbox_messages')).toEqual({ '': 7 });
    expect(await samples(metrics, 'ecstate_turn_messages_bucket')).toMatchObject({ '{le="2"}': 0, '{le="5"}': 1 });
  });

  test('shares nothing between two', async () => {
    const [one, two] = [create(), create()];
    one.turns.inc();
    expect(await samples(one, 'ecstate_turns_total')).toEqual({ '': 1 });
    expect(await samples(two, 'ecstate_turns_total')).toEqual({ '': 0 });
  });

  test('measures the process and the lag of the event loop, under the same prefix', async () => {
    const { text } = await createMetrics().expose();
    expect(text).toMatch(/^ecstate_process_resident_memory_bytes [1-9]/m);
    expect(text).toMatch(/^ecstate_nodejs_eventloop_lag_p99_seconds [\d.]/m);
    expect(text.match(/^(?!ecstate_|#|$).*$/gm)).toBeNull();
  });

  test('reads a sampled gauge at each exposition, and forgets what is no longer said', async () => {
    const metrics = create();
    let rows: Record<string, number> = { snapshots: 1, history: 4 };
    metrics.sample('storeRows', () => Object.entries(rows).map(([table, value]) => ({ labels: { table }, value })));
    expect(await samples(metrics, 'ecstate_store_rows')).toEqual({ '{table="snapshots"}': 1, '{table="history"}': 4 });
    rows = { history: 5 };
    expect(await samples(metrics, 'ecstate_store_rows')).toEqual({ '{table="history"}': 5 });
  });

  test('leaves out a gauge that cannot be read, counts that, and answers with the rest', async () => {
    const metrics = create();
    let broken = true;
    metrics.sample('storeSize', () => {
      if (broken) throw new Error('no such file');
      return [{ labels: {}, value: 4096 }];
    });
    expect(await samples(metrics, 'ecstate_store_size_bytes')).toEqual({});
    expect(await samples(metrics, 'ecstate_turns_total')).toEqual({ '': 0 });
    broken = false;
    expect(await samples(metrics, 'ecstate_store_size_bytes')).toEqual({ '': 4096 });
    expect(await samples(metrics, 'ecstate_metric_sample_failures_total')).toEqual({
      '{metric="ecstate_store_size_bytes"}': 2,
    });
  });

  test('counts tasks by lastStatus, with 0 for the others', async () => {
    const metrics = create();
    const state = fakeState();
    sampleTasks(metrics, state);
    state.put(fakeTask({ id: '1', lastStatus: 'RUNNING' }), fakeTask({ id: '2', lastStatus: 'RUNNING' }));
    state.put(fakeTask({ id: '3', lastStatus: 'STOPPED' }));
    expect(await samples(metrics, 'ecstate_tasks')).toEqual({
      '{last_status="PROVISIONING"}': 0,
      '{last_status="PENDING"}': 0,
      '{last_status="ACTIVATING"}': 0,
      '{last_status="RUNNING"}': 2,
      '{last_status="DEACTIVATING"}': 0,
      '{last_status="STOPPING"}': 0,
      '{last_status="DEPROVISIONING"}': 0,
      '{last_status="STOPPED"}': 1,
    });
  });

  test('counts services by status and their deployments by rolloutState, with 0 for the others', async () => {
    const metrics = create();
    const state = fakeState();
    sampleServices(metrics, state);
    state.putServices(
      fakeService({ name: 'a', deployments: [{ id: 2, rollout: 'FAILED' }, { id: 1 }] }),
      fakeService({ name: 'b' }),
      fakeService({ name: 'c', status: 'INACTIVE' }),
    );
    expect(await samples(metrics, 'ecstate_services')).toEqual({
      '{status="PENDING"}': 0,
      '{status="ACTIVE"}': 2,
      '{status="DRAINING"}': 0,
      '{status="INACTIVE"}': 1,
    });
    expect(await samples(metrics, 'ecstate_service_deployments')).toEqual({
      '{rollout_state="IN_PROGRESS"}': 0,
      '{rollout_state="COMPLETED"}': 2,
      '{rollout_state="FAILED"}': 1,
    });
  });

  test('says of a watch that it is in one state', async () => {
    const metrics = create();
    setWatchState(metrics, 'pods', 'listing');
    setWatchState(metrics, 'pods', 'watching.open');
    const states = await samples(metrics, 'ecstate_watch_state');
    expect(Object.entries(states).filter(([, value]) => value === 1)).toEqual([
      ['{kind="pods",state="watching.open"}', 1],
    ]);
    expect(states['{kind="pods",state="listing"}']).toBe(0);
  });
});

/** The history of a service over HTTP. */
import { describe, expect, test } from 'vitest';
import type { ServiceHistoryRow } from '../../src/system/state.port.js';
import { deploymentId, fakeService } from './fake-service.js';
import { CREATED, fakeState, fakeTask, taskId } from './fake-state.js';
import { startServer } from './harness.js';

const arn = (name: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:service/${cluster}/${name}`;

const ROW: ServiceHistoryRow = {
  from: null,
  to: 'PENDING',
  at: CREATED,
  cause: 'the Deployment is at generation 1: 0 of 2 ready, 0 updated',
  desiredCount: 2,
  runningCount: 0,
  pendingCount: 0,
  deployments: [
    {
      id: deploymentId(1),
      status: 'PRIMARY',
      rolloutState: 'IN_PROGRESS',
      desiredCount: 2,
      runningCount: 0,
      pendingCount: 0,
      failedTasks: 0,
    },
  ],
};

function stateWithHistory() {
  const state = fakeState(fakeTask({ id: 'a', serviceName: 'web' }));
  state.putServices(
    fakeService({ name: 'web' }),
    fakeService({ name: 'quiet' }),
    fakeService({ name: 'twin' }),
    fakeService({ name: 'twin', cluster: 'other' }),
  );
  state.recordService(arn('web'), ROW);
  state.recordService(arn('web'), { ...ROW, from: 'PENDING', to: 'ACTIVE', at: CREATED + 877, runningCount: 2 });
  return state;
}

const historyOfWeb = {
  serviceArn: arn('web'),
  history: [
    { ...ROW, at: CREATED / 1000 },
    { ...ROW, from: 'PENDING', to: 'ACTIVE', at: (CREATED + 877) / 1000, runningCount: 2 },
  ],
};

describe('GET /api/services/{name or ARN}/history', () => {
  test.each([
    ['a name', 'web'],
    ['an ARN, encoded', encodeURIComponent(arn('web'))],
    ['an ARN as it is', arn('web')],
  ])('takes %s', async (_what, name) => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, headers, json } = await request(`/api/services/${name}/history`);
    expect({ status, type: headers.get('content-type'), json }).toEqual({
      status: 200,
      type: 'application/json',
      json: historyOfWeb,
    });
  });

  test('is empty for a service that nothing is recorded of', async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    expect((await request('/api/services/quiet/history')).json).toEqual({ serviceArn: arn('quiet'), history: [] });
  });

  test('outlives the service', async () => {
    const state = stateWithHistory();
    state.forgetService(arn('web'));
    const { request } = await startServer({ state });
    expect((await request('/api/services/web/history')).json).toEqual(historyOfWeb);
  });

  test.each([
    ['never', 'No service with the name never is known.'],
    [encodeURIComponent(arn('never')), `No service ${arn('never')} is known.`],
    [
      encodeURIComponent(`arn:aws:ecs:us-east-1:000000000000:task/default/${taskId('a')}`),
      `No service arn:aws:ecs:us-east-1:000000000000:task/default/${taskId('a')} is known.`,
    ],
  ])('does not know %s', async (name, message) => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, json } = await request(`/api/services/${name}/history`);
    expect({ status, json }).toEqual({ status: 404, json: { __type: 'ServiceNotFound', message } });
  });

  test('cannot choose between services of one name, and lists them', async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, json } = await request('/api/services/twin/history');
    expect({ status, json }).toEqual({
      status: 409,
      json: {
        __type: 'AmbiguousService',
        message: 'Services of 2 clusters have the name twin: ask by ARN.',
        serviceArns: [arn('twin'), arn('twin', 'other')],
      },
    });
  });

  test("is no task's, though it be asked for as one", async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    expect((await request(`/api/tasks/${encodeURIComponent(arn('web'))}/history`)).json).toEqual({
      __type: 'TaskNotFound',
      message: `No task ${arn('web')} is known.`,
    });
  });
});

/** The history of a task over HTTP. */
import { describe, expect, test } from 'vitest';
import { CREATED, fakeState, fakeTask, taskId } from './fake-state.js';
import { startServer } from './harness.js';

const arn = (id: string, cluster = 'default'): string =>
  `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/${taskId(id)}`;

function stateWithHistory() {
  const state = fakeState(
    fakeTask({ id: 'a' }),
    fakeTask({ id: 'b' }),
    fakeTask({ id: 'twin' }),
    fakeTask({ id: 'twin', cluster: 'other' }),
  );
  state.record(arn('a'), { from: null, to: 'PROVISIONING', at: CREATED, cause: 'the pod was seen', version: 1 });
  state.record(arn('a'), {
    from: 'PROVISIONING',
    to: 'RUNNING',
    at: CREATED + 877,
    cause: 'every container is ready',
    version: 2,
  });
  return state;
}

const historyOfA = {
  taskArn: arn('a'),
  history: [
    { from: null, to: 'PROVISIONING', at: CREATED / 1000, cause: 'the pod was seen', version: 1 },
    { from: 'PROVISIONING', to: 'RUNNING', at: (CREATED + 877) / 1000, cause: 'every container is ready', version: 2 },
  ],
};

describe('GET /api/tasks/{id or ARN}/history', () => {
  test.each([
    ['an id', taskId('a')],
    ['an ARN, encoded', encodeURIComponent(arn('a'))],
    ['an ARN as it is', arn('a')],
  ])('takes %s', async (_what, name) => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, headers, json } = await request(`/api/tasks/${name}/history`);
    expect({ status, type: headers.get('content-type'), json }).toEqual({
      status: 200,
      type: 'application/json',
      json: historyOfA,
    });
  });

  test('is empty for a task that nothing is recorded of', async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    expect((await request(`/api/tasks/${taskId('b')}/history`)).json).toEqual({ taskArn: arn('b'), history: [] });
  });

  test('outlives the task', async () => {
    const state = stateWithHistory();
    state.forget(arn('a'));
    const { request } = await startServer({ state });
    expect((await request(`/api/tasks/${encodeURIComponent(arn('a'))}/history`)).json).toEqual(historyOfA);
    expect((await request(`/api/tasks/${taskId('a')}/history`)).json).toEqual(historyOfA);
  });

  test.each([
    [taskId('0'), `No task with the id ${taskId('0')} is known.`],
    ['x', 'No task with the id x is known.'],
    [encodeURIComponent(arn('0')), `No task ${arn('0')} is known.`],
    [encodeURIComponent('a/../b\u0000'), 'No task with the id a/../b\u0000 is known.'],
  ])('does not know %s', async (name, message) => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, json } = await request(`/api/tasks/${name}/history`);
    expect({ status, json }).toEqual({ status: 404, json: { __type: 'TaskNotFound', message } });
  });

  test('cannot choose between tasks of one id, and lists them', async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    const { status, json } = await request(`/api/tasks/${taskId('twin')}/history`);
    expect({ status, json }).toEqual({
      status: 409,
      json: {
        __type: 'AmbiguousTask',
        message: `Tasks of 2 clusters have the id ${taskId('twin')}: ask by ARN.`,
        taskArns: [arn('twin'), arn('twin', 'other')],
      },
    });
  });

  test.each(['z'.repeat(2_000), `arn:aws:ecs:us-east-1:000000000000:task/default/${'€'.repeat(600)}`])(
    'does not ask the store for what is too long to be a name',
    async (name) => {
      const state = stateWithHistory();
      state.history = () => {
        throw new Error('the key is too long');
      };
      const { request } = await startServer({ state });
      const { status, json } = await request(`/api/tasks/${encodeURIComponent(name)}/history`);
      expect({ status, json }).toMatchObject({ status: 404, json: { __type: 'TaskNotFound' } });
    },
  );

  test('refuses a path that is not percent-encoded UTF-8', async () => {
    const { request } = await startServer({ state: stateWithHistory() });
    for (const name of ['%', '%zz', '%ff']) {
      const { status, json } = await request(`/api/tasks/${name}/history`);
      expect({ status, json }).toMatchObject({ status: 400, json: { __type: 'BadRequest' } });
    }
  });
});

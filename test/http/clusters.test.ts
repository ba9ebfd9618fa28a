/** ListClusters and DescribeClusters as the official client asks for them. */
import {
  DescribeClustersCommand,
  InvalidParameterException,
  ListClustersCommand,
  paginateListClusters,
} from '@aws-sdk/client-ecs';
import type { DescribeClustersCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { fakeState, fakeTask } from './fake-state.js';
import { startServer } from './harness.js';
import type { Harness } from './harness.js';
import { problemsOf } from './model.js';

const arn = (name: string): string => `arn:aws:ecs:us-east-1:000000000000:cluster/${name}`;

const inClusters = (...names: readonly string[]) =>
  fakeState(...names.map((cluster, index) => fakeTask({ id: String(index), cluster })));

async function describeClusters(harness: Harness, input: DescribeClustersCommandInput) {
  const { $metadata, ...output } = await harness.client.send(new DescribeClustersCommand(input));
  expect($metadata.httpStatusCode).toBe(200);
  return output;
}

const refused = async (promise: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InvalidParameterException);
  return error;
};

describe('ListClusters', () => {
  test('gives every cluster, in the order of their names', async () => {
    const { client } = await startServer({ state: inClusters('b', 'default', 'a') });
    const { $metadata, ...output } = await client.send(new ListClustersCommand({}));
    expect($metadata.httpStatusCode).toBe(200);
    expect(output).toEqual({ clusterArns: [arn('a'), arn('b'), arn('default')] });
  });

  test('gives an empty list while none is known', async () => {
    const { call } = await startServer();
    expect((await call('ListClusters', {})).text).toBe('{"clusterArns":[]}');
  });

  test('gives pages', async () => {
    const { client } = await startServer({ state: inClusters('c', 'a', 'e', 'b', 'd') });
    const pages: unknown[] = [];
    for await (const { clusterArns } of paginateListClusters({ client, pageSize: 2 }, {})) pages.push(clusterArns);
    expect(pages).toEqual([[arn('a'), arn('b')], [arn('c'), arn('d')], [arn('e')]]);
  });

  test('refuses impossible pages', async () => {
    const { client } = await startServer({ state: inClusters('a') });
    for (const input of [{ maxResults: 0 }, { maxResults: 101 }, { nextToken: 'x' }]) {
      await refused(client.send(new ListClustersCommand(input)));
    }
  });
});

describe('DescribeClusters', () => {
  test('gives the default cluster where none is named, with its counts', async () => {
    const state = inClusters('default', 'default', 'other');
    state.put(
      fakeTask({ id: 'a', lastStatus: 'PENDING' }),
      fakeTask({ id: 'b', lastStatus: 'PROVISIONING' }),
      fakeTask({ id: 'c', lastStatus: 'ACTIVATING' }),
      fakeTask({ id: 'd', lastStatus: 'STOPPED' }),
    );
    const harness = await startServer({ state });
    const expected = {
      clusters: [
        {
          clusterArn: arn('default'),
          clusterName: 'default',
          status: 'ACTIVE',
          registeredContainerInstancesCount: 0,
          runningTasksCount: 2,
          pendingTasksCount: 3,
          activeServicesCount: 0,
          statistics: [],
          tags: [],
          settings: [],
          capacityProviders: [],
          defaultCapacityProviderStrategy: [],
        },
      ],
      failures: [],
    };
    expect(await describeClusters(harness, {})).toEqual(expected);
    expect(await describeClusters(harness, { clusters: [] })).toEqual(expected);
    const include = ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'] as const;
    expect(await describeClusters(harness, { include: [...include] })).toEqual(expected);
  });

  test('gives each cluster once, by name or ARN, and names what is missing by its ARN', async () => {
    const harness = await startServer({ state: inClusters('default', 'other') });
    const elsewhere = 'arn:aws:ecs:eu-west-1:000000000000:cluster/default';
    const { clusters, failures } = await describeClusters(harness, {
      clusters: ['other', 'nowhere', arn('default'), arn('other'), elsewhere, arn('nowhere')],
    });
    expect(clusters?.map(({ clusterName }) => clusterName)).toEqual(['other', 'default']);
    expect(failures).toEqual([
      { arn: arn('nowhere'), reason: 'MISSING' },
      { arn: elsewhere, reason: 'MISSING' },
    ]);
  });

  test('is of the model on the wire', async () => {
    const { call } = await startServer({ state: inClusters('default') });
    const { json } = await call('DescribeClusters', { clusters: ['default', 'x'] });
    expect(problemsOf('DescribeClusters', json)).toEqual([]);
  });

  test('refuses what cannot be a cluster, and more than 100', async () => {
    const { client } = await startServer({ state: inClusters('default') });
    const ask = (input: DescribeClustersCommandInput) => refused(client.send(new DescribeClustersCommand(input)));
    expect(await ask({ clusters: ['a.b'] })).toMatchObject({
      message: 'Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a.b',
    });
    expect(await ask({ clusters: ['a/b'] })).toMatchObject({
      message: 'Invalid identifier: Unexpected number of separators',
    });
    expect(await ask({ clusters: Array.from({ length: 101 }, () => 'a') })).toMatchObject({
      message: 'clusters can have at most 100 items.',
    });
    // The client's types know the fields; its users may not.
    expect(await ask({ include: ['tags' as 'TAGS'] })).toMatchObject({
      message:
        'each of include must be one of [ATTACHMENTS, CONFIGURATIONS, SETTINGS, STATISTICS, TAGS], but was tags.',
    });
  });
});

/**
 * ARNs, and the ids that are derived because nobody gives them: they must be the same after every restart.
 */
import { describe, expect, it } from 'vitest';
import {
  clusterArn,
  containerArn,
  parseArn,
  serviceArn,
  stableNetworkInterfaceId,
  stableUuid,
  taskArn,
  taskDefinitionArn,
  taskIdFromPodName,
} from '../../src/observe/arn.js';

const HERE = { region: 'us-gov-west-1', accountId: '123456789012' };

describe('an ARN', () => {
  it('is made of its parts', () => {
    const start = 'arn:aws:ecs:us-gov-west-1:123456789012';
    expect(clusterArn(HERE, 'default')).toBe(`${start}:cluster/default`);
    expect(taskArn(HERE, 'default', 'abc')).toBe(`${start}:task/default/abc`);
    expect(serviceArn(HERE, 'default', 'web')).toBe(`${start}:service/default/web`);
    expect(taskDefinitionArn(HERE, 'web', '7')).toBe(`${start}:task-definition/web:7`);
    expect(containerArn(HERE, 'default', 'abc', 'def')).toBe(`${start}:container/default/abc/def`);
  });

  it('comes apart again', () => {
    expect(parseArn(taskArn(HERE, 'default', 'abc'))).toEqual({ ...HERE, type: 'task', name: 'default/abc' });
    expect(parseArn(taskDefinitionArn(HERE, 'web', '7'))).toEqual({ ...HERE, type: 'task-definition', name: 'web:7' });
    expect(parseArn('arn:aws-cn:ecs:cn-north-1:1:service/a/b')).toEqual({
      region: 'cn-north-1',
      accountId: '1',
      type: 'service',
      name: 'a/b',
    });
  });

  it.each([undefined, '', 'web:7', 'arn:aws:iam::000000000000:role/x', 'arn:aws:ecs:us-east-1:1:cluster', 'null'])(
    'is not %j',
    (text) => expect(parseArn(text)).toBeUndefined(),
  );
});

describe('a derived id', () => {
  it("is KECS's own for a pod without one: the vector of its documentation", () => {
    expect(taskIdFromPodName('single-task-nginx-6c9f8d7b5c-h4x2p')).toBe('7a2d500619625133525d6ad4759c7d36');
  });

  it('is the same for the same words, and another for others', () => {
    expect(stableUuid('attachment', 'uid-1')).toBe('cd82ccc3-673d-8c82-227a-5c66bb0cef7a');
    expect(stableUuid('attachment', 'uid-1')).not.toBe(stableUuid('attachment', 'uid-2'));
    // Words do not run together.
    expect(stableUuid('a', 'bc')).not.toBe(stableUuid('ab', 'c'));
  });

  it('of a network interface has the form that EC2 gives them', () => {
    expect(stableNetworkInterfaceId('uid-1')).toMatch(/^eni-[0-9a-f]{17}$/);
    expect(stableNetworkInterfaceId('uid-1')).toBe(stableNetworkInterfaceId('uid-1'));
  });
});

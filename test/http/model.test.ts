/** The check against the SDK's model finds what it is there to find: without this, a check that accepts everything would pass everywhere. */
import { describe, expect, test } from 'vitest';
import { OPERATION_NAMES } from '../../src/http/ecs/operation-names.js';
import { modelOperations, problemsOf } from './model.js';

describe('the list of operations', () => {
  test('is that of the SDK', () => {
    expect(OPERATION_NAMES).toEqual(modelOperations());
  });
});

describe('problemsOf', () => {
  test('accepts what is of the model', () => {
    expect(
      problemsOf('DescribeTasks', {
        tasks: [
          {
            taskArn: 'arn',
            createdAt: 1_767_225_600.123,
            version: 3,
            connectivity: 'CONNECTED',
            enableExecuteCommand: false,
            containers: [{ name: 'app', exitCode: 0, healthStatus: 'UNKNOWN', networkInterfaces: [] }],
            tags: [{ key: 'a', value: 'b' }],
          },
        ],
        failures: [{ arn: 'arn', reason: 'MISSING' }],
      }),
    ).toEqual([]);
    expect(problemsOf('ListTasks', { taskArns: ['arn'], nextToken: 'x' })).toEqual([]);
  });

  test.each([
    [
      'a member that is not of the model',
      { tasks: [{ podName: 'a' }] },
      'DescribeTasks.tasks[0].podName: no member of Task',
    ],
    [
      'a time that is text',
      { tasks: [{ createdAt: '2026-01-01' }] },
      'DescribeTasks.tasks[0].createdAt: not a number but "2026-01-01"',
    ],
    [
      'a value that its enumeration does not have',
      { tasks: [{ containers: [{ healthStatus: 'SICK' }] }] },
      'DescribeTasks.tasks[0].containers[0].healthStatus: no value of its enumeration but "SICK"',
    ],
    [
      'an enumeration elsewhere',
      { tasks: [{ stopCode: 'Bored' }] },
      'DescribeTasks.tasks[0].stopCode: no value of its enumeration but "Bored"',
    ],
    ['no list where one belongs', { tasks: {} }, 'DescribeTasks.tasks: not a list'],
    ['a null', { failures: [{ arn: null }] }, 'DescribeTasks.failures[0].arn: not a string but null'],
    [
      'a flag that is text',
      { tasks: [{ enableExecuteCommand: 'no' }] },
      'DescribeTasks.tasks[0].enableExecuteCommand: not a boolean but "no"',
    ],
    ['no object at all', [], 'DescribeTasks: not an object'],
  ])('finds %s', (_what, output, problem) => {
    expect(problemsOf('DescribeTasks', output)).toEqual([problem]);
  });

  test('knows only operations of the model', () => {
    expect(() => problemsOf('DescribePods', {})).toThrow('The model has no operation DescribePods.');
  });
});

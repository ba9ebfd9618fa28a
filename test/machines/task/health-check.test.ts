/**
 * Owns the proof that a task which is killed for its health check was unhealthy, also where the kubelet's kill came before any look at the
 * pod that showed it not ready.
 */
import { describe, expect, it } from 'vitest';
import { IDENTITY, LOOKS, READY, event, exited, facts, observed } from './messages.js';
import { startTask } from './running-task.js';

const kill = [event('livenessFailed', 19, { container: 'main' }), event('killing', 20, { container: 'main' })] as const;

describe('a container that is killed for its health check', () => {
  it('has failed it, though the last look before its end showed it ready', () => {
    const task = startTask({ identity: IDENTITY, profile: 'kecs' });
    task.send(observed(LOOKS.kecs.RUNNING, 3), ...kill);
    const { context } = task.send(observed({ ...facts(exited(0, 21), exited(0, 22)), phase: 'Succeeded' }, 23));
    expect(context.stop?.stoppedReason).toBe('Task failed container health checks');
    expect(context.containers.map(({ healthStatus }) => healthStatus)).toEqual(['UNHEALTHY', 'HEALTHY']);
    expect(context.healthStatus).toBe('UNHEALTHY');
  });

  it('does not become healthy by a look that is late', () => {
    const task = startTask({ identity: IDENTITY, profile: 'kecs' });
    task.send(observed(LOOKS.kecs.RUNNING, 3), ...kill);
    expect(task.send(observed(facts(READY, READY), 21)).context.healthStatus).toBe('UNHEALTHY');
  });

  it('is the only one: a deletion kills without a word on health', () => {
    const task = startTask({ identity: IDENTITY, profile: 'kecs' });
    task.send(observed(LOOKS.kecs.RUNNING, 3), event('killing', 20, { container: 'main' }));
    const { context } = task.send(observed({ ...facts(exited(0, 21), exited(0, 22)), phase: 'Succeeded' }, 23));
    expect(context.healthStatus).toBe('HEALTHY');
  });
});

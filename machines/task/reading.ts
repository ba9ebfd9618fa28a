/**
 * Owns the reading of one observation: which lastStatus do these facts speak of? Rows 1 to 8 of machines/semantics.ts.
 * It knows nothing of order: that a task never goes backward (T1) is the chart's part.
 */
import { PROFILES } from '../semantics.js';
import type { Profile } from '../semantics.js';
import type { ContainerFacts, ContainerRecord, LastStatus, TaskContext, TaskFacts } from './task.types.js';

/** A phase after which the kubelet runs nothing of this pod any more. */
export const isTerminal = (phase: TaskFacts['phase']): boolean => phase === 'Succeeded' || phase === 'Failed';

/** The container ran at least once, as far as this status or an earlier one showed. */
export const hasStarted = (facts: ContainerFacts, record: ContainerRecord | undefined): boolean =>
  facts.hasStarted || record?.hasStarted === true;

/** The container ran and does not run now. Only under deletion is that an end: elsewhere the kubelet may start it again. */
export const hasEnded = (facts: ContainerFacts, record: ContainerRecord | undefined): boolean =>
  facts.state !== 'running' && hasStarted(facts, record);

/**
 * Reads one observation. Order of checks: deletion, terminal phase, an essential exit (profile `aws`), then how far the start has come.
 */
export function readLastStatus(facts: TaskFacts, context: TaskContext): LastStatus {
  const profile = PROFILES[context.profile];
  if (facts.deletion !== undefined) return readDeletion(facts, context, profile);
  if (isTerminal(facts.phase)) return 'STOPPED';
  if (profile.essentialExit === 'stopsTask' && essentialContainerEnded(facts, context) !== undefined) {
    return facts.containers.some((container) => container.state === 'running') ? 'STOPPING' : 'DEPROVISIONING';
  }
  return readStart(facts, context, profile);
}

/** Rows 5 to 7. */
function readDeletion(facts: TaskFacts, context: TaskContext, profile: Profile): LastStatus {
  const running = facts.containers.filter((container) => container.state === 'running').length;
  const letGo = facts.deletion?.graceSeconds === 0;
  if (running === 0) {
    const ended =
      profile.deprovisioning === 'kubeletLetGo' ? letGo : letGo || context.identity.networkMode === 'awsvpc';
    return ended ? 'DEPROVISIONING' : 'STOPPING';
  }
  const untouched = running === facts.containers.length && facts.phase === 'Running';
  if (profile.deactivating === 'deregistering') {
    return untouched && context.identity.hasRegistrations ? 'DEACTIVATING' : 'STOPPING';
  }
  return untouched ? 'DEACTIVATING' : 'STOPPING';
}

/** Rows 1 to 4. */
function readStart(facts: TaskFacts, context: TaskContext, profile: Profile): LastStatus {
  let started = 0;
  let ready = 0;
  let known = 0;
  for (const [index, container] of facts.containers.entries()) {
    if (container.state !== 'absent') known += 1;
    if (container.ready) ready += 1;
    if (container.ready || hasStarted(container, context.containers[index])) started += 1;
  }
  const all = facts.containers.length;
  if (profile.running === 'allStarted') {
    if (all > 0 && started === all) {
      return context.identity.hasRegistrations && facts.ready?.status !== 'True' ? 'ACTIVATING' : 'RUNNING';
    }
    return facts.scheduled ? 'PENDING' : 'PROVISIONING';
  }
  if (started > 0) return facts.phase === 'Running' && ready === all ? 'RUNNING' : 'ACTIVATING';
  return known > 0 ? 'PENDING' : 'PROVISIONING';
}

/** The first essential container that has ended and will not be started again, while its pod goes on (row 18). */
export function essentialContainerEnded(facts: TaskFacts, context: TaskContext): ContainerFacts | undefined {
  for (const [index, definition] of context.identity.containers.entries()) {
    const container = facts.containers[index];
    if (container === undefined || !definition.essential || container.state !== 'terminated' || !container.hasStarted)
      continue;
    const final = definition.restart === 'never' || (definition.restart === 'onFailure' && container.exitCode === 0);
    if (final) return container;
  }
  return undefined;
}

/**
 * Owns the words by which a person is told why a task moved: one sentence for each row of its history.
 */
import { isTerminal } from './reading.js';
import type { LastStatus, TaskContext, TaskFacts, TaskMessage } from './task.types.js';

/**
 * Why `message` led from `from` (null: the task was not known before) to `to`. `context` is what the task knows after it.
 */
export function describeCause(
  message: TaskMessage,
  context: TaskContext,
  from: LastStatus | null,
  to: LastStatus,
): string {
  const words = causeOf(message, context, to);
  return from === null && message.type === 'POD_OBSERVED' && to !== 'PROVISIONING'
    ? `first seen like this: ${words}`
    : words;
}

function causeOf(message: TaskMessage, context: TaskContext, to: LastStatus): string {
  switch (message.type) {
    case 'STOP_REQUESTED':
      return `StopTask was called${message.reason === undefined ? '' : `: ${message.reason}`}`;
    case 'POD_GONE': {
      const how =
        message.how === 'deleted' ? 'the pod is gone' : 'the pod was missing when the cluster was listed again';
      return `${how}${stopWords(context)}`;
    }
    case 'STARTED_BY':
      return `started by ${message.startedBy}`;
    case 'EVENT_OBSERVED':
      return message.event.message;
    case 'POD_OBSERVED':
      return observationWords(message.facts, context, to);
  }
}

function observationWords(facts: TaskFacts, context: TaskContext, to: LastStatus): string {
  switch (to) {
    case 'PROVISIONING':
      return `pod ${context.identity.podName} was created`;
    case 'PENDING':
      return `placed on a node; ${containerWords(facts)}`;
    case 'ACTIVATING':
    case 'RUNNING': {
      const ready = facts.containers.filter((container) => container.ready).length;
      const started = context.containers.filter((record) => record.hasStarted).length;
      const all = facts.containers.length;
      return to === 'RUNNING' && ready === all
        ? `${all === 1 ? 'its container is' : `all ${all} containers are`} ready`
        : `${started} of ${all} containers started, ${ready} ready`;
    }
    case 'DEACTIVATING':
    case 'STOPPING': {
      if (facts.deletion === undefined) return `an essential container ended; ${containerWords(facts)}`;
      const asked = `the pod is being deleted (grace period ${facts.deletion.graceSeconds} s)`;
      return to === 'DEACTIVATING' ? asked : `${asked}; ${containerWords(facts)}`;
    }
    case 'DEPROVISIONING':
      return facts.deletion === undefined
        ? `every container has ended; ${containerWords(facts)}`
        : `the node has let go of the pod; ${containerWords(facts)}`;
    case 'STOPPED': {
      const phase = isTerminal(facts.phase) ? `the pod ended as ${facts.phase}; ` : '';
      return `${phase}${containerWords(facts)}${stopWords(context)}`;
    }
  }
}

const stopWords = ({ stop }: TaskContext): string =>
  stop === undefined ? '' : ` (${stop.stopCode}: ${stop.stoppedReason})`;

/** "main is running, sidecar exited with 1 (Error)". */
function containerWords(facts: TaskFacts): string {
  const words = facts.containers.map((container) => {
    const why = container.reason === undefined ? '' : ` (${container.reason})`;
    switch (container.state) {
      case 'absent':
        return `${container.name} has no status`;
      case 'waiting':
        return `${container.name} is waiting${why}`;
      case 'running':
        return `${container.name} is running${container.ready ? ' and ready' : ''}`;
      case 'terminated':
        return container.exitCode === undefined
          ? `${container.name} ended${why}`
          : `${container.name} exited with ${container.exitCode}${why}`;
    }
  });
  return words.length === 0 ? 'no container' : words.join(', ');
}

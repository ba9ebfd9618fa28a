/**
 * Owns the arrows of a statechart as words: those that it has, and those that XState took. A test that compares the two knows that its
 * table of paths leaves none out.
 */
import type { AnyStateMachine, InspectedMicrostepEvent } from 'xstate';
import { diagramOf } from '../../visualizations/diagram.js';

const words = (source: string, event: string, guard: string | undefined, target: string | undefined): string => {
  const from = `${source === '' ? 'any' : source}: ${event}`;
  const when = guard === undefined ? '' : ` [${guard}]`;
  return target === undefined ? `${from}${when}` : `${from}${when} → ${target}`;
};

/** All of a machine: `PENDING: DEPLOYMENT_GONE [nothingIsLeft] → INACTIVE`; without a target what is done in place. */
export const arrowsOf = (machine: AnyStateMachine): readonly string[] =>
  diagramOf(machine).transitions.map(({ source, event, guard, target }) => words(source, event, guard, target));

/** Those of one microstep, without the ones that only forbid. */
export const arrowsTaken = ({ _transitions }: InspectedMicrostepEvent): readonly string[] =>
  _transitions
    .filter(({ target, actions }) => (target?.length ?? 0) > 0 || actions.length > 0)
    .map(({ source, eventType, guard, target }) => {
      // The guards of these machines are named.
      const name = typeof guard === 'string' ? guard : undefined;
      // XState types a target as any: it is a node.
      const [node] = (target ?? []) as readonly { readonly path: readonly string[] }[];
      return words(source.path.join('.'), eventType, name, node?.path.join('.'));
    });

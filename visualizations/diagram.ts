/**
 * Owns a machine as data: its states and transitions as they are drawn or printed, read off the XState machine itself. Pure, and the
 * same for the same machine, always.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

export interface DiagramState {
  /** Its place, joined by dots: `up.RUNNING`. The machine itself has the empty one. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly description?: string;
  /** The path of the state that is entered first. */
  readonly initial?: string;
  readonly states: readonly DiagramState[];
}

export interface DiagramTransition {
  readonly source: string;
  /** Absent: the state stays as it is, and only the actions are done. */
  readonly target?: string;
  /** The message; `after 5s`, `always` for what comes by itself. */
  readonly event: string;
  /** `reads RUNNING`: its name and parameters, or the condition as it is written. Conditions are tried in the order of the transitions. */
  readonly guard?: string;
  readonly actions: readonly string[];
}

export interface Diagram {
  readonly machine: string;
  readonly root: DiagramState;
  readonly transitions: readonly DiagramTransition[];
}

/** The machine as data. Transitions stand in the order of the states, and in each in the order in which they are tried. */
export function diagramOf(machine: AnyStateMachine): Diagram {
  const transitions: DiagramTransition[] = [];
  const root = stateOf(machine.root, transitions);
  return { machine: machine.id, root, transitions };
}

const pathOf = (node: AnyStateNode): string => node.path.join('.');

function stateOf(node: AnyStateNode, transitions: DiagramTransition[]): DiagramState {
  for (const transition of node.always ?? []) transitions.push(...transitionsOf(node, 'always', transition));
  for (const [event, candidates] of node.transitions) {
    for (const transition of candidates) transitions.push(...transitionsOf(node, eventWords(event), transition));
  }
  // XState types these as any: a node's children are nodes.
  const children = Object.values(node.states) as readonly AnyStateNode[];
  const first = node.type === 'compound' ? node.initial.target?.[0] : undefined;
  return {
    path: pathOf(node),
    name: node.key,
    kind: node.type === 'atomic' && node.tags.includes('final') ? 'final' : node.type,
    ...(node.description === undefined ? {} : { description: node.description }),
    ...(first === undefined ? {} : { initial: pathOf(first) }),
    states: children.map((child) => stateOf(child, transitions)),
  };
}

function transitionsOf(
  node: AnyStateNode,
  event: string,
  transition: AnyTransitionDefinition,
): readonly DiagramTransition[] {
  const actions = transition.actions.map(nameOf).filter((name) => name !== undefined);
  const guard = transition.guard === undefined ? undefined : guardWords(transition.guard);
  const common = { source: pathOf(node), event, ...(guard === undefined ? {} : { guard }), actions };
  // XState types these as any: targets are nodes.
  const targets = (transition.target ?? []) as readonly AnyStateNode[];
  if (targets.length > 0) return targets.map((target) => ({ ...common, target: pathOf(target) }));
  // A transition without target and actions forbids: the message ends here and is not passed on to the parent.
  return transition.actions.length === 0 ? [] : [common];
}

const AFTER = /^xstate\.after\.([^.]+)\./;

function eventWords(event: string): string {
  const [, delay] = AFTER.exec(event) ?? [];
  return delay === undefined ? event : `after ${/^\d+$/.test(delay) ? `${Number(delay) / 1000}s` : delay}`;
}

/** The name of an action; undefined of one that was written in place. */
function nameOf(action: unknown): string | undefined {
  if (typeof action === 'string') return action;
  return isParameterised(action) ? action.type : undefined;
}

function guardWords(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'function') return sourceWords(guard);
  if (!isParameterised(guard)) return 'a condition';
  const values = Object.values(guard.params ?? {}).map(String);
  return [guard.type, ...values].join(' ');
}

interface Parameterised {
  readonly type: string;
  readonly params?: object;
}

const isParameterised = (value: unknown): value is Parameterised =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** A condition of this form reads as well as a name. */
const PLAIN_CONDITION = /^[\w.?!=<>&|()'\s+-]{1,60}$/;

/** A guard that was written in place: what it compares, when that is short; compilers differ in quotes and spaces only. */
function sourceWords(guard: object): string {
  const source = String(guard);
  const body = source
    .slice(source.indexOf('=>') + 2)
    .replaceAll('"', "'")
    .replaceAll(/\s+/g, ' ')
    .trim();
  return source.includes('=>') && PLAIN_CONDITION.test(body) ? body : 'a condition';
}

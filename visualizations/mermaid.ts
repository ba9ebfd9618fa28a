/**
 * Owns a machine in Mermaid's words (stateDiagram-v2), for READMEs and whatever else draws Mermaid.
 *
 * Mermaid cannot draw an arrow from a state to one inside of it. A parent that has such transitions, or does something in place for all of
 * its states, is given a box for them: "any state of …", which stands inside of it. And Mermaid takes a state for a child of the block
 * in which an arrow first names it: so every arrow stands in the innermost block that holds both of its ends.
 */
import type { Diagram, DiagramState, DiagramTransition } from './diagram.js';

const INDENT = '  ';

/** The diagram as Mermaid text, with a newline at its end. */
export function mermaidOf(diagram: Diagram): string {
  const writer = new MermaidWriter(diagram);
  return `${['stateDiagram-v2', ...writer.lines()].join('\n')}\n`;
}

class MermaidWriter {
  readonly #diagram: Diagram;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #parents: ReadonlySet<string>;

  constructor(diagram: Diagram) {
    const all = allStates(diagram.root);
    this.#diagram = diagram;
    this.#ids = idsOf(all);
    this.#parents = new Set(all.filter(({ states }) => states.length > 0).map(({ path }) => path));
  }

  lines(): readonly string[] {
    return this.#inside(this.#diagram.root, 1);
  }

  /** What stands inside of a state: its beginning, its children, its box, and the arrows between all of these. */
  #inside(state: DiagramState, depth: number): readonly string[] {
    const indent = INDENT.repeat(depth);
    const lines: string[] = [];
    if (state.initial !== undefined) lines.push(`${indent}[*] --> ${this.#id(state.initial)}`);
    for (const [index, child] of state.states.entries()) {
      // The regions of a parallel state.
      if (state.kind === 'parallel' && index > 0) lines.push(`${indent}--`);
      lines.push(...this.#declared(child, depth));
    }
    lines.push(...this.#box(state).map((line) => indent + line));
    for (const transition of this.#diagram.transitions) {
      const { source, target } = transition;
      if (target === undefined || !this.#belongs(state, source, target)) continue;
      lines.push(`${indent}${this.#origin(source)} --> ${this.#id(target)} : ${labelOf(transition)}`);
    }
    for (const child of state.states)
      if (child.kind === 'final') lines.push(`${indent}${this.#id(child.path)} --> [*]`);
    return lines;
  }

  /** Whether the innermost block that holds both ends of an arrow is this state's. */
  #belongs(state: DiagramState, source: string, target: string): boolean {
    const holds = (one: DiagramState): boolean => within(one, source) && within(one, target);
    return holds(state) && !state.states.some(holds);
  }

  #declared(state: DiagramState, depth: number): readonly string[] {
    const indent = INDENT.repeat(depth);
    const declaration = `${indent}state "${safe(state.name)}" as ${this.#id(state.path)}`;
    if (state.states.length > 0) return [`${declaration} {`, ...this.#inside(state, depth + 1), `${indent}}`];
    const inPlace = this.#from(state.path).filter(({ target }) => target === undefined);
    return [declaration, ...inPlace.map((transition) => `${indent}${this.#id(state.path)} : ${labelOf(transition)}`)];
  }

  #box(state: DiagramState): readonly string[] {
    if (!this.#hasBox(state.path)) return [];
    const id = this.#boxId(state.path);
    const inPlace = this.#from(state.path).filter(({ target }) => target === undefined);
    return [
      `state "any state${state.path === '' ? '' : ` of ${safe(state.name)}`}" as ${id}`,
      ...inPlace.map((transition) => `${id} : ${labelOf(transition)}`),
    ];
  }

  #hasBox(path: string): boolean {
    const isParent = this.#parents.has(path);
    return isParent && this.#from(path).some(({ target }) => target === undefined || isInside(path, target));
  }

  #boxId(path: string): string {
    return path === '' ? 'any' : `${this.#id(path)}_any`;
  }

  /** Where an arrow of this state starts. */
  #origin(path: string): string {
    return this.#hasBox(path) ? this.#boxId(path) : this.#id(path);
  }

  #from(path: string): readonly DiagramTransition[] {
    return this.#diagram.transitions.filter(({ source }) => source === path);
  }

  #id(path: string): string {
    return this.#ids.get(path) ?? path;
  }
}

const isInside = (parent: string, path: string): boolean =>
  parent === '' || path === parent || path.startsWith(`${parent}.`);

/** Whether this state is the one of `path`, or has it inside; a leaf's block holds nothing, not even itself. */
const within = (state: DiagramState, path: string): boolean => state.states.length > 0 && isInside(state.path, path);

/** A state's own name where no other state has it, else its whole path. */
function idsOf(all: readonly DiagramState[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  for (const { name } of all) count.set(name, (count.get(name) ?? 0) + 1);
  return new Map(all.map(({ path, name }) => [path, (count.get(name) === 1 ? name : path).replaceAll(/\W/g, '_')]));
}

const allStates = (state: DiagramState): readonly DiagramState[] => [state, ...state.states.flatMap(allStates)];

/** Actions are told where nothing else happens; on an arrow they would hide what it is for. */
function labelOf({ event, guard, actions, target }: DiagramTransition): string {
  const condition = guard === undefined ? '' : ` [${guard}]`;
  const done = target !== undefined || actions.length === 0 ? '' : ` / ${actions.join(', ')}`;
  return safe(`${event}${condition}${done}`);
}

/** Mermaid ends a label at a colon or a semicolon, and takes a hash for the beginning of an entity. */
const safe = (text: string): string => text.replaceAll(/[:;#"]/g, ' ');

/**
 * Owns what is generated in machines/README.md: the blocks between `<!-- name -->` and `<!-- /name -->`, made from the machines themselves.
 */
import type { AnyStateMachine } from 'xstate';
import { MACHINES } from '../machines/index.js';
import { diagramOf } from './diagram.js';
import { mermaidOf } from './mermaid.js';
import { profilesTable } from './profiles-table.js';

const diagram = (machine: AnyStateMachine) => (): string => `\`\`\`mermaid\n${mermaidOf(diagramOf(machine))}\`\`\``;

const BLOCKS: Readonly<Record<string, () => string>> = {
  profiles: profilesTable,
  ...Object.fromEntries(Object.entries(MACHINES).map(([name, machine]) => [`diagram:${name}`, diagram(machine)])),
};

/**
 * The text with every block made anew.
 *
 * @throws when a block has no place in it, or no end
 */
export function withGeneratedBlocks(readme: string): string {
  let text = readme;
  for (const [name, make] of Object.entries(BLOCKS)) {
    const open = `<!-- ${name} -->`;
    const close = `<!-- /${name} -->`;
    const start = text.indexOf(open);
    const end = text.indexOf(close, start);
    if (start < 0 || end < 0)
      throw new Error(`machines/README.md has no place for ${name}: write ${open} and ${close}.`);
    text = `${text.slice(0, start)}${open}\n\n${make()}\n\n${text.slice(end)}`;
  }
  return text;
}

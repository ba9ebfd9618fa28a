/**
 * Owns `ecstate diagram`: a statechart, drawn from the machine itself.
 */
import { Argument, type Command } from 'commander';
import type { AnyStateMachine } from 'xstate';
import { MACHINES } from '../../../machines/index.js';
import { diagramOf } from '../../../visualizations/diagram.js';
import { mermaidOf } from '../../../visualizations/mermaid.js';
import { flagText, writeJson, type CommandContext, type Flags } from '../context.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addExamples, addOutput } from '../options.js';

/** The machines that can be drawn, by their names. */
const DRAWABLE: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>(Object.entries(MACHINES));

export function addDiagram(program: Command, context: CommandContext): void {
  const command = program
    .command('diagram')
    .summary('print a statechart')
    .description('print a statechart, drawn from the machine that runs')
    .addArgument(new Argument('<machine>', 'which one').choices([...DRAWABLE.keys()]))
    .action(context.action(async (machine: string, flags: Flags) => diagram(machine, flags, context)));
  addOutput(command, ['mermaid', 'json']);
  addExamples(command, [
    ['diagram task', 'for a Mermaid block of a README'],
    ['diagram watch -o json', 'states and transitions as data'],
  ]);
}

function diagram(name: string, flags: Flags, { io }: CommandContext): ExitCode {
  const machine = DRAWABLE.get(name);
  // Commander has checked the name against the same list.
  if (machine === undefined) throw new Error(`There is no machine "${name}".`);
  const drawn = diagramOf(machine);
  if (flagText(flags, 'output') === 'json') writeJson(io, drawn);
  else io.stdout.write(mermaidOf(drawn));
  return EXIT_CODES.ok.code;
}

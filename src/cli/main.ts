import { EXIT_CODES } from '../exit-codes.ts';
import type { CommandTable, Program } from './runtime/command.ts';
import { failureText } from './runtime/failure-text.ts';
import { formatWanted } from './runtime/output.ts';
import { screenOf } from './runtime/screen.ts';
import { reportThrown } from './runtime/thrown.ts';

/**
 * What `bin/aichor.js` calls. A command that was typed in full is run at once, by oclif's parser alone; help, topics
 * and aliases are oclif's as a whole, which takes twice as long to load.
 */
export async function main(program: Program, commands: CommandTable): Promise<void> {
  const argv = spelledOut(process.argv.slice(2));
  try {
    const typed = helpAsked(argv) ? null : typedCommand(argv, commands);
    if (typed === null) {
      const { runWithOclif } = await import('./runtime/oclif.ts');
      await runWithOclif(argv, program, commands);
    } else {
      const { default: command } = await typed.load();
      command.id = typed.id;
      await command.run(typed.argv, program);
    }
  } catch (thrown) {
    await fail(thrown, argv);
  }
}

/** `help x` and `-h` are other ways to write `x --help`. What stands behind `--` is left alone. */
export function spelledOut(argv: readonly string[]): string[] {
  if (argv[0] === 'help') return [...argv.slice(1), '--help'];
  const end = argv.indexOf('--');
  return argv.map((word, index) => (word === '-h' && (end === -1 || index < end) ? '--help' : word));
}

interface TypedCommand {
  id: string;
  load: CommandTable[string];
  /** The words behind the command's name. */
  argv: string[];
}

/** The command whose words the line begins with, the longest that there is; null when it begins with none. */
export function typedCommand(argv: readonly string[], commands: CommandTable): TypedCommand | null {
  const flag = argv.findIndex((word) => word.startsWith('-'));
  const words = flag === -1 ? argv : argv.slice(0, flag);
  for (let count = words.length; count > 0; count--) {
    const id = words.slice(0, count).join(':');
    const load = Object.hasOwn(commands, id) ? commands[id] : undefined;
    if (load !== undefined) return { id, load, argv: argv.slice(count) };
  }
  return null;
}

function helpAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--help');
}

/** For what is thrown outside a command; inside one, the base command has reported it. */
async function fail(thrown: unknown, argv: readonly string[]): Promise<void> {
  const reported = reportThrown(thrown, { command: '', flags: [] });
  process.exitCode = EXIT_CODES[reported.error.code];
  const isJson = formatWanted({ argv, env: process.env, isTerminal: true }) === 'json';
  const screen = process.stderr.isTTY && !isJson ? screenOf(process.stderr, process.env) : null;
  process.stderr.write(await failureText(reported, { screen, sources: new Map(), findingsShown: false }));
}

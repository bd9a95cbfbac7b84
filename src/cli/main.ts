import { Config } from '@oclif/core/config';
import { normalizeArgv } from '@oclif/core/help';
import { run } from '@oclif/core/run';
import { EXIT_CODES } from '../exit-codes.ts';
import { failureText } from './runtime/failure-text.ts';
import { screenOf } from './runtime/screen.ts';
import { reportThrown } from './runtime/thrown.ts';

/** What `bin/aichor.js` calls: finds the command that was typed and runs it. `root` is the package's folder. */
export async function main(root: string): Promise<void> {
  const argv = spelledOut(process.argv.slice(2));
  try {
    // There is nothing to plug in: looking for it would cost a moment of every start.
    const config = await Config.load({ root, userPlugins: false, devPlugins: false });
    await refuseUnknown(argv, config);
    await run(argv, config);
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

/** oclif would look for a hook, and answers unknown words below a topic in ways of its own. */
async function refuseUnknown(argv: readonly string[], config: Config): Promise<void> {
  const words = argv.filter((word) => word !== '--help');
  const [first] = words;
  if (first === undefined || first === '--version') return;
  const [id] = normalizeArgv(config, [...words]);
  if (id !== undefined && (config.findCommand(id) || config.findTopic(id))) return;
  const { unknownCommand } = await import('./runtime/unknown-command.ts');
  const commands = config.commands
    .filter((command) => !command.hidden)
    .map((command) => command.id.replaceAll(':', ' '));
  throw unknownCommand(words, commands);
}

/** For what is thrown outside a command; inside one, the base command has reported it. */
async function fail(thrown: unknown, argv: readonly string[]): Promise<void> {
  const reported = reportThrown(thrown, { command: '', flags: [] });
  process.exitCode = EXIT_CODES[reported.error.code];
  const human = process.stdout.isTTY && !argv.includes('--json') && process.env['AICHOR_OUTPUT'] !== 'json';
  const screen = human ? screenOf(process.stderr, process.env) : null;
  process.stderr.write(await failureText(reported, { screen, sources: new Map(), findingsShown: false }));
}

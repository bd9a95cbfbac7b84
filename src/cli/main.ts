import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { EXIT_CODES } from '../exit-codes.ts';
import { errorDocument, errorView } from './print/error.ts';
import { screenOf } from './screen.ts';
import { reportThrown } from './thrown.ts';

/** What `bin/aichor.js` calls: finds the command that was typed and runs it. `bin` is the bin file's URL. */
export async function main(bin: string): Promise<void> {
  const argv = spelledOut(process.argv.slice(2));
  try {
    const config = await Config.load(fileURLToPath(bin));
    await refuseUnknown(argv, config);
    await run(argv, config);
  } catch (thrown) {
    fail(thrown, argv);
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
  const { normalizeArgv } = await import('@oclif/core/help');
  const [id] = normalizeArgv(config, [...words]);
  if (id !== undefined && (config.findCommand(id) || config.findTopic(id))) return;
  const { unknownCommand } = await import('./unknown-command.ts');
  const commands = config.commands
    .filter((command) => !command.hidden)
    .map((command) => command.id.replaceAll(':', ' '));
  throw unknownCommand(words, commands);
}

/** For what is thrown outside a command; inside one, the base command has reported it. */
function fail(thrown: unknown, argv: readonly string[]): void {
  const { error, stack } = reportThrown(thrown, { command: '', flags: [] });
  process.exitCode = EXIT_CODES[error.code];
  const human = process.stdout.isTTY && !argv.includes('--json') && process.env['AICHOR_OUTPUT'] !== 'json';
  const text = human
    ? errorView(error, stack, screenOf(process.stderr, process.env))
    : `${JSON.stringify(errorDocument(error, stack))}\n`;
  process.stderr.write(text);
}

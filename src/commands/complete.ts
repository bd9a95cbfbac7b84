import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseCommand } from '../cli/runtime/base-command.ts';
import { FILES, FOLDERS } from '../cli/completion/scripts.ts';
import { valuesOf } from '../cli/completion/values.ts';
import { wantedFor, wordsOfLine, type KnownCommand, type Suggestion } from '../cli/completion/wanted.ts';

/** Who presses a key does not wait longer than that for a server. */
const PATIENCE_MS = 2000;

/** What shells ask when the tab key is pressed: `complete -- WORDS…`, the last one unfinished, or `complete --line LINE`. */
export default class Complete extends BaseCommand<undefined> {
  static override summary = 'Words that complete a command line (for shells)';
  static override hidden = true;
  static override strict = false;

  async run(): Promise<undefined> {
    const [first, ...rest] = this.argv;
    const words = first === '--line' ? wordsOfLine(rest.join(' ')).slice(1) : rest;
    // A completion that fails says nothing: whoever types sees the mistake when the command runs.
    const lines = await this.#lines(words).catch(() => []);
    if (lines.length > 0) await this.write(`${lines.join('\n')}\n`);
  }

  async #lines(words: readonly string[]): Promise<string[]> {
    const text = await readFile(join(this.program.root, 'oclif.manifest.json'), 'utf8');
    const { commands }: { commands: Record<string, KnownCommand> } = JSON.parse(text);
    const current = words.at(-1) ?? '';
    const wanted = wantedFor(words, Object.values(commands));
    if ('words' in wanted) return linesOf(wanted.words, current);
    const { values: kind, before, of } = wanted;
    if (kind === null || kind === 'file') return [FILES];
    if (kind === 'folder') return [FOLDERS];
    const client = () => this.runningClient(AbortSignal.timeout(PATIENCE_MS));
    const values = await valuesOf(kind, { current: current.slice(before.length), client, of });
    const all = values.map(({ word, says }) => ({ word: `${before}${word}`, says }));
    return linesOf(all, current);
  }
}

function linesOf(suggestions: readonly Suggestion[], current: string): string[] {
  const fits = suggestions.filter(({ word }) => word.startsWith(current));
  return fits.map(({ word, says }) => `${word}\t${says.replace(/\s+/g, ' ')}`);
}

import type { RunContext } from '../../../engine.ts';
import { isScript, namesFile, readMentions, type InstallerMentions } from './mentions.ts';

/** Larger files are data; so many scripts nobody has. */
const LARGEST_TEXT = 256 << 10;
const MOST_TEXTS = 500;

/**
 * Whether the pods install packages while they run, or start login shells: their command, the scripts that it names and those that these
 * name, or the repository's Python code.
 */
export async function readInstallers({
  plan,
  snapshot,
}: Pick<RunContext, 'plan' | 'snapshot'>): Promise<InstallerMentions> {
  const found = readMentions(plan.command, 'shell');
  const { context } = plan.builder;
  const prefix = context === '.' ? '' : `${context}/`;
  const paths = snapshot.paths().filter((path) => path.startsWith(prefix));
  const take = (text: string, language: 'shell' | 'python') => {
    const more = readMentions(text, language);
    found.installs ||= more.installs;
    found.uvRun ||= more.uvRun;
    found.loginShell ||= more.loginShell;
  };
  const scripts = new Set(paths.filter(isScript).slice(0, MOST_TEXTS));
  const run = [plan.command];
  for (let text = run.shift(); text !== undefined; text = run.shift()) {
    const caller = text;
    for (const path of [...scripts].filter((each) => namesFile(caller, each))) {
      scripts.delete(path);
      const script = await read(path);
      take(script, 'shell');
      run.push(script);
    }
  }
  for (const path of paths.filter((each) => each.endsWith('.py')).slice(0, MOST_TEXTS)) {
    if (found.installs && found.loginShell) break;
    take(await read(path), 'python');
  }
  return found;

  async function read(path: string): Promise<string> {
    const content = await snapshot.read(path);
    return content === null || content.length > LARGEST_TEXT ? '' : content.toString('utf8');
  }
}

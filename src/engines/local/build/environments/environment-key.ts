import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { findProgram } from '../../../../machine/find-program.ts';
import type { BuildContext } from '../../../engine.ts';
import type { EnvironmentWork } from './environment-work.ts';

/** Everything that a Python environment depends on, as a name: same key, same environment. */
export async function environmentKey(
  work: Pick<EnvironmentWork, 'facts' | 'python'>,
  { shell }: Pick<BuildContext, 'shell'>,
  tool: 'uv' | 'venv',
): Promise<string> {
  const settings = Object.entries(shell).filter(([name]) => /^(PIP|UV)_/.test(name));
  const parts = {
    version: 3,
    tool,
    python: await interpreterFacts(work.python ?? (await findProgram('python3', shell['PATH'] ?? ''))),
    settings: settings.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    work: work.facts,
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

/** An interpreter without running it: which file it is, and since when. */
async function interpreterFacts(path: string | null): Promise<(string | number)[]> {
  if (path === null) return [];
  const file = await realpath(path);
  return [path, file, (await stat(file)).mtimeMs];
}

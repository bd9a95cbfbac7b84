import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { findProgram } from '../../machine/find-program.ts';
import type { BuildContext } from '../engine.ts';
import type { PythonProject } from './python-project.ts';

/** Everything that a Python environment depends on, as a name: same key, same environment. */
export async function environmentKey(
  project: Exclude<PythonProject, { kind: 'none' }>,
  { shell, snapshot, plan }: Pick<BuildContext, 'shell' | 'snapshot' | 'plan'>,
  tool: 'uv' | 'venv',
): Promise<string> {
  const settings = Object.entries(shell).filter(([name]) => /^(PIP|UV)_/.test(name));
  const parts = {
    version: 1,
    tool,
    python: await interpreterFacts(shell['PATH'] ?? ''),
    files: sorted(Object.entries(project.files)),
    settings: sorted(settings),
    sources: project.usesSources ? [snapshot.digest, plan.builder.context] : null,
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

/** The PATH's interpreter without running it: which file it is, and since when. */
async function interpreterFacts(path: string): Promise<(string | number)[]> {
  const found = await findProgram('python3', path);
  if (found === null) return [];
  const file = await realpath(found);
  return [found, file, (await stat(file)).mtimeMs];
}

function sorted(entries: [string, string][]): [string, string][] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

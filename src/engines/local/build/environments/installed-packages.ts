import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolders } from '../editable/installed.ts';
import type { BuildResult } from '../../../engine.ts';
import { readEnvironmentKey } from '../build-result.ts';
import { environmentHome } from './environments.ts';

/** Distributions of the environment that a build led to, with their versions; null: it led to none, or it is gone. */
export async function installedPackages(
  dataFolder: string,
  build: BuildResult,
): Promise<Record<string, string> | null> {
  const key = readEnvironmentKey(build);
  if (key === null) return null;
  const [packages] = await packageFolders(join(environmentHome(dataFolder, key), 'venv'));
  if (packages === undefined) return null;
  const found = (await readdir(packages)).flatMap((name) => {
    const [, distribution, version] = /^(.+)-([^-]+)\.dist-info$/.exec(name) ?? [];
    return distribution === undefined || version === undefined ? [] : [[distribution, version] as const];
  });
  return Object.fromEntries(found);
}

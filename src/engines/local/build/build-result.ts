import type { BuildResult } from '../../engine.ts';

/** What this engine's builds hand to its runs. */
export interface LocalBuild {
  /** Folders that come first in the pods' PATH: the Python environment's programs, and links. */
  programs: string[];
  /** Key of the Python environment, or null when the PATH's python3 is used. */
  environment: string | null;
  /** Key under which it is kept what the Dockerfile's RUN lines did; absent: they are read. */
  image?: string | null;
}

export function toBuildResult(
  message: string,
  build: LocalBuild,
  notices: BuildResult['notices'] = [],
): BuildResult {
  return { message, data: { ...build }, notices };
}

/** Whether this kind of engine made it; others know of no programs. */
export function isLocalBuild({ data }: BuildResult): boolean {
  return Array.isArray(data['programs']);
}

export function readPrograms({ data }: BuildResult): string[] {
  const { programs } = data;
  return Array.isArray(programs) ? programs.filter((folder) => typeof folder === 'string') : [];
}

/** Where what RUN lines did is kept; null: nowhere. */
export function readImageKey({ data }: BuildResult): string | null {
  const { image } = data;
  return typeof image === 'string' ? image : null;
}

export function readEnvironmentKey({ data }: BuildResult): string | null {
  const { environment } = data;
  return typeof environment === 'string' ? environment : null;
}

import type { LocalDistribution } from './installed.ts';

/** The files that a pod finds, as far as the search needs to know them. */
export interface PodFiles {
  has: (path: string) => boolean;
  /** Paths in the pod of files that belong to a folder of the sources. */
  within: (folder: string) => readonly string[];
}

export interface Imports {
  /** Folders from which modules are imported, as the pod has them. */
  folders: string[];
  /** Distributions that are not imported from their sources: some of their files are not there. */
  copied: { name: string; missing: string }[];
}

/**
 * From where an editable installation imports: for each distribution the folder that has all of its modules. Files that
 * are made while it is installed (compiled, generated) are in the environment only, and then the whole of it is
 * imported from there. Pure.
 */
export function importsOf(distributions: readonly LocalDistribution[], pod: PodFiles): Imports {
  const imports: Imports = { folders: [], copied: [] };
  for (const { name, folder, files } of distributions) {
    const candidates = candidatesOf(files, pod.within(folder));
    const whole = candidates.find((each) => files.every((file) => pod.has(joined(each, file))));
    if (files.length === 0 || (whole !== undefined && imports.folders.includes(whole))) continue;
    if (whole !== undefined) imports.folders.push(whole);
    else {
      const nearest = candidates[0];
      const missing = files.find((file) => nearest === undefined || !pod.has(joined(nearest, file)));
      imports.copied.push({ name, missing: missing ?? '' });
    }
  }
  return imports;
}

/** Folders that have one of the files where the packages have it, the shortest first. */
function candidatesOf(files: readonly string[], paths: readonly string[]): string[] {
  const found = new Set<string>();
  const known = new Set(files);
  const names = new Set(files.map(baseOf));
  for (const path of paths) {
    if (!names.has(baseOf(path))) continue;
    const parts = path.split('/');
    for (let at = 0; at < parts.length; at++)
      if (known.has(parts.slice(at).join('/'))) found.add(parts.slice(0, at).join('/') || path.slice(0, at));
  }
  return [...found].sort((a, b) => a.length - b.length);
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function joined(folder: string, path: string): string {
  return folder === '' || folder === '/' ? `${folder}${path}` : `${folder}/${path}`;
}

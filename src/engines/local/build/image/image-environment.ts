import { posix } from 'node:path';
import { isProtected } from '../../../../operators/protected.ts';

/** Variables of an image that are about the image, its users and its installers. */
const OF_THE_IMAGE =
  /^(HOME|USER|LOGNAME|SHELL|HOSTNAME|TMPDIR|PWD|VIRTUAL_ENV|PYTHONHOME|DEBIAN_FRONTEND)$|^(UV|PIP|POETRY|CONDA|PIPENV|PDM|APT)_/;

/** Variables that are lists of folders. */
const LISTS = /PATH$|_DIRS$/;

export interface ImagePlace {
  /** Values of the machine that an image's refer to: `$PATH`. */
  shell: Readonly<Record<string, string>>;
  /** Where a path of the image is for this pod; null: the image does not lay it out. */
  find: (path: string) => string | null;
  /** Whether the machine has a path itself. */
  exists: (path: string) => boolean;
}

/**
 * ENV of an image as a process of this machine can use it: paths that the image lays out lead there, other absolute
 * entries of lists stay where the machine has such a folder, and are dropped where it has not.
 */
export function imageVariables(env: ReadonlyMap<string, string>, place: ImagePlace): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of env) {
    if (OF_THE_IMAGE.test(name) || isProtected(name)) continue;
    if (name === 'PATH') variables[name] = pathValue(value, place);
    else if (LISTS.test(name) && value.includes('/')) {
      const entries = [...listValue(value, place), ...(place.shell[name]?.split(':') ?? [])];
      if (entries.length > 0) variables[name] = entries.join(':');
    } else variables[name] = value.startsWith('/') ? (place.find(posix.normalize(value)) ?? value) : value;
  }
  return variables;
}

/** The image's own entries before the machine's, which are always there. */
function pathValue(value: string, place: ImagePlace): string {
  const usual = (place.shell['PATH'] ?? '').split(':').filter((entry) => entry !== '');
  const entries = value.split(':').filter((entry) => !/^\$\{?PATH\}?$/.test(entry));
  const own = listValue(entries.join(':'), place).filter((entry) => !usual.includes(entry));
  return [...own, ...usual].join(':');
}

function listValue(value: string, { find, exists }: ImagePlace): string[] {
  return value
    .split(':')
    .filter((entry) => entry !== '')
    .flatMap((entry) => {
      if (!entry.startsWith('/')) return [entry];
      const clean = posix.normalize(entry).replace(/(.)\/$/, '$1');
      const there = find(clean);
      return there === null ? (exists(clean) ? [clean] : []) : [there];
    });
}

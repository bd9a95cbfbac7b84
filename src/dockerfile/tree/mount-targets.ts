/** Folders that every machine has for itself: nothing is laid over them, only over what is in them. */
const OF_THE_MACHINE =
  /^\/(bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)?$|^\/usr\/(bin|lib|lib64|libexec|local|sbin|share|include|src)(\/(bin|etc|lib|sbin|share|src))?$|^\/var\/(lib|log|tmp|cache|run|opt)$|^\/home\/[^/]+$|^\/root\/\.[^/]+$/;

/** Where nothing of an image can be laid: what processes need of the kernel, and what all share. */
const NEVER = /^\/(proc|sys|dev|run|boot)(\/|$)/;

/**
 * The paths at which an image's own files would be laid over the machine's: as high as possible, so that they are
 * few, but never over a folder that the machine needs.
 */
export function mountTargets(paths: Iterable<string>): string[] {
  const below = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let each = path; each !== '/'; each = parentOf(each)) {
      const parent = parentOf(each);
      const known = below.get(parent);
      // Then it is known of those above it too.
      if (known?.has(each) === true) break;
      if (known === undefined) below.set(parent, new Set([each]));
      else known.add(each);
    }
  }
  return descend('/', below).sort();
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Paths of an image where nothing of it can be laid whatever the machine allows, as high as possible: `/run/code`. */
export function unmountablePaths(paths: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const [, outer = '', inner] = path.split('/');
    if (inner !== undefined && NEVER.test(`/${outer}`)) found.add(`/${outer}/${inner}`);
  }
  return [...found].sort();
}

function descend(path: string, below: ReadonlyMap<string, Set<string>>): string[] {
  if (NEVER.test(path)) return [];
  if (!OF_THE_MACHINE.test(path)) return [path];
  return [...(below.get(path) ?? [])].flatMap((child) => descend(child, below));
}

/** Whether a text speaks of one of the paths, or of something in it. */
export function mentions(text: string, targets: readonly string[]): boolean {
  return targets.some((target) => {
    for (let at = text.indexOf(target); at !== -1; at = text.indexOf(target, at + 1)) {
      const before = at === 0 ? '' : text.charAt(at - 1);
      const after = text.charAt(at + target.length);
      if (!/[\w.\-~}/]/.test(before) && !/[\w.-]/.test(after)) return true;
    }
    return false;
  });
}

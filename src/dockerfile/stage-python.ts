import { readBaseImage, type BaseImage } from './base-image.ts';
import type { Stage } from './stage.ts';

/** The first that is known; of an environment that the base has beside the system's Python it is not that one's. */
export function pythonOf(makers: readonly Stage[]): string | null {
  for (const { python, base } of makers) {
    const { python: own = null, environment = null } = base === null ? {} : readBaseImage(base);
    if (python !== null || own !== null) return python ?? own;
    if (environment !== null) return null;
  }
  return null;
}

/** The base's own environment is one of them; there is none where it would be all of the image. */
export function withEnvironmentOf(base: BaseImage | null, made: ReadonlySet<string>): ReadonlySet<string> {
  const own = base?.environment ?? null;
  return own === null ? made : new Set([...made, own]);
}

import type { InstallCommand } from './install.ts';
import { cloneTree, emptyTree, type ImageTree } from './image-tree.ts';

/** An install command where it stands. */
export interface Install extends InstallCommand {
  line: number;
  /** Folder of the image it runs in. */
  folder: string;
  /** File that its output goes to, in the image; null: the log. */
  output: string | null;
  /** Number of the stage it belongs to. */
  stage: number;
  /** What ENV and ARG have told pip and uv up to there. */
  settings: Record<string, string>;
}

/** What instructions have made of a stage so far. */
export interface Stage {
  name: string | null;
  /** The image outside of this file that it begins with. */
  base: string | null;
  tree: ImageTree;
  env: Map<string, string>;
  /** Arguments that are known here, with their values. */
  args: Map<string, string>;
  folder: string;
  /** It has files of the context. */
  copies: boolean;
  /** Files that only install commands see (`RUN --mount=type=bind`), by their paths in the image. */
  mounted: Map<string, string>;
  executable: Set<string>;
  installs: Install[];
  notHonoured: Unhonoured[];
  missing: { line: number; path: string }[];
}

/** Something that a process without a container does not get. */
export interface Unhonoured {
  line: number;
  what: string;
}

export function newStage(name: string | null, base: string | null): Stage {
  return {
    name,
    base,
    tree: emptyTree(),
    env: new Map(),
    args: new Map(),
    folder: '/',
    copies: false,
    mounted: new Map(),
    executable: new Set(),
    installs: [],
    notHonoured: [],
    missing: [],
  };
}

/** `FROM` an earlier stage goes on where that one ended; its arguments do not come along. */
export function continueStage(earlier: Stage, name: string | null): Stage {
  return {
    ...earlier,
    name,
    tree: cloneTree(earlier.tree),
    env: new Map(earlier.env),
    args: new Map(),
    mounted: new Map(earlier.mounted),
    executable: new Set(earlier.executable),
    installs: [...earlier.installs],
    notHonoured: [...earlier.notHonoured],
    missing: [...earlier.missing],
  };
}

/** Variables that an instruction may use: ENV beats ARG. */
export function valuesOf({ args, env }: Stage): ReadonlyMap<string, string> {
  return new Map([...args, ...env]);
}

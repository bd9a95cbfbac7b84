import type { InstallCommand } from './run/install.ts';
import { ImageTree, type TreeNode } from './tree/image-tree.ts';

/** An install command where it stands. */
export interface Install extends InstallCommand {
  line: number;
  /** Folder of the image it runs in. */
  folder: string;
  /** File that its output goes to, in the image; null: the log. */
  output: string | null;
  /** Number of the stage it belongs to. */
  stage: number;
  /** Variables it sees: ENV and ARG of the stage up to there, `export`s and assignments of the line. */
  env: Record<string, string>;
  /** The line goes on when it fails, and ends as what comes after it. */
  mayFail?: boolean;
  /** Files that it reads, by their paths, as they were then: a later line may have others there. */
  inputs?: ReadonlyMap<string, TreeNode>;
}

/** What instructions have made of a stage so far. */
export interface Stage {
  name: string | null;
  number: number;
  /** The image outside of this file that it begins with. */
  base: string | null;
  tree: ImageTree;
  /** The Python that a line of it installs for the code; null: none does. */
  python: string | null;
  /** What the image keeps: ENV. */
  env: Map<string, string>;
  /** Names of its ARGs. */
  args: Set<string>;
  /** What instructions and RUN see: ENV and ARG, the later one of a name. */
  values: Map<string, string>;
  folder: string;
  /** Words before a command of the shell form; null: the image's own. */
  shell: readonly string[] | null;
  /** It has files of the context. */
  copies: boolean;
  /** Files that only install commands see (`RUN --mount=type=bind`). */
  mounted: ImageTree;
  installs: Install[];
  /** RUN lines that install. */
  installing: LineNote[];
  /** Folders of virtual environments that its commands made, in the image. */
  environments: Set<string>;
  notHonoured: LineNote[];
  missing: { line: number; path: string }[];
  /** RUN lines that only a shell can follow, and none did. */
  unfollowed: LineNote[];
  /** Instructions for whoever begins with this stage. */
  triggers: Trigger[];
}

export interface Trigger {
  line: number;
  text: string;
}

/** Something to be said of a line. */
export interface LineNote {
  line: number;
  what: string;
}

export function newStage(place: { name: string | null; base: string | null; number: number }): Stage {
  return {
    ...place,
    tree: new ImageTree(),
    python: null,
    env: new Map(),
    args: new Set(),
    values: new Map(),
    folder: '/',
    shell: null,
    copies: false,
    mounted: new ImageTree(),
    installs: [],
    installing: [],
    environments: new Set(),
    notHonoured: [],
    missing: [],
    unfollowed: [],
    triggers: [],
  };
}

/** `FROM` an earlier stage goes on where that one ended, its arguments included. */
export function continueStage(
  earlier: Stage,
  { name, number }: { name: string | null; number: number },
): Stage {
  return {
    ...earlier,
    name,
    number,
    tree: earlier.tree.clone(),
    env: new Map(earlier.env),
    args: new Set(earlier.args),
    values: new Map(earlier.values),
    mounted: earlier.mounted.clone(),
    installs: [...earlier.installs],
    installing: [...earlier.installing],
    environments: new Set(earlier.environments),
    notHonoured: [...earlier.notHonoured],
    missing: [...earlier.missing],
    unfollowed: [...earlier.unfollowed],
    triggers: [],
  };
}

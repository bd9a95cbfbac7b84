import type { Install, Stage } from '../stage.ts';
import type { ImageTree, TreeNode } from '../tree/image-tree.ts';

/** One RUN to be followed. */
export interface RunRequest {
  line: number;
  /** The stage as it is before; not to be changed. */
  stage: Readonly<Stage>;
  /** What is run: words, or a script for the words of a shell before it. */
  words: readonly string[];
  /** What of these words is a script; null: the exec form without a shell. */
  script: string | null;
  mounts: readonly RunMount[];
  /** Beginning of what stands there, to be shown. */
  shown: string;
  /** Another RUN of the stage comes before anything looks at its files: what this one changes may be told with that one. */
  isFollowed: boolean;
}

/** Files that only this RUN sees (`--mount=type=bind`), where it sees them. */
export interface RunMount {
  target: string;
  tree: ImageTree;
  /** What is mounted: a file, or a folder of `tree`. */
  source: string;
  /** Whose files they are; absent: the context's. */
  stage?: Readonly<Stage>;
}

/** Something that a RUN took away, with all that was in it. */
export interface RemovedNodes {
  path: string;
  nodes: readonly (readonly [string, TreeNode])[];
}

/** What a RUN did. */
export interface RunEffect {
  /** What is at paths of the image now; null: nothing any more. Outer before inner. */
  changes: readonly (readonly [string, TreeNode | null])[];
  installs: readonly Install[];
  /** What went: installs that are done later than they stand may read it. Absent: they have been done. */
  removed?: readonly RemovedNodes[];
  /** Folders of virtual environments that it made. */
  environments: readonly string[];
  /** What it would have done to the image's system and was not done here, each in words. */
  notHonoured: readonly string[];
  /** Why an image's own shell would refuse it, though it was done here; null: it would not. */
  refused?: string | null;
}

/** Follows RUN lines. Null: this one needs a shell, and there is none. */
export type Runner = (request: RunRequest) => Promise<RunEffect | null>;

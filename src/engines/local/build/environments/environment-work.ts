import type { Reads } from './reads.ts';
import type { Notice } from '../../../../experiment/record.ts';

/** One command of a build. */
export interface BuildStep {
  words: string[];
  /** Where it runs. */
  folder: string;
  /** File that its standard output goes to; null: the log. */
  output: string | null;
  /** Variables of this command alone. */
  env: Record<string, string>;
  /** The build goes on when it fails. */
  mayFail?: boolean | undefined;
  /** Texts of files that are there while it runs, by path; what was there comes back. */
  files?: ReadonlyMap<string, string> | undefined;
}

/** With what, and where to, an environment is made. */
export interface EnvironmentMaking {
  /** The installer's own program: uv's, or the Python whose `venv` and `pip` are used. */
  program: string;
  tool: 'uv' | 'venv';
  /** Folder of the environment. */
  environment: string;
  /** Private copy of the sources that the commands need. */
  sources: string;
}

/** What making an environment by following commands needs. */
export interface FollowPlace extends EnvironmentMaking {
  /** The Python that the environment is made for, where that is known. */
  python: string | null;
  /** Variables of the installers, and those of them that nothing may change. */
  env: Record<string, string>;
  settings: Record<string, string>;
  /** Variables by which processes of this build are found again. */
  marks: Record<string, string>;
  /** Folder for the programs that stand for installers. */
  shims: string;
  log: string;
  hidden: readonly string[];
  stop: AbortSignal;
  detach: AbortSignal;
}

/** What is to be installed, wherever that was said: in the repository's files or in its Dockerfile. */
export interface EnvironmentWork {
  /** Everything that the environment depends on beside tool, interpreter and settings; JSON. */
  facts: unknown;
  /** Interpreter that it is made for; null: what the installer finds on PATH. */
  python: string | null;
  /** Variables of the build alone. */
  env: Record<string, string>;
  /** Texts that the log must not show. */
  hidden: string[];
  /** A lock is there that only uv can follow. */
  locked: boolean;
  /**
   * Makes a private copy of the sources, in which nothing is installed so that it points into it.
   *
   * @returns folders (absolute) whose code the image imports from where it is, with all below them
   */
  layOut(sources: string, signal: AbortSignal): Promise<string[]>;
  steps(making: EnvironmentMaking): BuildStep[];
  /** Makes it otherwise than by steps, in sources of its own laying out. */
  follow?: (place: FollowPlace) => Promise<Reads | null>;
  /** Path in the snapshot of a file below the sources; null: it is none of the snapshot. `layOut` puts them there. */
  original: (path: string) => string | null;
  /** What is in the sources decides what is made, beside the facts. */
  usesSources: boolean;
  /** Scripts that run in the sources. */
  scripts: string;
  notices: Notice[];
}

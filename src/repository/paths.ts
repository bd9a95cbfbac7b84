/** The files of a repository by name, wherever they lie: a directory, a snapshot, a commit. `/`-separated, no `./`. */
export interface RepositoryPaths {
  /** Whether a file (or link) of exactly this path is there. */
  has(path: string): boolean;
  list(): readonly string[];
  /** Whether a folder of this path is there; without it, a folder is there when a listed file lies in it. */
  hasFolder?(path: string): boolean;
}

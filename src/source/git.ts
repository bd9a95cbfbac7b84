/** Commits of Git repositories, read by the `git` on PATH. */
export { fetchCommit, type FetchOptions } from './fetch-commit.ts';
export { originOf } from './origin.ts';
export { isLocal } from './repository.ts';
export { resolveCommit } from './resolve-commit.ts';

/** Commits of Git repositories, read by the `git` on PATH. */
export { commitFacts } from './commit-facts.ts';
export { fetchCommit, type FetchedCommit, type FetchOptions } from './fetch-commit.ts';
export { originOf } from './origin.ts';
export { resolveCommit, type ResolveOptions } from './resolve-commit.ts';

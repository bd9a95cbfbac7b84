/** Commits of Git repositories, read by the `git` on PATH. */
export {
  hostKeyOf,
  hostKeysOf,
  makeKeyPair,
  publicKeyOf,
  withAccess,
  type Access,
  type HostKey,
} from './access.ts';
export { assertAllowed } from './allowed.ts';
export { commitHere, type CommitHere } from './commit-here.ts';
export { fetchCommit, type FetchOptions } from './fetch-commit.ts';
export { headsOf, messageOf } from './remote.ts';
export { originOf } from './origin.ts';
export { commitUrl, isLocal, isSameRepository } from './repository.ts';
export { commitIn, resolveCommit } from './resolve-commit.ts';
export { removeLeftFolders } from './run-git.ts';

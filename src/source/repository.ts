import { AichorError } from '../errors.ts';
import { maskCredentials } from './mask.ts';

/** Refuses (AichorError `usage`) what Git would take for an option, or for a program to run (`ext::`). */
export function assertRepository(repository: string): void {
  const isTransport = /^[a-z0-9+.-]+::/i.test(repository);
  if (repository !== '' && !repository.startsWith('-') && !repository.includes('\0') && !isTransport) return;
  throw new AichorError(
    'usage',
    `${JSON.stringify(maskCredentials(repository))} cannot be the address of a repository`,
    {
      hint: 'give a path, or an https or ssh URL',
    },
  );
}

/** Whether Git would read it as a path: neither `scheme://` nor `host:path`. */
export function isPath(repository: string): boolean {
  const colon = repository.indexOf(':');
  const slash = repository.indexOf('/');
  return colon < 0 || (slash >= 0 && slash < colon);
}

/** Whether it lies on this machine, by path or `file://`. */
export function isLocal(repository: string): boolean {
  return isPath(repository) || /^file:\/\//i.test(repository);
}

/** The folder of one that lies on this machine; Git takes `%20` and the like in a URL for what they stand for. */
export function folderOf(repository: string): string {
  const path = repository.replace(/^file:\/\//i, '');
  if (path === repository) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `owner/name`: the last two parts of a repository's address without `.git`. */
export function repositorySlug(repository: string): string {
  const path = repository.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\//i, '').replace(/^[^/]*:/, '');
  const parts = path
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter(Boolean);
  return parts.slice(-2).join('/');
}

/** The hosting service as `VCS_TYPE` names it, or null for any other. */
export function repositoryHost(repository: string): 'github' | 'gitlab' | null {
  if (isPath(repository)) return null;
  const host =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/:]*)/i.exec(repository)?.[1] ?? repository.split(':')[0] ?? '';
  return host.includes('github') ? 'github' : host.includes('gitlab') ? 'gitlab' : null;
}

/** Where a commit can be looked at with a browser; null where the address does not tell. */
export function commitUrl(repository: string, sha: string): string | null {
  const match =
    /^https?:\/\/(?:[^/@]*@)?([^/]+)\/(.+?)(?:\.git)?\/*$/i.exec(repository) ??
    /^(?:ssh:\/\/)?(?:[^/@]*@)([^/:]+)(?::\d+(?=\/))?[:/](.+?)(?:\.git)?\/*$/i.exec(repository);
  const [, host, path] = match ?? [];
  if (host === undefined || path === undefined) return null;
  const between = /gitlab/i.test(host) ? '-/commit' : /bitbucket\.org$/i.test(host) ? 'commits' : 'commit';
  return /github|gitlab|bitbucket\.org$|gitea|forgejo|codeberg/i.test(host)
    ? `https://${host}/${path}/${between}/${sha}`
    : null;
}

/** Whether two addresses mean the same repository, whatever the protocol, the user and the ending. */
export function isSameRepository(a: string, b: string): boolean {
  return plainAddress(a) === plainAddress(b);
}

function plainAddress(repository: string): string {
  return repository
    .replace(/^file:\/\//i, '')
    .replace(/^([^/@:]+@)?([^/:]+):(?!\/\/)/, '$2/')
    .replace(/^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/:]+)(?::\d+)?\//i, '$1/')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .toLowerCase();
}

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

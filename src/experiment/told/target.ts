/** Whom an experiment tells when it is over, or waits for long. */
export type NotifyTarget =
  /** `secret`: what is sent is signed with it. */
  { kind: 'url'; url: string; secret: string } | { kind: 'command'; command: string[] };

/** The commit of an experiment, at the host of its project's repository: what came of it is written there. */
export interface CommitTarget {
  kind: 'commit';
  /** Id of the project. */
  project: string;
  repository: string;
  sha: string;
}

/** Targets that one experiment may have. */
export const MOST_TARGETS = 5;

/** How a target is shown: addresses and arguments may hold secrets. */
export function maskedTarget(
  target: { kind: 'url'; url: string } | { kind: 'command'; command: readonly string[] } | CommitTarget,
): string {
  if (target.kind === 'commit') return `the commit ${target.sha.slice(0, 12)}`;
  if (target.kind === 'command') {
    const [program = '', ...words] = target.command;
    return words.length > 0 ? `${program} …` : program;
  }
  if (!URL.canParse(target.url)) return '***';
  const { protocol, host, pathname, search } = new URL(target.url);
  return `${protocol}//${host}${pathname === '/' && search === '' ? '' : '/***'}`;
}

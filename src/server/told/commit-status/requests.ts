import type { Provider } from '../../../api/team/hook-contract.ts';
import { placeOfRepository } from '../../../source/allowed.ts';

/** What came of an experiment until now, as hosts of Git tell it apart. */
export type StatusWord = 'pending' | 'succeeded' | 'failed' | 'cancelled';

/** What is written to a commit. */
export interface CommitStatus {
  sha: string;
  outcome: StatusWord;
  /** Of all statuses of a commit: the same again replaces the one before it. 40 characters at most. */
  key: string;
  /** What people read as its name. */
  name: string;
  /** One sentence. */
  description: string;
  /** Where more of it is. */
  url: string;
}

export interface StatusRequest {
  /** Where it goes, without a path: what a token is shown to. */
  origin: string;
  /** With its leading slash, and its query. */
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

type Credentials = { user: string; token: string };

interface Parts {
  origin: string;
  host: string;
  /** Of the repository's address, decoded, without `.git`. */
  path: readonly string[];
}

interface Api {
  words: Record<StatusWord, string>;
  /** Where statuses of the repository are; null: it is none of this provider. */
  place(parts: Parts, sha: string): { origin: string; path: string } | null;
  headers(credentials: Credentials): Record<string, string>;
  body(status: CommitStatus, word: string): Record<string, unknown>;
}

const basic = (user: string, token: string) => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

/** Longest description that each of them takes. */
const short = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const at = (...parts: readonly string[]) => `/${parts.map(encodeURIComponent).join('/')}`;

/** The name that goes with a token, where nobody gave one. */
const ANY_USER = 'git';

/**
 * Provider × request. Sources: docs.github.com "REST API endpoints for commit statuses"; docs.gitlab.com "Commits API";
 * developer.atlassian.com "Commit statuses" of Bitbucket Cloud and "Builds and Deployments" of Data Center;
 * learn.microsoft.com "Statuses - Create" of Azure DevOps; Gitea's `modules/structs/status.go`.
 */
const APIS: Readonly<Record<Provider, Api>> = {
  github: {
    words: { pending: 'pending', succeeded: 'success', failed: 'failure', cancelled: 'error' },
    place({ origin, host, path: [owner, name, ...rest] }, sha) {
      if (owner === undefined || name === undefined || rest.length > 0) return null;
      const where = at('repos', owner, name, 'statuses', sha);
      return host === 'github.com'
        ? { origin: 'https://api.github.com', path: where }
        : { origin, path: `/api/v3${where}` };
    },
    headers: ({ token }) => ({
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    }),
    body: ({ name, url, description }, state) => ({
      state,
      target_url: url,
      description: short(description, 140),
      context: name,
    }),
  },
  gitlab: {
    words: { pending: 'pending', succeeded: 'success', failed: 'failed', cancelled: 'canceled' },
    place: ({ origin, path }, sha) =>
      path.length < 2 ? null : { origin, path: `/api/v4${at('projects', path.join('/'), 'statuses', sha)}` },
    headers: ({ token }) => ({ 'private-token': token }),
    body: ({ name, url, description }, state) => ({
      state,
      name,
      target_url: url,
      description: short(description, 255),
    }),
  },
  bitbucket: {
    words: { pending: 'INPROGRESS', succeeded: 'SUCCESSFUL', failed: 'FAILED', cancelled: 'STOPPED' },
    place: ({ host, path: [workspace, name, ...rest] }, sha) =>
      host !== 'bitbucket.org' || workspace === undefined || name === undefined || rest.length > 0
        ? null
        : {
            origin: 'https://api.bitbucket.org',
            path: `/2.0${at('repositories', workspace, name, 'commit', sha, 'statuses', 'build')}`,
          },
    // Access tokens of a repository go by one name for Git, and as bearers for the API; others are somebody's.
    headers: ({ user, token }) => ({
      authorization: [ANY_USER, 'x-token-auth'].includes(user) ? `Bearer ${token}` : basic(user, token),
    }),
    body: ({ key, name, url, description }, state) => ({
      key,
      state,
      name,
      url,
      description: short(description, 255),
    }),
  },
  'bitbucket-dc': {
    words: { pending: 'INPROGRESS', succeeded: 'SUCCESSFUL', failed: 'FAILED', cancelled: 'CANCELLED' },
    place({ origin, path }, sha) {
      const [scm, project, name] = path.slice(-3);
      if (scm !== 'scm' || project === undefined || name === undefined) return null;
      const below = path.length > 3 ? at(...path.slice(0, -3)) : '';
      const where = at('projects', project, 'repos', name, 'commits', sha, 'builds');
      return { origin, path: `${below}/rest/api/latest${where}` };
    },
    headers: ({ token }) => ({ authorization: `Bearer ${token}` }),
    body: ({ key, name, url, description }, state) => ({
      key,
      state,
      name,
      url,
      description: short(description, 255),
    }),
  },
  azure: {
    words: { pending: 'pending', succeeded: 'succeeded', failed: 'failed', cancelled: 'error' },
    place({ origin, path }, sha) {
      const git = path.indexOf('_git');
      const name = path[git + 1];
      if (git < 1 || name === undefined || path.length !== git + 2) return null;
      // A project's first repository bears its name, and its address leaves one of them out.
      const isShort = git === 1 && /(^|\.)dev\.azure\.com$/.test(new URL(origin).hostname);
      const above = isShort ? [...path.slice(0, git), name] : path.slice(0, git);
      const where = at(...above, '_apis', 'git', 'repositories', name, 'commits', sha, 'statuses');
      return { origin, path: `${where}?api-version=7.1` };
    },
    headers: ({ user, token }) => ({ authorization: basic(user, token) }),
    body: ({ key, url, description }, state) => ({
      state,
      targetUrl: url,
      description: short(description, 255),
      context: { genre: 'aichor', name: key },
    }),
  },
  gitea: {
    words: { pending: 'pending', succeeded: 'success', failed: 'failure', cancelled: 'error' },
    place({ origin, path }, sha) {
      const [owner, name] = path.slice(-2);
      if (owner === undefined || name === undefined) return null;
      const below = path.length > 2 ? at(...path.slice(0, -2)) : '';
      return { origin, path: `${below}/api/v1${at('repos', owner, name, 'statuses', sha)}` };
    },
    headers: ({ token }) => ({ authorization: `token ${token}` }),
    body: ({ name, url, description }, state) => ({
      state,
      target_url: url,
      description: short(description, 255),
      context: name,
    }),
  },
};

/** Where statuses of a commit of a repository are written; null: its address is none of this provider. */
export function statusPlace(
  provider: Provider,
  repository: string,
  sha: string,
): { origin: string; path: string } | null {
  const place = placeOfRepository(repository);
  if (place === null || place.protocol === 'ssh' || !URL.canParse(repository)) return null;
  const { origin, hostname, pathname } = new URL(repository);
  const path = pathname
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter((part) => part !== '');
  return APIS[provider].place({ origin, host: hostname.replace(/^www\./, ''), path: path.map(decoded) }, sha);
}

/** What is sent to write it; null as above. The token stands in the headers, and nowhere else. */
export function statusRequest(
  provider: Provider,
  repository: string,
  { status, credentials }: { status: CommitStatus; credentials: Credentials },
): StatusRequest | null {
  const place = statusPlace(provider, repository, status.sha);
  if (place === null) return null;
  const { headers, body, words } = APIS[provider];
  return { ...place, headers: headers(credentials), body: body(status, words[status.outcome]) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

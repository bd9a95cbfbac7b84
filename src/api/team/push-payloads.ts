import { z } from 'zod';
import type { Provider } from './hook-contract.ts';

/** What a delivery says of one ref that was pushed. Everything in it is somebody else's text. */
export interface Push {
  ref: string;
  /** Null: it is no branch. */
  branch: string | null;
  before: string | null;
  /** The commit that it leads to now; null: it was deleted. */
  after: string | null;
  created: boolean;
  /** The whole message of that commit; null: it is not told, or may be cut. */
  message: string | null;
  /** Whether the commit is among those that are new with this push; null: the list does not tell. */
  listed: boolean | null;
}

/** What is read of each provider's payload, and nothing else: so these are the forms that are relied on. */
type Reader = (payload: unknown) => Push[] | null;

const sha = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const text = z.string().nullish();
const ZEROS = /^0+$/;

const commits = z.array(z.looseObject({ id: z.string(), message: text })).nullish();

const github = z.looseObject({
  ref: z.string(),
  before: z.string().nullish(),
  after: z.string(),
  created: z.boolean().nullish(),
  deleted: z.boolean().nullish(),
  head_commit: z.looseObject({ id: z.string(), message: text }).nullish(),
  commits,
  /** Gitea: how many there are, of which five are listed. */
  total_commits: z.number().nullish(),
});

const gitlab = z.looseObject({
  ref: z.string(),
  before: z.string().nullish(),
  after: z.string(),
  commits,
  total_commits_count: z.number().nullish(),
});

const bitbucket = z.looseObject({
  push: z.looseObject({
    changes: z.array(
      z.looseObject({
        created: z.boolean().nullish(),
        truncated: z.boolean().nullish(),
        old: z
          .looseObject({ type: text, name: text, target: z.looseObject({ hash: z.string() }).nullish() })
          .nullish(),
        new: z
          .looseObject({
            type: z.string(),
            name: z.string(),
            target: z.looseObject({ hash: z.string(), message: text }),
          })
          .nullish(),
        commits: z.array(z.looseObject({ hash: z.string() })).nullish(),
      }),
    ),
  }),
});

const dataCenter = z.looseObject({
  changes: z.array(
    z.looseObject({
      ref: z.looseObject({ id: z.string(), type: z.string().nullish() }),
      fromHash: z.string().nullish(),
      toHash: z.string(),
      type: z.string().nullish(),
    }),
  ),
  toCommit: z.looseObject({ id: z.string(), message: text }).nullish(),
});

const azure = z.looseObject({
  resource: z.looseObject({
    refUpdates: z.array(
      z.looseObject({ name: z.string(), oldObjectId: z.string().nullish(), newObjectId: z.string() }),
    ),
    commits: z
      .array(z.looseObject({ commitId: z.string(), comment: text, commentTruncated: z.boolean().nullish() }))
      .nullish(),
  }),
});

interface Raw {
  ref: string;
  before: string | null | undefined;
  after: string;
  created?: boolean | null | undefined;
  message: string | null | undefined;
  listed: boolean | null;
}

function pushOf({ ref, before, after, created, message, listed }: Raw): Push {
  const isGone = ZEROS.test(after);
  const known = before && !ZEROS.test(before) ? before : null;
  return {
    ref,
    branch: /^refs\/heads\/(.+)$/s.exec(ref)?.[1] ?? null,
    before: known,
    after: isGone ? null : sha.parse(after),
    created: created ?? known === null,
    message: message ?? null,
    listed,
  };
}

/** Whether one is in a list that may be shorter than what was pushed. */
function isListed(id: string, listed: readonly string[], total: number | null | undefined): boolean | null {
  if (listed.includes(id)) return true;
  return total !== null && total !== undefined && total > listed.length ? null : false;
}

/** `head_commit` is there although it is not new, so only the message is taken from it. */
const readGithub: Reader = (payload) => {
  const read = github.safeParse(payload);
  if (!read.success) return null;
  const { ref, before, after, created, deleted, head_commit: head, commits: list, total_commits } = read.data;
  const ids = (list ?? []).map(({ id }) => id);
  const message = head?.id === after ? head.message : (list ?? []).find(({ id }) => id === after)?.message;
  const end = deleted ? '0' : after;
  return [pushOf({ ref, before, after: end, created, message, listed: isListed(after, ids, total_commits) })];
};

const READERS: Readonly<Record<Provider, Reader>> = {
  github: readGithub,
  gitea: readGithub,
  gitlab(payload) {
    const read = gitlab.safeParse(payload);
    if (!read.success) return null;
    const { ref, before, after, commits: list, total_commits_count: total } = read.data;
    const ids = (list ?? []).map(({ id }) => id);
    const message = (list ?? []).find(({ id }) => id === after)?.message;
    return [pushOf({ ref, before, after, message, listed: isListed(after, ids, total) })];
  },
  bitbucket(payload) {
    const read = bitbucket.safeParse(payload);
    if (!read.success) return null;
    return read.data.push.changes.map(({ old, new: now, created, truncated, commits: list }) => {
      if (!now) return pushOf({ ref: refOf(old), before: null, after: '0', message: null, listed: null });
      const { hash, message } = now.target;
      const ids = (list ?? []).map((one) => one.hash);
      const listed = ids.includes(hash) ? true : truncated || !list ? null : false;
      return pushOf({ ref: refOf(now), before: old?.target?.hash, after: hash, created, message, listed });
    });
  },
  'bitbucket-dc'(payload) {
    const read = dataCenter.safeParse(payload);
    if (!read.success) return null;
    const { changes, toCommit } = read.data;
    return changes.map(({ ref, fromHash, toHash, type }) => {
      const message = toCommit?.id === toHash ? toCommit.message : null;
      const created = type === 'ADD' ? true : null;
      return pushOf({ ref: ref.id, before: fromHash, after: toHash, created, message, listed: null });
    });
  },
  azure(payload) {
    const read = azure.safeParse(payload);
    if (!read.success) return null;
    const { refUpdates, commits: list } = read.data.resource;
    return refUpdates.map(({ name: ref, oldObjectId: before, newObjectId: after }) => {
      const found = (list ?? []).find(({ commitId }) => commitId === after);
      const message = found?.commentTruncated ? null : found?.comment;
      return pushOf({ ref, before, after, message, listed: found === undefined ? null : true });
    });
  },
};

/** The refs that a payload tells of; null: it is none of that provider's pushes. */
export function pushesOf(provider: Provider, payload: unknown): Push[] | null {
  try {
    return READERS[provider](payload);
  } catch (error) {
    // An object id that is none.
    if (error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Bitbucket names what is no tag a branch, whatever it calls its kind. */
function refOf(
  named: { type?: string | null | undefined; name?: string | null | undefined } | null | undefined,
) {
  return `refs/${named?.type === 'tag' ? 'tags' : 'heads'}/${named?.name ?? '?'}`;
}

import type { Asker } from './ask.ts';
import type { Listed, ListOptions } from '../cluster.ts';
import { isClusterError } from '../cluster-error.ts';
import type { KubeObject } from '../objects.ts';
import { searchOf } from '../../../../base/http/query.ts';

const PAGE = 500;
/** A list that outlives the server's memory so often is asked for in one piece. */
const MOST_STARTS = 3;

interface Page<T> {
  items?: T[] | null;
  metadata?: { resourceVersion?: string; continue?: string };
}

/** What is listed, and what of it is kept. */
interface ToList<T, K> {
  path: string;
  keep: (object: T) => K;
}

/** All objects below a path, page by page, as of one resource version; from the start again when that one is forgotten. */
export async function listAll<T extends KubeObject, K>(
  asker: Asker,
  wanted: ToList<T, K>,
  options: ListOptions,
): Promise<Listed<K>> {
  for (let start = 1; ; start++) {
    try {
      return await pages(asker, wanted, { ...options, limit: start > MOST_STARTS ? undefined : PAGE });
    } catch (error) {
      if (!isClusterError(error, 410) || start > MOST_STARTS) throw error;
    }
  }
}

async function pages<T, K>(
  asker: Asker,
  { path, keep }: ToList<T, K>,
  options: ListOptions & { limit: number | undefined },
): Promise<Listed<K>> {
  const { labelSelector, fieldSelector, limit, signal } = options;
  const items: K[] = [];
  let resourceVersion = '';
  let next: string | undefined;
  do {
    const page: Page<T> = await asker.json<Page<T>>({
      method: 'GET',
      path: path + searchOf({ labelSelector, fieldSelector, limit, continue: next }),
      ...(signal && { signal }),
    });
    for (const object of page.items ?? []) items.push(keep(object));
    resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return { items, resourceVersion };
}

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

/** All objects below a path, page by page, as of one resource version; from the start again when that one is forgotten. */
export async function listAll<T extends KubeObject>(
  asker: Asker,
  path: string,
  options: ListOptions,
): Promise<Listed<T>> {
  for (let start = 1; ; start++) {
    try {
      return await pages<T>(asker, path, { ...options, limit: start > MOST_STARTS ? undefined : PAGE });
    } catch (error) {
      if (!isClusterError(error, 410) || start > MOST_STARTS) throw error;
    }
  }
}

async function pages<T>(
  asker: Asker,
  path: string,
  options: ListOptions & { limit: number | undefined },
): Promise<Listed<T>> {
  const { labelSelector, fieldSelector, limit, signal } = options;
  const items: T[] = [];
  let resourceVersion = '';
  let next: string | undefined;
  do {
    const page: Page<T> = await asker.json<Page<T>>({
      method: 'GET',
      path: path + searchOf({ labelSelector, fieldSelector, limit, continue: next }),
      ...(signal && { signal }),
    });
    items.push(...(page.items ?? []));
    resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return { items, resourceVersion };
}

import { AichorError } from '../../errors.ts';
import { findLeavingLink } from './links.ts';
import { isInnerPath, type LinkEntry, type ListingEntry } from './listing.ts';

/** Checks a listing that came over the wire, entry by entry: nothing is kept but its links. */
export interface ListingCheck {
  /** Throws AichorError `usage`: out of order or twice, no path inside the tree, below a file, link or empty folder. */
  add(entry: ListingEntry): void;
  /** After the last entry. Throws AichorError `usage` for a link that leaves the tree, also by way of others. */
  end(): void;
}

export function createListingCheck(): ListingCheck {
  const links: LinkEntry[] = [];
  const above = createPrefixes();
  let previous = '';
  return {
    add(entry) {
      const { path } = entry;
      if (!isInnerPath(path)) throw refused(path, 'is not a relative path inside the repository');
      if (path <= previous) throw refused(path, 'is not in order, or there twice');
      if (above.hasFolderOf(path))
        throw refused(path, 'lies below something that is not a folder, or is said to be empty');
      if (entry.kind === 'link') links.push(entry);
      above.push(path);
      previous = path;
    },
    end() {
      const leaving = findLeavingLink({ entries: links });
      if (leaving) throw refused(leaving.path, 'is a link that leaves the repository');
    },
  };
}

/**
 * Of the paths so far, in order, those that begin the last one as text (`a`, `a-b` of `a-b/c`): no other can be the
 * folder of a path to come. Each is longer than the one before, so its length says which it is.
 */
function createPrefixes() {
  const stack: string[] = [];
  const lengths = new Set<number>();
  return {
    hasFolderOf(path: string): boolean {
      for (let top = stack.at(-1); top !== undefined && !path.startsWith(top); top = stack.at(-1)) {
        lengths.delete(top.length);
        stack.pop();
      }
      if (stack.length === 0) return false;
      for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
        if (lengths.has(end)) return true;
      return false;
    },
    push(path: string): void {
      stack.push(path);
      lengths.add(path.length);
    },
  };
}

export function refused(path: string, why: string): AichorError {
  return new AichorError('usage', `the snapshot was refused: ${JSON.stringify(path)} ${why}`, {
    hint: 'send the directory again; if this comes back, leave the path out with .aichorignore',
  });
}

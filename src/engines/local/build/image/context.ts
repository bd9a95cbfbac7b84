import type { ContextEntry } from '../../../../dockerfile/tree/image-tree.ts';
import type { SnapshotReader } from '../../../engine.ts';

/** What the builder's context holds, by paths in it. */
export function contextEntries(snapshot: Pick<SnapshotReader, 'entries'>, context: string): ContextEntry[] {
  const prefix = contextPrefix(context);
  return snapshot
    .entries()
    .filter(({ path }) => path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

/** What stands before a path of the context in the snapshot. */
export function contextPrefix(context: string): string {
  return context === '.' ? '' : `${context}/`;
}

import type { Turn } from './turn.ts';

/**
 * Work that costs the same for one thing as for many: what comes while it waits for its turn is done together, in the order in
 * which it came. Each caller is told when its own is done; that it failed, all of those that were done together.
 *
 * @param most so many are done together; the others have a turn of their own
 */
export function gathered<T>(
  { inTurn, most }: { inTurn: Turn; most: number },
  work: (all: T[]) => Promise<void>,
): (one: T) => Promise<void> {
  let last: { all: T[]; done: Promise<void> } | null = null;
  return (one) => {
    if (last !== null && last.all.length < most) {
      last.all.push(one);
      return last.done;
    }
    const all = [one];
    const done = inTurn(async () => {
      // A turn may begin at once: what comes in the same go belongs to it.
      await Promise.resolve();
      if (last?.all === all) last = null;
      return work(all);
    });
    last = { all, done };
    return done;
  };
}

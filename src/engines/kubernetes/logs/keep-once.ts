import { openFileKeeper, type LogKeeper, type LogPlace } from './keep.ts';
import { WINDOW } from './ray-tail.ts';

/**
 * The file of a log in which nothing stands twice, though the log may end with its last lines once more. What is held back for that comes
 * again, if it is not decided before: no position is after it.
 */
export async function openLogKeeper(place: LogPlace): Promise<LogKeeper> {
  const { tail } = place;
  const keeper = await openFileKeeper(place);
  if (tail === null) return keeper;
  let isFresh = true;
  let last = keeper.from;
  return {
    from: keeper.from,
    keep(bytes, position, afterGap) {
      if (isFresh) tail.reset();
      isFresh = false;
      const { pass, isWhole } = tail.take(bytes);
      if (isWhole) last = position;
      return keeper.keep(pass, last, afterGap);
    },
    async finish() {
      const hasRest = await keeper.append(tail.end(await keeper.end(WINDOW)));
      return (await keeper.finish()) || hasRest;
    },
    close: () => keeper.close(),
  };
}

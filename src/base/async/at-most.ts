/** Runs the works that it is given, some at a time. */
export type AtMost = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets at most so many of the works that it is given run at a time. The others wait, and begin in the order in which
 * they came; one that fails fails alone.
 */
export function atMost(limit: number): AtMost {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Whoever comes next takes the place over.
      if (next === undefined) running--;
      else next();
    }
  };
}

/**
 * Does something with each item, with at most so many at a time, in their order. After the first failure nothing more
 * is begun; it is thrown when what was begun has ended.
 */
export async function eachAtMost<T>(
  limit: number,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const goOn = async (): Promise<void> => {
    try {
      for (let next = await rest.next(); next.done !== true && !failed; next = await rest.next())
        await work(next.value);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, goOn));
  if (failed) await rest.return?.();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** What the work makes of each item, in their order, with at most so many at a time. */
export async function* inOrder<T, R>(
  limit: number,
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const going: Promise<R>[] = [];
  for (const item of items) {
    const made = work(item);
    // It is looked at when it is its turn, if that comes.
    made.catch(() => undefined);
    going.push(made);
    if (going.length >= limit) yield await (going.shift() as Promise<R>);
  }
  for (const made of going) yield await made;
}

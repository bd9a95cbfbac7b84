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
  items: Iterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const goOn = async (): Promise<void> => {
    for (let next = rest.next(); !next.done && !failed; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, goOn));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

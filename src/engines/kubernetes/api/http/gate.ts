/** Lets only so many through at a time; the others wait in their order. */
export interface Gate {
  through<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(limit: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    async through(work) {
      if (inside >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside++;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // Whoever comes next takes the place over.
        if (next === undefined) inside--;
        else next();
      }
    },
  };
}

interface Carried {
  engine: string;
  detach: AbortController;
  task: Promise<void>;
}

interface Exchange {
  engine: string;
  /** Engines on which nothing is started. */
  held: Set<string>;
  carried: Iterable<Carried>;
  change(): void | Promise<void>;
  /** Takes up again what lives on the engine. */
  takeUp(): void;
}

/** Lets go of what is carried on an engine, changes it, and has everything taken up again, whatever came of the change. */
export async function exchangeEngine({ engine, held, carried, change, takeUp }: Exchange): Promise<void> {
  held.add(engine);
  try {
    const there = [...carried].filter((entry) => entry.engine === engine);
    for (const { detach } of there) detach.abort();
    await Promise.all(there.map(({ task }) => task));
    await change();
  } finally {
    held.delete(engine);
    takeUp();
  }
}

import type { ExperimentFact } from '../experiment/event.ts';

/** Facts on their way from the run to whoever iterates over it. */
export interface FactQueue {
  push(fact: ExperimentFact): void;
  /** No fact will come any more; what was pushed is still given out. With an error: the iteration throws it. */
  end(error?: unknown): void;
  facts(): AsyncGenerator<ExperimentFact>;
}

export function createFactQueue(): FactQueue {
  const waiting: ExperimentFact[] = [];
  let ended: { error: unknown } | null = null;
  let wake: () => void = () => undefined;
  return {
    push(fact) {
      if (ended === null) waiting.push(fact);
      wake();
    },
    end(error) {
      ended ??= { error };
      wake();
    },
    async *facts() {
      for (;;) {
        for (let fact = waiting.shift(); fact !== undefined; fact = waiting.shift()) yield fact;
        if (ended !== null) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

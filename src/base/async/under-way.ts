/** Work that goes on beside its owner, who wants to know when none of it is left. */
export interface UnderWay {
  /** @param work does not fail: its owner has seen to that */
  add(work: Promise<void>): void;
  /** Resolves as soon as nothing is under way: at once, perhaps. */
  idle(): Promise<void>;
}

export function createUnderWay(): UnderWay {
  let count = 0;
  let waiting: (() => void)[] = [];

  function left(): void {
    count--;
    if (count > 0) return;
    for (const tell of waiting) tell();
    waiting = [];
  }
  return {
    add(work) {
      count++;
      void work.finally(left);
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

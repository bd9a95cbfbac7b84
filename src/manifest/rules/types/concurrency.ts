import { numberAt, podBlocks, type Rule } from '../../draft.ts';

/** A job cannot run more pods at once than it has. */
export const concurrencyRule: Rule = (draft) =>
  podBlocks(draft).flatMap(({ path, block }) => {
    const [all, atOnce] = [numberAt(block, 'completions', 1), numberAt(block, 'parallelisms', 1)];
    if (atOnce <= all || all < 1) return [];
    const message = `parallelisms is ${atOnce}, but each job has ${all} ${all === 1 ? 'pod' : 'pods'} (completions)`;
    return [
      {
        code: 'parallelisms-above-completions',
        path: [...path, 'parallelisms'],
        at: 'value',
        message,
        hint: `raise completions, or write parallelisms: ${all}`,
      },
    ];
  });

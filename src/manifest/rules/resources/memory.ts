import { podBlocks, type Rule } from '../../draft.ts';

/** Memory is said in exactly one of two ways. */
export const memoryRule: Rule = (draft) =>
  podBlocks(draft).flatMap(({ path, block, resources }) => {
    if (block['resources'] === undefined || block['resources'] === null) return [];
    const has = (key: string) => resources[key] !== undefined && resources[key] !== null;
    const here = [...path, 'resources'];
    if (has('memory') && has('ramRatio')) {
      const message = 'memory and ramRatio say the same thing twice';
      return [
        { code: 'memory-choice', path: [...here, 'ramRatio'], at: 'key', message, hint: 'keep one of them' },
      ];
    }
    if (has('memory') || has('ramRatio')) return [];
    const slip = Object.keys(resources).some((key) => /^(mem|ram)/i.test(key));
    if (slip && !('memory' in resources) && !('ramRatio' in resources)) return [];
    const message = 'the memory of a pod is missing';
    return [
      {
        code: 'memory-choice',
        path: here,
        at: 'key',
        message,
        hint: 'add memory (GB), or ramRatio (GB per CPU)',
      },
    ];
  });

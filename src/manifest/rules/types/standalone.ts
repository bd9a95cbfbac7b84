import { podBlocks, valueAt, type Rule } from '../../draft.ts';

/** `torchrun --standalone` joins nobody: every pod would train alone, with a world of its own. */
export const standaloneRule: Rule = (draft) => {
  const path = ['spec', 'command'];
  const command = valueAt(draft.root, path);
  if (draft.operator !== 'pytorch' || typeof command !== 'string') return [];
  if (!/(^|\s)--standalone(\s|$)/.test(command)) return [];
  const pods = podBlocks(draft).reduce((total, pod) => total + pod.pods, 0);
  if (pods < 2) return [];
  const message = `--standalone makes each of the ${pods} pods train alone, with a world of its own`;
  const hint = 'leave it out: torchrun finds the other pods by the PET_* variables';
  return [{ code: 'standalone-pods', path, at: 'value', message, hint }];
};

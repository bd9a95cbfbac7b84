import type { Rule } from '../draft.ts';
import { valueAt } from '../draft.ts';

/** 0.2.0 is seen in old repositories only; the others mean the same, so nothing is said about them. */
export const versionRule: Rule = ({ root }) => {
  if (valueAt(root, ['apiVersion']) !== '0.2.0') return [];
  return [
    {
      code: 'old-version',
      path: ['apiVersion'],
      at: 'value',
      message: 'apiVersion 0.2.0 is read as 0.2.3',
      hint: 'write "0.2.3"',
    },
  ];
};

import type { Rule } from '../draft.ts';
import { valueAt } from '../draft.ts';

/** `engineName` at the top level, where earlier manifests had it, is read as `spec.engineName`. */
export const engineNameRule: Rule = ({ root }) => {
  const outer = valueAt(root, ['engineName']);
  const inner = valueAt(root, ['spec', 'engineName']);
  if (typeof outer !== 'string') return [];
  const at = { path: ['engineName'], at: 'key' } as const;
  if (typeof inner === 'string' && inner !== outer) {
    return [
      {
        ...at,
        code: 'conflicting-keys',
        message: 'engineName is there twice, with different names',
        hint: 'keep the one under spec',
      },
    ];
  }
  return [
    {
      ...at,
      code: 'deprecated-key',
      message: 'engineName at the top level is an earlier form',
      hint: 'move it under spec',
    },
  ];
};

import { isProtected } from '../../operators/protected.ts';
import { quoted } from '../describe.ts';
import type { Finding } from '../diagnostic.ts';
import { fields, valueAt, type Rule } from '../draft.ts';

/** What Kubernetes takes for a variable's name. */
const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Names in `spec.env`: ones that can be variables, and not those that aichor sets by itself. */
export const environmentRule: Rule = ({ root, operator }) =>
  Object.keys(fields(valueAt(root, ['spec', 'env']))).flatMap((name): Finding[] => {
    const at = { path: ['spec', 'env', name], at: 'key' } as const;
    if (!NAME.test(name)) {
      return [
        {
          ...at,
          code: 'invalid-variable-name',
          message: `${quoted(name)} cannot be the name of a variable`,
          hint: 'use letters, digits and "_", no digit first',
        },
      ];
    }
    if (!isProtected(name, operator)) return [];
    return [
      {
        ...at,
        code: 'protected-variable',
        message: `${name} is set by aichor itself`,
        hint: 'remove it, or use another name',
      },
    ];
  });

import { fields, valueAt, type Rule } from '../../draft.ts';

/** Submodules are looked at together with `.git` only. */
export const submodulesRule: Rule = ({ root }) => {
  const { submodules, includeDotGit } = fields(valueAt(root, ['clone']));
  if ((submodules !== 'true' && submodules !== 'recursive') || includeDotGit === true) return [];
  const message = 'submodules are fetched only when includeDotGit is true';
  return [
    {
      code: 'submodules-ignored',
      path: ['clone', 'submodules'],
      at: 'key',
      message,
      hint: 'add includeDotGit: true',
    },
  ];
};

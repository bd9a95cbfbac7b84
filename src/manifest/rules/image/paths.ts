import { quoted } from '../../describe.ts';
import { fields, type Rule } from '../../draft.ts';
import { innerPath } from '../../inner-path.ts';

/** The context is a folder of the repository, the Dockerfile a file of it. */
export const pathsRule: Rule = ({ root }) => {
  const { context, dockerfile } = fields(fields(root)['builder']);
  const folder = typeof context === 'string' && context.trim() !== '' ? innerPath('.', context) : '.';
  const leaves = (key: string, path: string) => ({
    code: 'leaves-repository' as const,
    path: ['builder', key],
    at: 'value' as const,
    message: `${quoted(path)} leads out of the repository`,
    hint:
      key === 'context'
        ? 'name a folder of the repository, or "." for all of it'
        : 'name a file of the repository, relative to context',
  });
  if (folder === null) return [leaves('context', String(context))];
  if (typeof dockerfile !== 'string' || dockerfile.trim() === '' || innerPath(folder, dockerfile) !== null)
    return [];
  return [leaves('dockerfile', dockerfile)];
};

import { fields, numberAt, valueAt, type Rule } from '../draft.ts';

/** Added capabilities reach processes of root only. */
export const capabilitiesRule: Rule = ({ root }) => {
  const path = ['spec', 'securityContext'];
  const block = fields(valueAt(root, path));
  if (numberAt(block, 'runAsUser', 0) === 0) return [];
  return ['perfmon', 'ptrace'].flatMap((key) =>
    block[key] !== true
      ? []
      : [
          {
            code: 'capability-without-root' as const,
            path: [...path, key],
            at: 'key' as const,
            message: `${key} has no effect: the processes run as user ${String(block['runAsUser'])}, and only root is given the capability`,
            hint: 'remove runAsUser, or this',
          },
        ],
  );
};

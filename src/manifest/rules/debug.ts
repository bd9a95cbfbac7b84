import { workloadKind } from '../../operators/table.ts';
import { fields, valueAt, type Rule } from '../draft.ts';

/** Jupyter is kuberay's; a plain `false` is written in nearly every manifest and means nothing. */
export const jupyterRule: Rule = ({ root, operator }) => {
  const path = ['spec', 'debug', 'jupyter'];
  const jupyter = valueAt(root, path);
  const enabled = jupyter === true || fields(jupyter)['enabled'] === true;
  if (!enabled || operator === null || workloadKind(operator) === 'rayjob') return [];
  const message = `jupyter is available with the operator kuberay only, not with ${operator}`;
  return [
    {
      code: 'operator-mismatch',
      path,
      at: 'key',
      message,
      hint: 'use debug.vscode, or the operator kuberay',
    },
  ];
};

import { quoted } from '../describe.ts';
import { valueAt, type Rule } from '../draft.ts';

/** What is built should be what is run. */
export const imageRule: Rule = ({ root }) => {
  const [built, run] = [valueAt(root, ['builder', 'image']), valueAt(root, ['spec', 'image'])];
  if (typeof built !== 'string' || typeof run !== 'string' || built === run) return [];
  if (built.trim() === '' || run.trim() === '') return [];
  const message = `spec.image is ${quoted(run)}, but builder.image is ${quoted(built)}`;
  return [
    {
      code: 'image-mismatch',
      path: ['spec', 'image'],
      at: 'value',
      message,
      hint: 'give both the same name',
    },
  ];
};

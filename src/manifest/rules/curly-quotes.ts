import { fields, type Rule } from '../draft.ts';

const CURLY = /[\u201c\u201d\u201e\u2018\u2019\u201a]/;

/** Quotes of typography, from a document or a chat: to a shell they are letters. */
export const curlyQuotesRule: Rule = ({ root }) => {
  const { command } = fields(fields(root)['spec']);
  const found = typeof command === 'string' ? CURLY.exec(command)?.[0] : undefined;
  if (found === undefined) return [];
  const message = `the command has curly quotes (${found}), which a shell takes for letters`;
  return [
    { code: 'curly-quotes', path: ['spec', 'command'], at: 'value', message, hint: `write " or ' instead` },
  ];
};

import { operatorVariables } from '../../operators/environment.ts';
import { OPERATOR_NAMES } from '../../operators/name.ts';
import { oneOf } from '../describe.ts';
import { fields, valueAt, type Rule } from '../draft.ts';

/** A command that reads a variable which only other operators set would read an empty text. */
export const commandVariablesRule: Rule = ({ root, operator }) => {
  const command = valueAt(root, ['spec', 'command']);
  if (typeof command !== 'string' || operator === null) return [];
  const given = new Set([
    ...operatorVariables(operator),
    ...Object.keys(fields(valueAt(root, ['spec', 'env']))),
  ]);
  const foreign = new Set(
    [...usedVariables(command)].filter((name) => !given.has(name) && !assigns(command, name)),
  );
  return [...foreign].flatMap((name) => {
    const setters = OPERATOR_NAMES.filter((each) => operatorVariables(each).includes(name));
    if (setters.length === 0) return [];
    const message = `the command uses ${name}, which ${operator} does not set`;
    const own = operatorVariables(operator);
    const hint = `${oneOf(setters)} ${setters.length === 1 ? 'sets' : 'set'} it; ${own.length > 0 ? `${operator} sets ${own.slice(0, 6).join(', ')}` : 'give it in spec.env'}`;
    return [
      { code: 'variable-not-set' as const, path: ['spec', 'command'], at: 'value' as const, message, hint },
    ];
  });
};

/** `$NAME`, `${NAME}` and `$(NAME)`; `${NAME:-default}` says itself what happens when it is not set. */
function usedVariables(command: string): Set<string> {
  const names = new Set<string>();
  for (const [, plain, braced, expanded] of command.matchAll(
    /\$(?:([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\}|\(([A-Z_][A-Z0-9_]*)\))/g,
  )) {
    const name = plain ?? braced ?? expanded;
    if (name !== undefined) names.add(name);
  }
  return names;
}

function assigns(command: string, name: string): boolean {
  return (
    new RegExp(`(?:^|[\\s;&|(])${name}=`).test(command) ||
    new RegExp(`\\b(?:read|for)\\s+(?:-\\w+\\s+)*${name}\\b`).test(command)
  );
}

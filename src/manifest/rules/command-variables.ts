import { operatorVariables } from '../../operators/environment.ts';
import { OPERATOR_NAMES, type OperatorName } from '../../operators/table.ts';
import { oneOf } from '../describe.ts';
import { fields, valueAt, type Rule } from '../draft.ts';
import { shellVariables } from '../shell-variables.ts';

/** A command that reads a variable which only other operators set would read an empty text. */
export const commandVariablesRule: Rule = ({ root, operator }) => {
  const command = valueAt(root, ['spec', 'command']);
  if (typeof command !== 'string' || operator === null) return [];
  const own = operatorVariables(operator);
  const given = new Set([...own, ...Object.keys(fields(valueAt(root, ['spec', 'env'])))]);
  const settersOf = operatorsByVariable();
  const variables = shellVariables(command);
  return [...variables.used].flatMap((name) => {
    const setters = given.has(name) ? undefined : settersOf.get(name);
    if (!setters || variables.given.has(name)) return [];
    const message = `the command uses ${name}, which ${operator} does not set`;
    const hint = `${oneOf(setters)} ${setters.length === 1 ? 'sets' : 'set'} it; ${own.length > 0 ? `${operator} sets ${own.slice(0, 6).join(', ')}` : 'give it in spec.env'}`;
    return [
      { code: 'variable-not-set' as const, path: ['spec', 'command'], at: 'value' as const, message, hint },
    ];
  });
};

function operatorsByVariable(): Map<string, OperatorName[]> {
  const setters = new Map<string, OperatorName[]>();
  for (const operator of OPERATOR_NAMES)
    for (const name of operatorVariables(operator))
      setters.set(name, [...(setters.get(name) ?? []), operator]);
  return setters;
}

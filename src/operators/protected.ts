import { AichorError } from '../errors.ts';
import type { EnvVariable, Plan } from '../experiment/plan/plan.ts';
import { operatorVariables, type InjectedName } from './environment.ts';
import { OPERATOR_NAMES, type OperatorName } from './table.ts';

const PREFIXES = ['AICHOR_', 'VCS_', 'JAXOPERATOR_'];
const ENDPOINT: ReadonlySet<string> = new Set(['AWS_ENDPOINT_URL', 'S3_ENDPOINT'] satisfies InjectedName[]);
const OWN = new Map(OPERATOR_NAMES.map((name) => [name, new Set(operatorVariables(name))]));

/**
 * Whether a variable is set by aichor on every engine and so cannot be set by users: `AICHOR_*`, `VCS_*`, and the
 * operator's own variables (without `operator`: every operator's). `AWS_*` names are free; of the storage endpoint
 * `givenEndpoint` tells.
 */
export function isProtected(name: string, operator: OperatorName | null = null): boolean {
  if (PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  const operators = operator === null ? OPERATOR_NAMES : [operator];
  return operators.some((each) => OWN.get(each)?.has(name));
}

/** @throws AichorError `manifest_invalid`, naming every protected name among `names` and where they stand. */
export function refuseProtected(names: readonly string[], operator: OperatorName, where: string): void {
  const refused = names.filter((name) => isProtected(name, operator));
  if (refused.length === 0) return;
  const [are, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new AichorError(
    'manifest_invalid',
    `${where}: ${refused.join(', ')} ${are} set by aichor itself and cannot be given`,
    { hint: `take ${them} out of ${where}, or use another name` },
  );
}

/**
 * The variables that say where the S3 storage is, as users gave them. An engine that has a storage of its own sets them
 * and refuses these; elsewhere users name theirs.
 */
export function givenEndpoint(plan: Plan): EnvVariable[] {
  const given = new Map<string, EnvVariable>();
  for (const { env } of plan.groups)
    for (const variable of env)
      if (ENDPOINT.has(variable.name) && variable.origin !== 'aichor') given.set(variable.name, variable);
  return [...given.values()];
}

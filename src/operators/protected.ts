import { AichorError } from '../errors.ts';
import type { EnvVariable, Plan } from '../experiment/plan/plan.ts';
import { operatorVariables, type InjectedName } from './environment.ts';
import { OPERATOR_NAMES, type OperatorName } from './table.ts';

const PREFIXES = ['AICHOR_', 'VCS_', 'JAXOPERATOR_'];
const ENDPOINT: ReadonlySet<string> = new Set(['AWS_ENDPOINT_URL', 'S3_ENDPOINT'] satisfies InjectedName[]);
const OWN = new Map(OPERATOR_NAMES.map((name) => [name, new Set(operatorVariables(name))]));

/** Whether aichor keeps a name for itself whatever the operator is. */
export function isReserved(name: string): boolean {
  return PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Whether a variable is set by aichor on every engine and so cannot be set by users: `AICHOR_*`, `VCS_*`, and the
 * operator's own variables (without `operator`: every operator's). `AWS_*` names are free; of the storage endpoint
 * `givenEndpoint` tells.
 */
export function isProtected(name: string, operator: OperatorName | null = null): boolean {
  if (isReserved(name)) return true;
  const operators = operator === null ? OPERATOR_NAMES : [operator];
  return operators.some((each) => OWN.get(each)?.has(name));
}

/** @throws AichorError `manifest_invalid`, naming every protected name among `names` and where they stand. */
export function refuseProtected(
  names: readonly string[],
  operator: OperatorName | null,
  where: string,
): void {
  const refused = names.filter((name) => isProtected(name, operator));
  if (refused.length === 0) return;
  const [are, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new AichorError(
    'manifest_invalid',
    `${where}: ${refused.join(', ')} ${are} set by aichor itself and cannot be given`,
    { hint: `take ${them} out of ${where}, or use another name` },
  );
}

/** What gave the variables of a submission. */
interface Given {
  env: Readonly<Record<string, string>>;
  /** The flag of each that `--env` did not give, as far as that is known. */
  given_by?: Readonly<Record<string, string>>;
  sweep?: { point: Readonly<Record<string, string>> } | null;
}

/** @throws AichorError `manifest_invalid`, naming protected variables and the flag that each was given with. */
export function refuseProtectedVariables(
  { env, given_by = {}, sweep = null }: Given,
  operator: OperatorName,
): void {
  const point = sweep?.point ?? {};
  const whereOf = (name: string) => {
    if (Object.hasOwn(given_by, name)) return given_by[name] ?? '--env';
    return Object.hasOwn(point, name) ? 'the points of the sweep' : '--env';
  };
  const names = Object.keys(env);
  for (const where of new Set(names.map(whereOf)))
    refuseProtected(
      names.filter((name) => whereOf(name) === where),
      operator,
      where,
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

import { AichorError } from '../errors.ts';
import { operatorVariables } from './environment.ts';
import { OPERATOR_NAMES, type OperatorName } from './table.ts';

const PREFIXES = ['AICHOR_', 'VCS_', 'JAXOPERATOR_'];
const NAMES: ReadonlySet<string> = new Set(['AWS_ENDPOINT_URL', 'S3_ENDPOINT']);
const OWN = new Map(OPERATOR_NAMES.map((name) => [name, new Set(operatorVariables(name))]));

/**
 * Whether a variable is set by aichor and so cannot be set by users: `AICHOR_*`, `VCS_*`, the storage endpoint,
 * and the operator's own variables (without `operator`: every operator's). Other `AWS_*` names stay free: users
 * need `AWS_REQUEST_CHECKSUM_CALCULATION` and the like.
 */
export function isProtected(name: string, operator: OperatorName | null = null): boolean {
  if (NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
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

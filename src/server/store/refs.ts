import { AichorError } from '../../errors.ts';
import type { Statements } from './statements.ts';

/** Shortest prefix of an id that is taken for one: below it a slip of the finger would name an experiment. */
const SHORTEST_PREFIX = 3;

/** An id, a unique prefix of at least 3 characters (hex digits and dashes, whatever the case), or `latest`. */
export function resolveRef(statements: Statements, ref: string): string {
  if (ref === 'latest') return resolveLatest(statements);
  const prefix = ref.toLowerCase();
  if (!/^[0-9a-f-]+$/.test(prefix) || prefix.length < SHORTEST_PREFIX) {
    throw new AichorError('not_found', `${JSON.stringify(ref)} is not an experiment id`, {
      hint: `give an id, its first ${SHORTEST_PREFIX} characters or more, or latest; aichor experiments list shows them`,
    });
  }
  // `g` comes right after the last hex digit, and after the dash.
  const found = statements.withPrefix<{ id: string }>(prefix, `${prefix}g`);
  const [first, second] = found;
  if (first === undefined) {
    throw new AichorError('not_found', `there is no experiment ${ref}`, {
      hint: 'aichor experiments list shows those there are',
    });
  }
  if (second !== undefined) {
    const ids = found.map((row) => row.id).join(', ');
    throw new AichorError('ambiguous', `several experiments begin with ${ref}: ${ids}`, {
      hint: 'give more characters of the id',
    });
  }
  return first.id;
}

function resolveLatest(statements: Statements): string {
  const latest = statements.latest<{ id: string }>();
  if (latest !== undefined) return latest.id;
  throw new AichorError('not_found', 'there is no experiment yet', {
    hint: 'aichor experiments submit local makes one',
  });
}

import { typesForm } from '../../../operators/table.ts';
import type { Finding, Path } from '../../diagnostic.ts';
import { fields, isFields, numberAt, valueAt, type Draft, type Fields, type Rule } from '../../draft.ts';

const TYPES: Path = ['spec', 'types'];
/** More pods than Kubernetes runs for one job; a slip of the keyboard, or mischief. */
const MOST_PODS = 100_000;

/** Which types an operator needs, and the forms of earlier versions. */
export const typesRule: Rule = (draft) => {
  const types = valueAt(draft.root, TYPES);
  if (!isFields(types)) return [];
  switch (typesForm(draft.operator)) {
    case 'workers':
      return [...workerTypes(draft, ['Worker'], types), ...tooMany(draft)];
    case 'master-workers':
      return [...workerTypes(draft, ['Master', 'Worker'], types), ...tooMany(draft)];
    case 'named':
      return [...(Object.keys(types).length === 0 ? [noTypes()] : []), ...tooMany(draft)];
    case 'ray':
      return rayWorkers(types);
    case 'worker-pools':
    case null:
      return [];
  }
};

/** `legacy`: the types of earlier versions that this operator still takes. */
function workerTypes({ operator }: Draft, legacy: readonly string[], types: Fields): Finding[] {
  const has = (key: string) => isFields(types[key]);
  const earlier = legacy.filter(has);
  if (has('worker') && has('Worker')) {
    const message = 'worker and Worker are the same type, written twice';
    return [
      { code: 'conflicting-keys', path: [...TYPES, 'Worker'], at: 'key', message, hint: 'keep worker' },
    ];
  }
  const unreadable = Object.keys(types).some((key) => /^(work|mast)/i.test(key));
  if (earlier.length === 0 && !has('worker') && !unreadable) {
    return [
      {
        code: 'missing-key',
        path: [...TYPES, 'worker'],
        at: 'value',
        message: '"worker" is missing in types',
        hint: `${operator} has the one type worker`,
      },
    ];
  }
  const sum = ['Master', 'Worker', 'worker']
    .filter(has)
    .reduce((total, key) => total + numberAt(fields(types[key]), 'count', 1), 0);
  const hint = has('Master')
    ? `write one type "worker" with count: ${sum}; its first pod is the master`
    : 'write "worker"';
  const [first] = Object.keys(types).filter((key) => earlier.includes(key));
  if (first === undefined) return [];
  const message =
    earlier.length === 1
      ? `the type "${first}" is the form of an earlier version`
      : 'the types "Master" and "Worker" are the form of an earlier version';
  return [{ code: 'deprecated-type', path: [...TYPES, first], at: 'key', message, hint }];
}

function rayWorkers(types: Fields): Finding[] {
  const workers = types['Workers'];
  if (workers !== undefined && workers !== null) return [];
  const absent = workers === undefined;
  const message = 'there are no worker groups: the head will be alone';
  const hint = 'add types.Workers, or write "Workers: []" if that is meant';
  return [
    { code: 'missing-workers', path: absent ? TYPES : [...TYPES, 'Workers'], at: 'key', message, hint },
  ];
}

function noTypes(): Finding {
  return {
    code: 'missing-key',
    path: TYPES,
    at: 'key',
    message: 'there is no type',
    hint: 'add at least one, for example "worker:"',
  };
}

function tooMany(draft: Draft): Finding[] {
  const types = fields(valueAt(draft.root, TYPES));
  let total = 0;
  for (const [name, block] of Object.entries(types)) {
    const type = fields(block);
    total += Math.max(0, numberAt(type, 'count', 1)) * Math.max(1, numberAt(type, 'completions', 1));
    if (total <= MOST_PODS) continue;
    const message = `the types ask for ${total} pods; ${MOST_PODS} is the limit`;
    return [
      {
        code: 'too-many-pods',
        path: [...TYPES, name],
        at: 'key',
        message,
        hint: 'lower count or completions',
      },
    ];
  }
  return [];
}

import { typesForm } from '../../../operators/table.ts';
import { quoted } from '../../describe.ts';
import type { Finding, Path } from '../../diagnostic.ts';
import {
  fields,
  isFields,
  listAt,
  numberAt,
  valueAt,
  type Draft,
  type Fields,
  type Rule,
} from '../../draft.ts';

/** A Kubernetes label that starts with a letter (DNS-1035): pods and jobs are called after it. */
const TYPE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
/** KubeRay lowers capital letters when it names pods; other characters fail in the cluster. */
const GROUP_NAME = /^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$/;
/** What the pods of a Ray cluster are called beside the worker groups. */
const RAY_NAMES = ['head', 'submitter'];
/** 63 characters less `experiment-` and 13 of the id (24), two hyphens and the random part of a pod's name. */
const ROOM = 30;

/** Names of types and worker groups end up in the names of pods, which have rules and a length. */
export const namesRule: Rule = (draft) => {
  const form = typesForm(draft.operator);
  if (form === 'named') return jobSetNames(draft);
  return form === 'ray' ? groupNames(draft) : [];
};

function jobSetNames({ root }: Draft): Finding[] {
  const types = fields(valueAt(root, ['spec', 'types']));
  return Object.entries(types).flatMap(([name, block]) =>
    typeName(name, ['spec', 'types', name], fields(block)),
  );
}

function typeName(name: string, path: Path, block: Fields): Finding[] {
  if (!TYPE_NAME.test(name)) {
    const message = `${quoted(name)} cannot be the name of a type`;
    const proposal = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[-0-9]+|-+$/g, '');
    const rule = 'small letters, digits and hyphens, a letter first, no hyphen last';
    return [
      {
        code: 'type-name',
        path,
        at: 'key',
        message,
        hint: proposal === '' ? rule : `${rule}: "${proposal}"`,
      },
    ];
  }
  const [count, completions] = [numberAt(block, 'count', 1), numberAt(block, 'completions', 1)];
  const room = ROOM - digits(count) - digits(completions);
  if (name.length <= room) return [];
  const message = `the name ${quoted(name)} has ${name.length} characters; with count ${count} and completions ${completions} there is room for ${room}`;
  return [
    {
      code: 'name-too-long',
      path,
      at: 'key',
      message,
      hint: "pods' names have 63 characters at most: choose a shorter name",
    },
  ];
}

/** Digits of the largest index. */
function digits(count: number): number {
  return String(Math.max(0, Math.floor(count) - 1)).length;
}

function groupNames({ root }: Draft): Finding[] {
  const seen = new Set<string>();
  return listAt(root, ['spec', 'types', 'Workers']).flatMap((group, index): Finding[] => {
    const name = isFields(group) ? group['name'] : null;
    if (typeof name !== 'string' || name.trim() === '') return [];
    const at = { path: ['spec', 'types', 'Workers', index, 'name'], at: 'value' } as const;
    const folded = name.toLowerCase();
    if (RAY_NAMES.includes(folded)) {
      return [
        {
          ...at,
          code: 'type-name',
          message: `a worker group cannot be called ${quoted(name)}`,
          hint: `the ${folded} of the cluster is called so`,
        },
      ];
    }
    if (!GROUP_NAME.test(name)) {
      return [
        {
          ...at,
          code: 'type-name',
          message: `${quoted(name)} cannot be the name of a worker group`,
          hint: 'use letters, digits and hyphens',
        },
      ];
    }
    if (name.length > 63)
      return [
        {
          ...at,
          code: 'name-too-long',
          message: `the name has ${name.length} characters; 63 is the limit`,
          hint: 'choose a shorter name',
        },
      ];
    if (seen.has(folded))
      return [
        {
          ...at,
          code: 'duplicate-name',
          message: `there are two worker groups ${quoted(name)}`,
          hint: 'give each group a name of its own',
        },
      ];
    seen.add(folded);
    return [];
  });
}

import type { EngineDocument } from '../../../api/engine-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { enginesTable } from './list.ts';
import { printable } from '../text.ts';

/** One engine: its line of the list, and how it is reached. */
export function engineView({ kubernetes, ...summary }: EngineDocument, screen: Screen): string {
  const head = enginesTable({ engines: [summary] }, screen);
  if (kubernetes === null) return head;
  const { server, context, namespace, credentials, settings } = kubernetes;
  const facts: [string, string | null][] = [
    ['server', server],
    ['context', context],
    ['namespace', namespace],
    [
      'credentials',
      credentials.file === null ? credentials.kind : `${credentials.kind}: ${credentials.file}`,
    ],
    ...flat(settings),
  ];
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  const lines = shown.map(([name, value]) => `${screen.colors.dim(name.padEnd(width))}  ${printable(value)}`);
  return [head, '', ...lines].join('\n');
}

/** Settings by their dotted names; those that say nothing are left out. */
function flat(values: object, prefix = ''): [string, string | null][] {
  return Object.entries(values).flatMap(([key, value]): [string, string | null][] => {
    const name = `${prefix}${key}`;
    if (typeof value === 'object' && value !== null) return flat(value, `${name}.`);
    return [[name, value === null || value === undefined ? null : String(value)]];
  });
}

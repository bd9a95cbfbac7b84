import type { KeyCreated, KeyList } from '../../../api/key-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table, type Column } from '../table.ts';
import { printable } from '../text.ts';

const COLUMNS: Column[] = [
  { title: 'NAME', width: 24 },
  { title: 'ROLE', width: 6 },
  { title: 'PROJECTS', width: 16, drop: 3 },
  { title: 'MADE', width: 10, drop: 1 },
  { title: 'EXPIRES', width: 10, drop: 2 },
  { title: 'LAST USED', width: 'rest' },
];

/** Keys of people, without themselves. Days, and of the last use the minute, are in UTC. */
export function keysTable({ keys }: KeyList, screen: Screen): string {
  if (keys.length === 0) return 'there are no keys but that of the server; aichor keys create makes one';
  const rows = keys.map(({ name, role, projects, created_at, expires_at, last_used_at }) => [
    printable(name),
    role,
    printable(projects?.join(', ') ?? 'all'),
    created_at.slice(0, 10),
    expires_at?.slice(0, 10) ?? 'never',
    last_used_at?.slice(0, 16).replace('T', ' ') ?? 'not yet',
  ]);
  return table(COLUMNS, rows, screen);
}

/** The only time that a key is shown. */
export function keyCreatedView({ name, role, key, expires_at }: KeyCreated, { colors }: Screen): string {
  const until = expires_at === null ? '' : `, until ${expires_at.slice(0, 10)}`;
  return [
    `${colors.bold(printable(key))}`,
    colors.dim(
      `for ${printable(name)} (${role}${until}); it is not shown again. Its holder: aichor auth key`,
    ),
  ].join('\n');
}

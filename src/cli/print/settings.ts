import type { Screen } from '../runtime/screen.ts';
import type { Setting } from '../settings/settings.ts';
import { table, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'SETTING', width: 12 },
  { title: 'FROM', width: 11 },
  { title: 'VALUE', width: 'rest' },
];

/** Settings with where each comes from. */
export function settingsTable(settings: Record<string, Setting>, screen: Screen): string {
  const rows = Object.entries(settings).map(([name, { value, origin }]) => [
    name,
    origin,
    value ?? screen.colors.dim('not set'),
  ]);
  return table(COLUMNS, rows, screen);
}

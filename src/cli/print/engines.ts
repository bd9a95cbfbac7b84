import type { EngineList } from '../../api/contract.ts';
import type { Screen } from '../screen.ts';
import { table, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ENGINE', width: 11 },
  { title: 'KIND', width: 10, drop: 3 },
  { title: 'HEALTH', width: 9 },
  { title: 'RUNNING', width: 7, align: 'right' },
  { title: 'CPUS', width: 7, align: 'right' },
  { title: 'MEMORY GB', width: 9, align: 'right', drop: 2 },
  { title: 'GPUS', width: 5, align: 'right', drop: 1 },
  { title: '', width: 'rest' },
];

/** Engines with what is in use of what they have; the default one carries a star. */
export function enginesTable({ engines }: Pick<EngineList, 'engines'>, screen: Screen): string {
  const { colors } = screen;
  const rows = engines.map((engine) => [
    `${engine.name}${engine.default ? ' *' : ''}`,
    engine.kind,
    engine.healthy ? colors.green('healthy') : colors.red('unhealthy'),
    String(engine.in_use.experiments),
    share(engine.in_use.cpus, engine.capacity.cpus),
    share(engine.in_use.memory_gb, engine.capacity.memory_gb),
    share(engine.in_use.gpus, engine.capacity.gpus),
    engine.message ?? '',
  ]);
  return table(COLUMNS, rows, screen);
}

function share(used: number, all: number | null): string {
  return `${rounded(used)}/${all === null ? '?' : rounded(all)}`;
}

function rounded(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}

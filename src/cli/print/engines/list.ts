import type { EngineList } from '../../../api/engine-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable, hanging } from '../text.ts';
import { table, type Column } from '../table.ts';

/** Longer names are cut. */
const WIDEST_NAME = 24;

function columns(names: readonly string[]): Column[] {
  const widest = Math.max(...names.map((name) => name.length), 11);
  return [
    { title: 'ENGINE', width: Math.min(widest, WIDEST_NAME) },
    { title: 'KIND', width: 10, drop: 3 },
    { title: 'HEALTH', width: 9 },
    { title: 'RUNNING', width: 7, align: 'right' },
    { title: 'CPUS', width: 7, align: 'right' },
    { title: 'MEMORY GB', width: 9, align: 'right', drop: 2 },
    { title: 'GPUS', width: 5, align: 'right', drop: 1 },
    { title: '', width: 'rest' },
  ];
}

/** Engines with what is in use of what they have; the default one carries a star. Below, what ails the others. */
export function enginesTable({ engines }: Pick<EngineList, 'engines'>, screen: Screen): string {
  const { colors } = screen;
  const names = engines.map((engine) => `${engine.name}${engine.default ? ' *' : ''}`);
  const rows = engines.map((engine, index) => [
    names[index] ?? '',
    engine.kind,
    engine.healthy ? colors.green('healthy') : colors.red('unhealthy'),
    String(engine.in_use.experiments),
    share(engine.in_use.cpus, engine.capacity.cpus),
    share(engine.in_use.memory_gb, engine.capacity.memory_gb),
    share(engine.in_use.gpus, engine.capacity.gpus),
    engine.healthy ? printable(engine.message ?? '') : '',
  ]);
  const ailing = engines.filter(({ healthy }) => !healthy);
  const causes = ailing.map(({ name, message }) => {
    const head = `${name}: `;
    return colors.red(head) + hanging(printable(message ?? 'it does not say why'), head.length, screen.width);
  });
  return [table(columns(names), rows, screen), ...(causes.length === 0 ? [] : ['', ...causes])].join('\n');
}

function share(used: number, all: number | null): string {
  return `${rounded(used)}/${all === null ? '?' : rounded(all)}`;
}

function rounded(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}

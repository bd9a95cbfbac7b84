import { formatBytes } from '../../../base/text/bytes.ts';
import { counted } from '../../../base/text/plural.ts';
import { formatDuration } from '../../../base/text/duration.ts';
import type { PlanDocument, PodDocument } from '../../../render/local/plan-document.ts';
import type { Screen } from '../../runtime/screen.ts';
import type { DryRun } from '../../submit/submit-command.ts';
import { printable } from '../text.ts';
import { table } from '../table.ts';
import { leftOutLine, sentFilesView, weightLine } from './sent-files.ts';
import { waveDiagram } from './waves.ts';

/** Values of one variable that are written out when they differ from pod to pod. */
const MOST_VALUES = 3;

/** The human view of `manifest render --engine local`: totals, time diagram, what a pod asks for, variables. */
export function planView(document: PlanDocument, screen: Screen): string {
  const { colors } = screen;
  const { pods } = document;
  const heading = colors.bold(headline(document));
  if (pods.length === 0) return `${heading}\n\nNothing would run: every count is 0.`;
  return [
    heading,
    waveDiagram(pods, screen.width),
    typesTable(pods, screen),
    commands(pods, screen),
    environmentTable(pods, screen),
  ].join('\n\n');
}

/** What `--dry-run` shows: what would be sent, then the plan. */
export function dryRunView(
  { manifest_path: path, files, bytes, largest, files_sent: sentFiles, left_out: leftOut, plan }: DryRun,
  screen: Screen,
): string {
  const { colors } = screen;
  const sent =
    files === null || bytes === null
      ? 'nothing would be sent: the code is there already'
      : `${counted(files, 'file')}, ${formatBytes(bytes)}`;
  const most = largest.length === 0 ? [] : [colors.dim('largest'), ...largest.map(weightLine)];
  const stays = leftOut.length === 0 ? [] : [colors.dim('left out'), ...leftOut.map(leftOutLine)];
  const which = sentFiles === null ? stays : [sentFilesView(sentFiles, leftOut, screen)];
  return [`${colors.bold(path)} · ${sent}`, ...most, ...which, '', planView(plan, screen)].join('\n');
}

function headline({ operator, totals, timeout_s, backoff_limit }: PlanDocument): string {
  return [
    operator,
    counted(totals.pods, 'pod'),
    counted(totals.cpus, 'CPU'),
    `${totals.memory_gb} GB`,
    ...(totals.gpus > 0 ? [counted(totals.gpus, 'GPU')] : []),
    ...(timeout_s === null ? [] : [`timeout ${formatDuration(timeout_s)}`]),
    ...(backoff_limit === 0 ? [] : [`up to ${counted(backoff_limit, 'restart')}`]),
  ].join(' · ');
}

function typesTable(pods: readonly PodDocument[], screen: Screen): string {
  const types = new Map<string, { count: number; resources: PodDocument['resources'] }>();
  for (const { type, resources } of pods) {
    types.set(type, { count: (types.get(type)?.count ?? 0) + 1, resources });
  }
  const rows = [...types].map(([type, { count, resources }]) =>
    [type, count, resources.cpus, `${resources.memory_gb} GB`, accelerator(resources)].map(String),
  );
  const columns = [
    { title: 'TYPE', width: widest(rows, 0, 4) },
    { title: 'PODS', width: 5, align: 'right' as const },
    { title: 'CPUS', width: 6, align: 'right' as const },
    { title: 'MEMORY', width: 10, align: 'right' as const },
    { title: 'ACCELERATOR', width: 'rest' as const },
  ];
  return table(columns, rows, screen);
}

function accelerator({ gpus, gpu_product, tpu }: PodDocument['resources']): string {
  if (tpu) return `${tpu.type} ${tpu.topology}`;
  return gpus > 0 ? `${gpus} × ${gpu_product}` : '';
}

/** Each command once, with the types that run it where there are several. */
function commands(pods: readonly PodDocument[], { colors }: Screen): string {
  const byCommand = new Map<string, Set<string>>();
  for (const { command, type } of pods)
    byCommand.set(command, (byCommand.get(command) ?? new Set()).add(type));
  return [...byCommand]
    .map(([command, types]) => {
      const who = byCommand.size === 1 ? 'command' : [...types].join(', ');
      return `${colors.dim(who)}  ${printable(command)}`;
    })
    .join('\n');
}

function environmentTable(pods: readonly PodDocument[], screen: Screen): string {
  const variables = new Map<string, { values: Set<string>; sources: Set<string> }>();
  for (const { name, value, source } of pods.flatMap(({ env }) => env)) {
    if (name === 'AICHOR_COMMAND') continue;
    const seen = variables.get(name) ?? { values: new Set(), sources: new Set() };
    variables.set(name, seen);
    seen.values.add(value);
    seen.sources.add(source);
  }
  const rows = [...variables].map(([name, { values, sources }]) => [
    name,
    [...sources].join(', '),
    printable(valuesText([...values])),
  ]);
  const columns = [
    { title: 'VARIABLE', width: widest(rows, 0, 8) },
    { title: 'FROM', width: widest(rows, 1, 4) },
    { title: 'VALUE', width: 'rest' as const },
  ];
  return table(columns, rows, screen);
}

function valuesText(values: readonly string[]): string {
  if (values.length <= MOST_VALUES) return values.join(' | ');
  return `${values[0]} | ${values[1]} | … | ${values.at(-1)}`;
}

function widest(rows: readonly string[][], column: number, least: number): number {
  return Math.max(least, ...rows.map((row) => row[column]?.length ?? 0));
}

import type { ProjectDocument, ProjectList } from '../../../api/team/project-contract.ts';
import { durationText } from '../time.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table, type Column } from '../table.ts';
import { hanging, printable } from '../text.ts';

const COLUMNS: Column[] = [
  { title: 'NAME', width: 24 },
  { title: 'ENGINES', width: 20 },
  { title: 'LIVE', width: 5 },
  { title: 'REPOSITORY', width: 'rest' },
];

/** Projects that were made, one a line. */
export function projectsTable({ projects }: ProjectList, screen: Screen): string {
  if (projects.length === 0) return 'no project was made; aichor projects create makes one';
  const rows = projects.map(({ name, engines, live_experiments, repository }) => [
    printable(name),
    printable(engines?.join(', ') ?? 'clusters'),
    String(live_experiments),
    printable(repository ?? '-'),
  ]);
  return table(COLUMNS, rows, screen);
}

const NAME_WIDTH = 16;

/** A project with everything that may be known of it. */
export function projectPage(project: ProjectDocument, { colors, width }: Screen): string {
  const { quotas, variables, git } = project;
  const rows: [string, string | null][] = [
    ['project', project.name],
    ['repository', project.repository],
    ['branches', project.branches.join(', ') || 'all'],
    ['engines', project.engines?.join(', ') ?? 'every cluster'],
    ['default engine', project.default_engine],
    ['manifests in', project.manifest_root],
    ['at most running', quotas.running === null ? null : String(quotas.running)],
    ['at most GPUs', quotas.gpus === null ? null : String(quotas.gpus)],
    ['at most stored', quotas.stored_gb === null ? null : `${quotas.stored_gb} GB`],
    ['logs are kept', project.retention_s === null ? null : durationText(project.retention_s)],
    [
      'commits are told',
      project.commit_status === null ? null : `what came of them, at ${project.commit_status}`,
    ],
    ...variables.map(({ name, value, scope }): [string, string] => [
      scope === 'run' ? 'variable' : `variable (${scope})`,
      `${name}=${value ?? '***'}`,
    ]),
    ['credentials', git.kind === 'none' ? null : git.kind.replace('_', ' ')],
    ['public key', git.public_key],
    ...project.host_keys.map((key): [string, string] => ['host key', key]),
    [
      'made',
      `${project.created_at.slice(0, 10)}${project.created_by === null ? '' : ` by ${project.created_by}`}`,
    ],
    ['live', String(project.live_experiments)],
  ];
  return rows
    .flatMap(([name, value]) =>
      value === null
        ? []
        : [`${colors.dim(name.padEnd(NAME_WIDTH))} ${hanging(printable(value), NAME_WIDTH + 1, width)}`],
    )
    .join('\n');
}

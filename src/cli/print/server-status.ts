import { formatBytes } from '../../base/text/bytes.ts';
import type { ServerStatus } from '../../api/contract.ts';
import { counted } from '../../base/text/plural.ts';
import type { ProjectUse } from '../../api/team/project-use-contract.ts';
import { printable } from './text.ts';
import { durationText } from './time.ts';
import type { Screen } from '../runtime/screen.ts';

type Retention = NonNullable<ProjectUse['retention']>;

/** What `server status` and `server stop` show on a terminal. */
export function serverStatusPage(status: ServerStatus, { colors }: Screen): string {
  if (!status.running) return 'the control plane does not run; the next command that needs it starts it';
  const rows: [string, string][] = [
    ['address', status.address ?? '-'],
    ['version', status.version ?? '-'],
    ['pid', String(status.pid ?? '-')],
    ['live experiments', String(status.live_experiments ?? '-')],
    ...Object.entries(status.disk ?? {}).map(([what, bytes]): [string, string] => [what, formatBytes(bytes)]),
  ];
  return [
    colors.green('running'),
    ...rows.map(([name, value]) => `${colors.dim(name.padEnd(17))} ${value}`),
    ...(status.projects ?? []).map(
      (project) => `${colors.dim(`project ${printable(project.project)}`)}  ${useOf(project)}`,
    ),
  ].join('\n');
}

/** What a project uses of what it may, and what becomes of its old logs, in one line. */
function useOf({ running, gpus, stored_bytes: stored, retention }: ProjectUse): string {
  const of = (used: string, allowed: string | null) => (allowed === null ? used : `${used} of ${allowed}`);
  const parts = [
    `${of(String(running.used), running.allowed === null ? null : String(running.allowed))} running`,
    `${of(String(gpus.used), gpus.allowed === null ? null : String(gpus.allowed))} GPUs`,
    `${of(formatBytes(stored.used), stored.allowed === null ? null : formatBytes(stored.allowed))} stored`,
  ];
  if (retention !== null) parts.push(retentionText(retention));
  return parts.join(', ');
}

function retentionText({ seconds, logs, next_at: next, within_a_day: soon, last }: Retention): string {
  const kept = `logs kept for ${durationText(seconds)} (${counted(logs, 'log')}`;
  const ahead = next === null ? '' : `; the next goes ${next}, ${soon} within a day`;
  const before = last === null ? '' : `; ${counted(last.logs, 'log')} went ${last.time}`;
  return `${kept}${ahead}${before})`;
}

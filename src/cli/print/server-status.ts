import { formatBytes } from '../../base/text/bytes.ts';
import type { ServerStatus } from '../../api/contract.ts';
import type { Screen } from '../runtime/screen.ts';

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
  ].join('\n');
}

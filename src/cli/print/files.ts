import { formatBytes } from '../../base/text/bytes.ts';
import type { StorageList } from '../../api/storage-contract.ts';
import type { Screen } from '../runtime/screen.ts';
import { table } from './table.ts';
import { printable } from './text.ts';
import { timeText } from './time.ts';

/** Files with their sizes, as `storage list` shows them. */
export function fileTable(files: StorageList['files'], screen: Screen): string {
  if (files.length === 0) return 'nothing there';
  const columns = [
    { title: 'PATH', width: 'rest' },
    { title: 'SIZE', width: 10, align: 'right' },
    { title: 'MODIFIED', width: 20 },
  ] as const;
  return table(
    columns,
    files.map(({ path, bytes, modified_at: at }) => [
      printable(path),
      formatBytes(bytes),
      timeText(at, screen),
    ]),
    screen,
  );
}

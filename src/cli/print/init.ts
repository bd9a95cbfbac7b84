import type { InitDocument } from '../../scaffold/init-repository.ts';
import type { Colors } from '../runtime/screen.ts';

/** What was written and what to type next. */
export function initView(document: InitDocument, { bold, dim, green }: Colors): string {
  const files = document.files.map((file) => `  ${file}`);
  const next = document.next.map((command) => `  ${bold(command)}`);
  return [
    `${green('made')} ${document.path} ${dim(`(${document.operator})`)}`,
    ...files,
    '',
    'next',
    ...next,
  ].join('\n');
}

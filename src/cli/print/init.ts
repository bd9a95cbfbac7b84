import type { InitDocument } from '../../scaffold/document.ts';
import type { Colors } from '../runtime/screen.ts';

/** What was written and what to type next. */
export function initView(document: InitDocument, { bold, dim, green }: Colors): string {
  const files = document.files.map((file) => `  ${file}`);
  const next = document.next.map((command) => `  ${bold(command)}`);
  const heading =
    files.length === 0
      ? `nothing was missing in ${document.path}`
      : `${green('wrote')} ${document.path} ${dim(`(${document.operator})`)}`;
  return [heading, ...files, '', 'next', ...next].join('\n');
}

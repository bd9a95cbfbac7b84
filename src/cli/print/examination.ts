import type { Examination } from '../../api/examination.ts';
import { counted } from '../../base/text/plural.ts';
import type { Screen } from '../runtime/screen.ts';

/** What `server doctor` shows on a terminal. */
export function examinationPage({ sound, checked, findings }: Examination, { colors }: Screen): string {
  const { experiments, contents, snapshots, logs } = checked;
  const read = `${counted(experiments, 'experiment')}, ${counted(logs, 'log')}, ${counted(snapshots, 'snapshot')}, ${counted(contents, 'content')}`;
  const head = sound ? `${colors.green('sound')}  ${read}` : `read ${read}`;
  const lines = findings.map(({ place, message, mended }) => {
    const mark = mended ? colors.green('mended') : colors.red('not mended');
    return `${mark}  ${place}\n  ${message}`;
  });
  return [head, ...lines].join('\n');
}

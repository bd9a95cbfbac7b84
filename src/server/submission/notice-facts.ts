import type { ExperimentFact } from '../../experiment/event.ts';
import type { Notice } from '../../experiment/record.ts';

export function noticeFacts(notices: readonly Notice[]): ExperimentFact[] {
  return notices.map(({ code, message }) => ({ type: 'notice', code, message }));
}

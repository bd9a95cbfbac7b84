import { boolean, integer, option, string } from '@oclif/core/flags';
import { STEPS } from '../../../experiment/status.ts';
import { labelOfOne, sweepOfOne } from '../../runtime/flags.ts';

/** What `experiments logs` takes. */
export const logFlags = {
  label: labelOfOne,
  sweep: sweepOfOne,
  commit: string({
    description: 'The newest experiment of this commit, instead of an id; with --follow it is waited for',
    helpValue: 'SHA',
  }),
  follow: boolean({ char: 'f', default: false, description: 'Keep going until the experiment has ended' }),
  pod: string({ description: 'Only this pod', helpValue: 'NAME' }),
  type: string({ description: 'Only pods of this type of the manifest', helpValue: 'NAME' }),
  step: option({ options: STEPS, description: 'Only this step' })(),
  attempt: integer({ min: 1, description: 'Only this attempt', helpValue: 'N' }),
  since: string({ description: 'Only lines since then: 90s, 5m, 2h, or an ISO time', helpValue: 'TIME' }),
  until: string({
    description: 'Only lines until then, written as for --since',
    helpValue: 'TIME',
    exclusive: ['follow'],
  }),
  grep: string({
    char: 'g',
    description: 'Only lines with this text; in small letters whatever the case',
    helpValue: 'TEXT',
  }),
  tail: integer({ min: 0, description: 'Only the last N lines of each pod', helpValue: 'N' }),
  timestamps: boolean({ description: 'Show times on a terminal, too (JSON always has them)' }),
  raw: boolean({
    description: 'The exact bytes of one pod, on a terminal too, whatever they do there',
    dependsOn: ['pod'],
    exclusive: ['type', 'step', 'since', 'until', 'grep', 'tail', 'timestamps'],
  }),
};

import { string } from '@oclif/core/flags';
import { STATUSES } from '../../experiment/status.ts';
import { repeated, someOf } from '../runtime/flags.ts';

/** What `experiments list` can be asked for, beside its page and order. */
export const listConditionFlags = {
  status: someOf('--status', STATUSES, 'Only with this status'),
  operator: string({ description: 'Only of this operator', helpValue: 'NAME' }),
  project: string({ description: 'Only of this project', helpValue: 'NAME' }),
  engine: string({ description: 'Only on this engine', helpValue: 'NAME' }),
  'submitted-by': string({
    description: 'Only submitted with the key of this name; push: by a push',
    helpValue: 'NAME',
  }),
  branch: string({ description: 'Only of this branch', helpValue: 'NAME' }),
  commit: string({
    description: 'Only of this commit: a SHA, its beginning, or HEAD and the like of the clone here',
    helpValue: 'SHA',
  }),
  label: repeated('Only with this label', 'KEY[=VALUE]', 'l'),
  sweep: string({ description: 'Only of this sweep', helpValue: 'NAME' }),
  message: string({ char: 'm', description: 'Only with this text in the message', helpValue: 'TEXT' }),
  'resubmit-of': string({
    description: 'Only resubmitted from this one: an id, its beginning, or latest',
    helpValue: 'ID',
  }),
  since: string({
    description: 'Only created since: 90s, 1.5h, yesterday, 2 hours ago, a date or a time',
    helpValue: 'WHEN',
  }),
  until: string({ description: 'Only created before then, written as for --since', helpValue: 'WHEN' }),
};

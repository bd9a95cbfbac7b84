import type { Client } from '../../client/client.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { screenOf } from '../experiments/screen.ts';
import { finalRecord, sayLogs, submissionDocument, type SubmissionDocument } from './submitted.ts';
import { Verdict } from '../runtime/verdict.ts';

export type SubmitDocument = SubmissionDocument | ExperimentRecord;

interface After {
  client: Client;
  summary: ExperimentSummary;
  upload: SubmissionDocument['upload'];
  flags: { wait: boolean; follow: boolean; quiet: boolean };
}

/** What comes after a submission was taken, the same for all ways to submit. */
export abstract class SubmitCommand<T = never> extends BaseCommand<SubmitDocument | T> {
  /** Notices of the new experiment; then its id, its document, or, with `--wait` and `--follow`, its final record. */
  protected async afterwards({
    client,
    summary,
    upload,
    flags,
  }: After): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const id = summary.experiment_id;
    this.keepsRunning(id);
    for (const { message } of summary.notices) this.talk.notice(message);
    if (flags.quiet) await this.write(`${id}\n`);
    if (!flags.wait && !flags.follow) return flags.quiet ? undefined : submissionDocument(summary, upload);
    this.talk.notice(`experiment ${id}`);
    const ending = { client, id, signal: this.signal, talk: this.talk };
    if (flags.follow) await sayLogs(ending, screenOf(process.stderr, process.env));
    const outcome = await finalRecord(ending);
    if (!flags.quiet) return outcome;
    if (outcome instanceof Verdict) throw outcome.error;
    return undefined;
  }
}

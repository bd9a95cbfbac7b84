import type { Client } from '../../client/client.ts';
import { isOpenLine, type LogLine } from '../../logs/line.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import type { PlanDocument } from '../../render/local/plan-document.ts';
import { waitForEnd } from '../experiments/wait.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { Verdict } from '../runtime/command.ts';
import type { Settings } from '../settings/settings.ts';
import type { SubmissionFlags } from './flags.ts';
import type { SubmitOptions } from './options.ts';
import type { FilesOfDirectory } from './sent-files.ts';

/** What submitting prints (contract 3.1). */
export type SubmissionDocument = Pick<
  ExperimentSummary,
  | 'experiment_id'
  | 'status'
  | 'operator'
  | 'engine'
  | 'project'
  | 'message'
  | 'manifest_path'
  | 'source'
  | 'resubmit_of'
> & { upload: Upload | null };

/** What was packed, and how much of it the server lacked. */
interface Upload {
  files: number;
  bytes: number;
  sent_bytes: number;
}

/** What `--dry-run` prints. */
export interface DryRun extends FilesOfDirectory {
  manifest_path: string;
  /** `sha256:<hex>` of what would be sent; null: the code of a commit that could not be fetched. */
  snapshot: string | null;
  /** How many files would be packed; null where nothing is: a resubmission's code is on the server already. */
  files: number | null;
  bytes: number | null;
  largest: { path: string; bytes: number }[];
  plan: PlanDocument;
}

/** What the server made of it. */
export interface Taken {
  client: Client;
  summary: ExperimentSummary;
  upload: Upload | null;
}

/** Something to submit (a directory, a commit, an experiment again) that was checked, and is ready to be sent. */
export interface PreparedSubmission {
  /** What would be sent and created; nothing is. */
  dryRun(): Promise<DryRun>;
  /** Sends what the server lacks, and submits. `secrets` by their values. */
  send(secrets: Record<string, string>): Promise<Taken>;
}

interface Following {
  client: Client;
  id: string;
  signal: AbortSignal;
  status: { line(line: LogLine): void };
}

export type SubmitDocument = SubmissionDocument | ExperimentRecord | DryRun;

/**
 * The three steps of all ways to submit. Complete: options from flags, files and this shell. Validate: what the
 * command gives is checked without sending anything. Run: it is sent, and followed as far as was asked.
 */
export abstract class SubmitCommand extends BaseCommand<SubmitDocument> {
  #lastLines: readonly LogLine[] = [];

  protected async submit(
    flags: SubmissionFlags,
    settings: Settings,
    validate: (options: SubmitOptions) => Promise<PreparedSubmission>,
  ): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { completeOptions, secretValues } = await import('./options.ts');
    const { signal, talk } = this;
    const onSource = (file: string, text: string) => this.sources.set(file, text);
    const { talkScreen } = this;
    const around = { env: process.env, settings, talk, talkScreen, signal, onSource };
    const options = await completeOptions(flags, around);
    const submission = await validate(options);
    if (options.dryRun) return submission.dryRun();
    const secrets = await secretValues(options, { env: process.env, canAsk: this.canAsk });
    return this.#afterwards(await submission.send(secrets), flags);
  }

  /** Notices of the new experiment; then its id, its document, or, with `--wait` and `--follow`, its final record. */
  async #afterwards(
    { client, summary, upload }: Taken,
    { wait, follow, quiet }: SubmissionFlags,
  ): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const id = summary.experiment_id;
    this.keepsRunning([id]);
    this.talk.settle();
    for (const { message } of summary.notices) this.talk.notice(message);
    if (quiet) await this.write(`${id}\n`);
    if (!wait && !follow) return quiet ? undefined : submissionDocument(summary, upload);
    this.follows([id]);
    if (!quiet) this.talk.notice(`experiment ${id}`);
    const outcome = await this.#untilEnded(client, summary, follow);
    if (!quiet) return outcome;
    if (outcome instanceof Verdict) throw outcome.error;
    return undefined;
  }

  /** Waits for the end, and with `follow` says the log meanwhile: the final record, with an error unless it succeeded. */
  async #untilEnded(
    client: Client,
    summary: ExperimentSummary,
    follow: boolean,
  ): Promise<ExperimentRecord | Verdict<ExperimentRecord>> {
    const { createStatusLine } = await import('../experiments/following/status-line.ts');
    const status = createStatusLine(this.talk, summary);
    const broken = new AbortController();
    const signal = AbortSignal.any([this.signal, broken.signal]);
    const following = { client, id: summary.experiment_id, signal, status };
    try {
      const [{ error }] = await Promise.all([
        waitForEnd({
          client,
          ids: [following.id],
          signal,
          timeout: null,
          onChange: (changed) => status.change(changed),
          onLost: () => this.talk.progress('the connection was lost; making it again'),
        }),
        follow ? this.#sayLogs(following) : undefined,
      ]);
      const record = await client.get(following.id);
      if (error === null) return record;
      if (follow && this.humanWanted) {
        const { lastLinesOf } = await import('../experiments/following/last-lines.ts');
        this.#lastLines = await lastLinesOf(client, { record, signal });
      }
      return new Verdict(record, error, { isInView: true });
    } finally {
      broken.abort();
      status.stop();
    }
  }

  /** Says the experiment's lines as they come, until its log is complete. */
  async #sayLogs({ client, id, signal, status }: Following): Promise<void> {
    const [{ logLinesOf }, { jsonLines }, { createLogLineView }] = await Promise.all([
      import('../../client/streams/experiment-logs.ts'),
      import('../../client/streams/json-lines.ts'),
      import('../print/experiments/log-line.ts'),
    ]);
    const record = await client.get(id);
    const pods = record.pods.map(({ pod }) => pod);
    const { draw } = createLogLineView(this.talkScreen, { pods, timestamps: false });
    const onReconnect = () => this.talk.notice('the connection was lost; making it again');
    const chunks = logLinesOf({ client, record, follow: true, signal, onReconnect }, {});
    for await (const line of jsonLines<LogLine>(chunks)) {
      if (!isOpenLine(line)) this.talk.say(draw(line));
      status.line(line);
    }
  }

  override async view(document: SubmitDocument): Promise<string> {
    if ('plan' in document) {
      const { dryRunView } = await import('../print/manifest/plan.ts');
      return dryRunView(document, this.screen);
    }
    const { endedView, submittedView } = await import('../print/experiments/ended.ts');
    if ('upload' in document) return submittedView(document, document.upload, this.screen);
    return endedView(document, this.screen, this.#lastLines);
  }
}

function submissionDocument(summary: ExperimentSummary, upload: Upload | null): SubmissionDocument {
  return {
    experiment_id: summary.experiment_id,
    status: summary.status,
    operator: summary.operator,
    engine: summary.engine,
    project: summary.project,
    message: summary.message,
    manifest_path: summary.manifest_path,
    source: summary.source,
    resubmit_of: summary.resubmit_of,
    upload,
  };
}

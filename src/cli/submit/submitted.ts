import type { Client } from '../../client/client.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import type { LogLine } from '../../logs/line.ts';
import type { Screen } from '../experiments/screen.ts';
import type { Talk } from '../runtime/talk.ts';
import { Verdict } from '../runtime/verdict.ts';
import { waitForEnd } from '../experiments/wait.ts';

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
> & { upload: { files: number; bytes: number; sent_bytes: number } | null };

export function submissionDocument(
  summary: ExperimentSummary,
  upload: SubmissionDocument['upload'],
): SubmissionDocument {
  const { experiment_id, status, operator, engine, project, message, manifest_path, source, resubmit_of } =
    summary;
  return {
    experiment_id,
    status,
    operator,
    engine,
    project,
    message,
    manifest_path,
    source,
    resubmit_of,
    upload,
  };
}

interface Ending {
  client: Client;
  id: string;
  signal: AbortSignal;
  talk: Talk;
}

/** Waits for the end: the final record, with an error beside it unless it succeeded. */
export async function finalRecord({
  client,
  id,
  signal,
  talk,
}: Ending): Promise<ExperimentRecord | Verdict<ExperimentRecord>> {
  const { error } = await waitForEnd({
    client,
    ids: [id],
    signal,
    timeout: null,
    onChange: ({ status, explanation }) =>
      talk.progress(`${id.slice(0, 8)} ${status}${explanation === null ? '' : `: ${explanation}`}`),
    onLost: () => talk.progress('the connection was lost; making it again'),
  });
  const record = await client.get(id);
  return error ? new Verdict(record, error) : record;
}

/** Says the experiment's lines as they come, until its log is complete. */
export async function sayLogs({ client, id, signal, talk }: Ending, screen: Screen): Promise<void> {
  const [{ logLinesOf }, { jsonLines }, { createLogLineView }] = await Promise.all([
    import('../../client/experiment-logs.ts'),
    import('../../client/json-lines.ts'),
    import('../print/log-line.ts'),
  ]);
  const record = await client.get(id);
  const draw = createLogLineView(screen, { pods: record.pods.map(({ pod }) => pod), timestamps: false });
  const chunks = logLinesOf(
    {
      client,
      record,
      follow: true,
      signal,
      onReconnect: () => talk.notice('the connection was lost; making it again'),
    },
    {},
  );
  for await (const line of jsonLines<LogLine>(chunks)) talk.say(draw(line));
}

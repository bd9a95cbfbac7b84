import type { Client } from '../../../client/client.ts';
import { jsonLines } from '../../../client/streams/json-lines.ts';
import { logLinesOf } from '../../../client/streams/experiment-logs.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import { isOpenLine, type LogLine } from '../../../logs/line.ts';

/** Lines that are shown again. */
const LAST_LINES = 10;

/**
 * The last lines of what matters now: of the pod that failed by itself, as it fails the others; else of the step that
 * the experiment is in, or ended in.
 */
export async function lastLinesOf(
  client: Client,
  { record, signal }: { record: ExperimentRecord; signal: AbortSignal },
): Promise<LogLine[]> {
  const { pods, step } = record;
  const failed = pods.find(({ status, reason }) => status === 'Failed' && reason !== 'StoppedWithExperiment');
  const wanted = failed === undefined ? { step } : { pod: failed.pod };
  const onReconnect = () => undefined;
  const chunks = logLinesOf(
    { client, record, follow: false, signal, onReconnect },
    { ...wanted, tail: LAST_LINES },
  );
  const lines: LogLine[] = [];
  for await (const line of jsonLines<LogLine>(chunks)) if (!isOpenLine(line)) lines.push(line);
  return lines.slice(-LAST_LINES);
}

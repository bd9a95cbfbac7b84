import { isAichorError, systemErrorCode } from '../../errors.ts';
import type { LogFolder } from './log-folder.ts';
import { createWriter } from './writer.ts';

/**
 * What happens while a log cannot be written or read (disk full, I/O error): the experiment goes on, the lines
 * come late, and a marker line says so when it is over.
 */
export interface Lapse {
  /** Runs work on these sources; a system error begins a lapse instead of being thrown. */
  guard(sources: readonly number[], work: () => Promise<void>): Promise<void>;
  /** Writes the marker, if there was a lapse. */
  over(): Promise<void>;
}

interface Failing {
  since: string;
  code: string;
  source: number;
  /** How far each source was in lines when it began. */
  sizes: Map<number, number>;
}

export function createLapse(log: LogFolder, now: () => Date): Lapse {
  let failing: Failing | null = null;

  async function over(): Promise<void> {
    if (!failing) return;
    const { since, code, source } = failing;
    let late = 0;
    for (const [number, before] of failing.sizes) late += (log.cursors.get(number)?.end ?? 0) - before;
    const until = now().toISOString();
    await mark(
      source,
      `the log could not be kept from ${since} to ${until} (${code}): ${late} bytes came late; what pods could not write meanwhile is missing`,
    );
    failing = null;
  }

  async function mark(source: number, text: string): Promise<void> {
    const origin = log.sources.list[source];
    if (!origin) return;
    const { step, attempt } = origin;
    const stored = await log.sources.add({ step, pod: null, attempt, stream: null }, true);
    const { end } = log.cursors.get(stored.number) ?? { end: 0 };
    await log.files.write(log.sources.path(stored.number), Buffer.from(`aichor: ${text}\n`), end);
    await createWriter(log, now).take([stored.number]);
  }

  return {
    over,
    async guard(sources, work) {
      try {
        await work();
        await over();
      } catch (error) {
        const code =
          systemErrorCode(error) ?? (isAichorError(error) ? systemErrorCode(error.cause) : undefined);
        if (code === undefined) throw error;
        const source = sources[0];
        if (failing || source === undefined) return;
        const sizes = new Map(
          log.sources.list.map(({ number }) => [number, log.cursors.get(number)?.end ?? 0]),
        );
        failing = { since: now().toISOString(), code, source, sizes };
      }
    },
  };
}

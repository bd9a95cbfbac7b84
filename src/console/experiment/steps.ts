import type { ExperimentRecord } from '../../experiment/record.ts';
import { STEPS, type Step } from '../../experiment/status.ts';

/** One step of an experiment, and how long it took. */
export interface StepTime {
  step: Step;
  /** ISO time. */
  start: string;
  seconds: number;
  /** Of all steps together: 0 to 1. */
  share: number;
  isOver: boolean;
}

/** What a step is called. */
export const STEP_NAMES: Readonly<Record<Step, string>> = {
  wait: 'Wait',
  clone: 'Code',
  build: 'Image',
  submit: 'Submit',
  run: 'Run',
};

/**
 * The steps that it went through, as its events tell: each lasts until the next begins.
 *
 * @param now milliseconds since 1970, for the one that goes on
 */
export function stepTimes(
  record: Pick<ExperimentRecord, 'events' | 'created_at' | 'ended_at'>,
  now: number,
): StepTime[] {
  const begun: { step: Step; start: string }[] = [{ step: 'wait', start: record.created_at }];
  for (const { type, message, time } of record.events) {
    const step = type === 'step' ? STEPS.find((each) => message.startsWith(`${each}:`)) : undefined;
    if (step !== undefined && begun.every((each) => each.step !== step)) begun.push({ step, start: time });
  }
  const end = record.ended_at === null ? now : Date.parse(record.ended_at);
  const lengths = begun.map(({ step, start }, index) => {
    const next = begun[index + 1];
    const until = next === undefined ? end : Date.parse(next.start);
    const isOver = next !== undefined || record.ended_at !== null;
    return { step, start, seconds: Math.max(0, (until - Date.parse(start)) / 1000), isOver };
  });
  const all = lengths.reduce((sum, { seconds }) => sum + seconds, 0);
  return lengths.map((each) => ({ ...each, share: all === 0 ? 0 : each.seconds / all }));
}

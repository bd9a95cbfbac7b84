import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { isTerminal, STEPS } from '../../src/experiment/status.ts';
import type { LogLine } from '../../src/logs/line.ts';
import { processesOf } from './processes.ts';
import type { World } from './world.ts';

/** A pod that runs is told again with the memory it has used by now, a step with how it went. */
const REPLACED: ReadonlySet<string> = new Set(['step', 'progress', 'pod']);

/** What must hold of every experiment that has ended, whatever happened to it. */
export async function expectWhole(world: World, record: ExperimentRecord): Promise<LogLine[]> {
  const { experiment_id: id, status, step, pods, events } = record;
  expect(isTerminal(status)).toBe(true);
  expect(await processesOf(id), `processes of ${id} after its end`).toEqual([]);
  const times = events.map(({ time }) => time);
  expect(times, 'events go on in time').toEqual([...times].sort());
  const steps = events.filter(({ type }) => type === 'step').map(({ message }) => message.split(':')[0]);
  expect(steps, 'steps go on').toEqual([...steps].sort((a, b) => stepNumber(a) - stepNumber(b)));
  expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('ended');
  const said = events
    .filter(({ type }) => !REPLACED.has(type))
    .map(({ type, message }) => `${type}: ${message}`);
  expect(said, 'nothing is told twice').toEqual([...new Set(said)]);
  for (const pod of pods) expect(['Succeeded', 'Failed', 'Stopped']).toContain(pod.status);
  const allSucceeded = step === 'run' && pods.every((pod) => pod.status === 'Succeeded');
  expect(status === 'Succeeded', `${status} of ${JSON.stringify(pods)}`).toBe(allSucceeded);
  for (const pod of pods)
    expect(pod.status === 'Succeeded', pod.pod).toBe(pod.exit_code === 0 && !pod.reason);
  const lines = await world.lines(id);
  expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_, index) => index + 1));
  return lines;
}

/** What the pods wrote with `echo … >> $AICHOR_OUTPUT_PATH/ran`, sorted: who ran, and how often. */
export async function ran({ paths }: ExperimentRecord): Promise<string[]> {
  return (await readFile(join(paths.output, 'ran'), 'utf8')).trim().split('\n').sort();
}

/** Texts of one pod's attempt, in order. */
export function textsOf(lines: readonly LogLine[], pod: string, attempt = 1): string[] {
  return lines.filter((line) => line.pod === pod && line.attempt === attempt && line.step === 'run').map((line) => line.text);
} // prettier-ignore

function stepNumber(word: string | undefined): number {
  return STEPS.findIndex((step) => step === word);
}

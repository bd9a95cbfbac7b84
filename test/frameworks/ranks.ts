import { createServer } from 'node:net';
import { delimiter } from 'node:path';
import { expect } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { lastOf, type House, type Submission } from '../engine/house.ts';
import { measured } from './measured.ts';

/** Some ranks of one operator that run a script. */
export interface Ranks {
  operator: 'jax' | 'pytorch' | 'xgboost';
  count: number;
  script: string;
  /** Folder of the programs that come first in PATH. */
  programs: string;
  command?: string;
  env?: Record<string, string>;
}

export function submission({ operator, count, script, programs, command, env }: Ranks): Submission {
  return {
    spec: {
      operator,
      command: command ?? 'python3 -u train.py',
      gracefulTermination: { shutdownCommand: ['true'], terminationGracePeriodSeconds: 2 },
      types: { worker: { count, resources: { cpus: 1, ramRatio: 1 } } },
    },
    files: { 'train.py': script },
    shell: { PATH: `${programs}${delimiter}${process.env['PATH']}`, HOME: process.env['HOME'] ?? '/' },
    env: env ?? {},
  };
}

export function failureOf(facts: readonly ExperimentFact[]) {
  return facts.find((fact) => fact.type === 'failure') ?? null;
}

/** Runs them, and finds in what each rank printed what it should have. */
export async function sees(
  house: House,
  ranks: Ranks,
  { what, lines }: { what: string; lines: (rank: number) => string },
): Promise<void> {
  const submitted = await house.submit(submission(ranks));
  const facts = await measured(what, submitted.run().done);
  expect(failureOf(facts)).toBeNull();
  const pods = Object.keys(lastOf(facts)).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  expect(pods).toHaveLength(ranks.count);
  for (const [rank, pod] of pods.entries()) expect(await submitted.printed(pod)).toContain(lines(rank));
}

/** Runs them to their failure. */
export async function fails(house: House, ranks: Ranks, what: string) {
  const submitted = await house.submit(submission(ranks));
  return failureOf(await measured(what, submitted.run().done));
}

/** A port that somebody else has while `act` runs. */
export async function withTakenPort<T>(act: (port: string) => Promise<T>): Promise<T> {
  const server = createServer().listen(0, '0.0.0.0');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    return await act(String(address.port));
  } finally {
    server.close();
  }
}

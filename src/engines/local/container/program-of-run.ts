import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import { CONTAINER_PROGRAMS } from '../../../experiment/plan/plan.ts';
import type { Host } from '../shared/host.ts';
import { findClient, type ContainerClient } from './client.ts';

/** Where a run of pods in containers says, in its own folder, which program makes them. */
export function programFile(directory: string): string {
  return join(directory, 'container-program');
}

/** The program that made an experiment's containers; null: it has none, or there is no such program any more. */
export async function clientOf(directory: string, env: Host['env']): Promise<ContainerClient | null> {
  const text = await readIfThere(programFile(directory));
  const program = CONTAINER_PROGRAMS.find((each) => each === text);
  if (program === undefined) return null;
  return findClient(program, env).catch(() => null);
}

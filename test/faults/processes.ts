import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';

export const processes = chooseProcesses({}, process.platform);

/** Living processes of an experiment: pid and pod. */
export async function processesOf(experimentId: string): Promise<{ pid: number; pod: string | null }[]> {
  const marked = await processes.marked(EXPERIMENT_MARK, experimentId, 'HOSTNAME');
  return marked.map(({ pid, also }) => ({ pid, pod: also }));
}

/** Living control planes, and commands, of a state folder. */
export async function programsOf(home: string): Promise<number[]> {
  return processes.withEnvironment({ AICHOR_HOME: home });
}

/** Waits until something that must become true is. The test's own patience is the limit. */
export async function until(fact: () => Promise<boolean> | boolean, pauseMs = 20): Promise<void> {
  while (!(await fact())) await moment(pauseMs);
}

/** Lets a chosen time pass: where a fault strikes. Never a way to wait for something. */
export function moment(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import type { Submitted } from './house.ts';
import type { Hosted } from './host.ts';

/** What a program told that hosted the engine, and what ended it. */
export interface Host {
  facts: ExperimentFact[];
  signal: NodeJS.Signals | null;
}

export interface HostOptions {
  crashAt?: string;
  stop?: boolean;
  until?: (fact: ExperimentFact) => boolean;
  /** It is killed once this has come. */
  killedAfter?: () => Promise<unknown>;
}

/** Steps of the embedded engine at which it can be killed by the name of a crash point. */
export const ENGINE_CRASH_POINTS = [
  'engine-pods-prepared',
  'engine-pod-spawned',
  'engine-pods-started',
  'engine-attempt-ended',
  'engine-cleared-up',
] as const;

/** Builds the program that hosts the engine (`host.ts`). */
export async function createHosting() {
  const programs = await mkdtemp(join(tmpdir(), 'aichor-host-'));
  await build({
    entryPoints: [new URL('host.ts', import.meta.url).pathname],
    outfile: join(programs, 'host.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return {
    /** Hosts the experiment in a process of its own until that ends, is killed, or `until` says so. */
    host: (folder: string, experiment: Submitted, options: HostOptions) =>
      host({ program: join(programs, 'host.mjs'), folder }, experiment, options),
    end: () => rm(programs, { recursive: true }),
  };
}

async function host(
  { program, folder }: { program: string; folder: string },
  experiment: Submitted,
  options: HostOptions,
): Promise<Host> {
  const { plan, snapshot } = await experiment.context();
  const hosted: Hosted = {
    id: experiment.id,
    folder: folder,
    digest: snapshot.digest,
    plan,
    stop: options.stop ?? false,
  };
  const file = join(folder, 'hosted.json');
  await writeFile(file, JSON.stringify(hosted));
  const env = { ...process.env, AICHOR_CRASH_AT: options.crashAt ?? '' };
  const child = spawn(process.execPath, [program, file], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  void options.killedAfter?.().then(kill, kill);
  const facts: ExperimentFact[] = [];
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const fact: ExperimentFact = JSON.parse(line);
      facts.push(fact);
      if (options.until?.(fact)) child.kill('SIGKILL');
    }
  });
  return new Promise((resolve) => child.once('close', (_code, signal) => resolve({ facts, signal })));
}

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { experimentRecord, type ExperimentRecord } from '../../src/experiment/record.ts';
import { installer } from './environment.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The program itself, with a state of its own and uv on PATH. */
export interface Cli {
  /** Folder for whatever a test writes. */
  home: string;
  run(args: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  /** Submits a directory and waits for its end, whatever that is. */
  submit(path: string, flags?: readonly string[], env?: Record<string, string>): Promise<Ended>;
  leave(): Promise<void>;
}

export interface Ended {
  record: ExperimentRecord;
  /** What the pods printed, `run` lines of standard output. */
  printed: string[];
  /** What the build printed. */
  built: string[];
}

export async function openCli(): Promise<Cli> {
  const home = await mkdtemp(join(tmpdir(), 'aichor-frameworks-'));
  const path = [dirname(await installer()), process.env['PATH']].join(delimiter);
  const base = { ...process.env, PATH: path, AICHOR_HOME: join(home, 'state') };
  const cli: Cli = {
    home,
    run: (args, env = {}) => start(args, { ...base, ...env }, home),
    async submit(path, flags = [], env = {}) {
      const submitted = await cli.run(['experiments', 'submit', 'local', '--repo-dir', path, '--wait', ...flags], env); // prettier-ignore
      if (submitted.stdout === '') throw new Error(submitted.stderr);
      const record = experimentRecord.parse(JSON.parse(submitted.stdout));
      const { stdout } = await cli.run(['experiments', 'logs', record.experiment_id]);
      const lines = stdout.split('\n').filter((line) => line !== '').map(readLine);
      const of = (step: string) => lines.filter((line) => line.step === step);
      const printed = of('run').filter(({ stream }) => stream === 'stdout');
      return { record, printed: printed.map(({ text }) => text), built: of('build').map(({ text }) => text) };
    },
    async leave() {
      await cli.run(['server', 'stop']);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  }; // prettier-ignore
  return cli;
}

function readLine(text: string): { step: string; stream: string | null; text: string } {
  return JSON.parse(text);
}

function start(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}

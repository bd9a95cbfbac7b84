import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { quoteForShell } from '../../../operators/command/launcher.ts';
import { readIfThere } from '../../../machine/capacity.ts';
import { findProgram } from '../../../machine/find-program.ts';
import { placeFile } from '../../../machine/place-file.ts';
import type { Attempt } from '../run/attempt-state.ts';
import type { ExperimentRun } from '../deps.ts';
import { vscodeLink } from '../../debug-links.ts';
import { lastOutput } from '../../last-output.ts';
import { processEnvironment } from '../pod/pod-environment.ts';

/** What only this machine knows of a Jupyter server. */
export interface Jupyter {
  port: number;
  token: string;
}

/**
 * The plan as it is debugged here: Jupyter on a port of this machine only, with a token that is known. Pure.
 */
export function debugPlan(plan: Plan, jupyter: Jupyter | null): Plan {
  const { debug } = plan;
  if (debug.vscode !== null || debug.jupyter === null || jupyter === null) return plan;
  const words = [
    ...[debug.jupyter.path, 'server', '--ip=127.0.0.1', `--port=${jupyter.port}`],
    ...['--ServerApp.port_retries=0', '--no-browser', '--allow-root'],
  ];
  return { ...plan, command: `exec ${words.map(quoteForShell).join(' ')}` };
}

/** The experiment's token, kept so that it is the same after a restart of the server. */
export async function jupyterToken(directory: string): Promise<string> {
  const path = join(directory, 'jupyter-token');
  const kept = await readIfThere(path);
  if (kept !== null) return kept;
  const token = randomBytes(24).toString('hex');
  await placeFile(path, token);
  return token;
}

/** Why nobody can debug with this environment; null: the program is there, or nobody wants to. */
export async function debugProblem(run: ExperimentRun): Promise<Explanation | null> {
  const { plan } = run.context;
  const [pod] = plannedPods(plan);
  const wanted = plan.debug.vscode ?? plan.debug.jupyter;
  if (wanted === null || pod === undefined) return null;
  const mode = plan.debug.vscode === null ? 'jupyter' : 'vscode';
  const path = processEnvironment(run, pod, { attempt: 1, devices: null })['PATH'] ?? '';
  if (wanted.path.includes('/') || (await findProgram(wanted.path, path)) !== null) return null;
  const get =
    mode === 'jupyter'
      ? "add jupyter-server to the project's dependencies"
      : 'install the command-line program of VS Code ("code") on this machine';
  return {
    reason: 'CommandNotFound',
    explanation: `spec.debug.${mode} is on, and there is no program ${wanted.path} in the environment or in PATH: ${get}, or name it by spec.debug.${mode}.path`,
  };
}

/** Tells the link to what is debugged with, once it has printed that it is there. */
export async function tellDebugLink(attempt: Attempt): Promise<void> {
  const { run, pods } = attempt;
  const { debug } = run.context.plan;
  if (attempt.debugLinked || (debug.vscode === null && debug.jupyter === null)) return;
  const pod = debug.vscode === null ? pods.find(({ name }) => name === 'submitter-0-0') : pods[0];
  if (pod === undefined || pod.phase !== 'live') return;
  const files = await Promise.all(pod.logs.map((source) => run.logs.open(source)));
  const text = await lastOutput(files, {});
  if (debug.vscode !== null) tellSignIn(attempt, text);
  const url = debug.vscode === null ? jupyterLink(text, run.jupyter) : vscodeLink(text);
  if (url === null) return;
  attempt.debugLinked = true;
  run.facts.push({ type: 'link', name: debug.vscode === null ? 'jupyter' : 'vscode', url });
}

/** How to sign in, as `code tunnel` prints it before there is a link: told once, and again when it gives a new code. */
function tellSignIn(attempt: Attempt, text: string): void {
  const said = vscodeSignIn(text);
  if (said === null || attempt.signIn === said) return;
  attempt.signIn = said;
  attempt.run.facts.push({ type: 'notice', code: 'debug_sign_in', message: `VS Code: ${said}` });
}

/** GitHub: `…log into https://github.com/login/device and use code AB12-CD34`; Microsoft: `…and enter the code …`. */
export function vscodeSignIn(text: string): string | null {
  const line = text.split('\n').findLast((each) => /https:\/\/\S+.*\bcode [A-Z0-9-]{6,}/.test(each));
  return line === undefined ? null : line.trim().slice(0, 300);
}

function jupyterLink(text: string, jupyter: Jupyter | null): string | null {
  if (jupyter === null || !text.includes(`http://127.0.0.1:${jupyter.port}/`)) return null;
  return `http://127.0.0.1:${jupyter.port}/?token=${jupyter.token}`;
}

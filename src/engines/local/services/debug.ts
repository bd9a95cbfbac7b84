import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { quoteForShell } from '../../../operators/command/launcher.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { findProgram } from '../../../machine/find-program.ts';
import { vscodeLink } from '../../debug-links.ts';
import { lastOutput } from '../../last-output.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import type { LogPump } from '../pod/log-pump.ts';
import type { LivePod } from '../pod/pod.ts';

/** What only this machine knows of a Jupyter server. */
interface Jupyter {
  port: number;
  token: string;
}

/**
 * The plan as it is debugged here: Jupyter on a port of this machine only, with a token that is known. Pure.
 */
function debugPlan(plan: Plan, jupyter: Jupyter | null): Plan {
  const { debug } = plan;
  if (debug.vscode !== null || debug.jupyter === null || jupyter === null) return plan;
  const words = [
    debug.jupyter.path,
    'server',
    '--ip=127.0.0.1',
    `--port=${jupyter.port}`,
    '--ServerApp.port_retries=0',
    '--no-browser',
    '--allow-root',
  ];
  return { ...plan, command: `exec ${words.map(quoteForShell).join(' ')}` };
}

/** The experiment's token, kept so that it is the same after a restart of the server. */
async function jupyterToken(directory: string): Promise<string> {
  const path = join(directory, 'jupyter-token');
  const kept = await readIfThere(path);
  if (kept !== null) return kept;
  const token = randomBytes(24).toString('hex');
  await place(path, token);
  return token;
}

/** Debugging of one experiment, if its manifest asks for it. */
export interface Debugging {
  /** The plan as it is debugged here. */
  plan: Plan;
  /** Variables of the pods: where Jupyter looks for its token; in its arguments everybody could read it. */
  variables: Readonly<Record<string, string>>;
  /** Why nobody can debug with these programs; null: the program is there, or nobody wants to. */
  problem(path: string): Promise<Explanation | null>;
  /** Tells the link to what is debugged with, once it has printed that it is there; again in each attempt. */
  tellLink(attempt: number, pods: readonly LivePod[]): Promise<void>;
  /** What led to a process that is gone leads nowhere. */
  endLinks(): void;
}

export async function openDebugging(
  { plan, directory }: Pick<RunContext, 'plan' | 'directory'>,
  { port, facts, logs }: { port: number | undefined; facts: FactQueue; logs: LogPump },
): Promise<Debugging> {
  const { debug } = plan;
  const jupyter = port === undefined ? null : { port, token: await jupyterToken(directory) };
  const isWanted = debug.vscode !== null || debug.jupyter !== null;
  let told = { attempt: 0, isLinked: false, signIn: '' };
  return {
    plan: debugPlan(plan, jupyter),
    variables: jupyter === null ? {} : { JUPYTER_TOKEN: jupyter.token },
    problem: (path) => debugProblem(debug, path),
    async tellLink(attempt, pods) {
      if (!isWanted) return;
      if (told.attempt !== attempt) told = { attempt, isLinked: false, signIn: '' };
      const pod = debug.vscode === null ? pods.find(({ name }) => name === 'submitter-0-0') : pods[0];
      if (told.isLinked || pod === undefined || pod.phase !== 'live') return;
      const text = await lastOutput(await Promise.all(pod.logs.map((source) => logs.open(source))), {});
      const signIn = debug.vscode === null ? null : vscodeSignIn(text);
      if (signIn !== null && told.signIn !== signIn) {
        told.signIn = signIn;
        facts.push({ type: 'notice', code: 'debug_sign_in', message: `VS Code: ${signIn}` });
      }
      const url = debug.vscode === null ? jupyterLink(text, jupyter) : vscodeLink(text);
      if (url === null) return;
      told.isLinked = true;
      facts.push({ type: 'link', name: debug.vscode === null ? 'jupyter' : 'vscode', url });
    },
    endLinks() {
      if (debug.jupyter !== null) facts.push({ type: 'link', name: 'jupyter', url: null });
      if (debug.vscode !== null) facts.push({ type: 'link', name: 'vscode', url: null });
    },
  };
}

async function debugProblem(debug: Plan['debug'], path: string): Promise<Explanation | null> {
  const wanted = debug.vscode ?? debug.jupyter;
  if (wanted === null) return null;
  const mode = debug.vscode === null ? 'jupyter' : 'vscode';
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

/** GitHub: `…log into https://github.com/login/device and use code AB12-CD34`; Microsoft: `…and enter the code …`. */
export function vscodeSignIn(text: string): string | null {
  const line = text.split('\n').findLast((each) => /https:\/\/\S+.*\bcode [A-Z0-9-]{6,}/.test(each));
  return line === undefined ? null : line.trim().slice(0, 300);
}

function jupyterLink(text: string, jupyter: Jupyter | null): string | null {
  if (jupyter === null || !text.includes(`http://127.0.0.1:${jupyter.port}/`)) return null;
  return `http://127.0.0.1:${jupyter.port}/?token=${jupyter.token}`;
}

import { linkPath } from '../../experiment/link.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { quoteForShell } from './launcher.ts';
import { JUPYTER_PORT } from '../ports.ts';

/** Longest that anybody debugs (documented for Jupyter; the same for VS Code), in seconds. */
export const DEBUG_SECONDS = 12 * 60 * 60;

/**
 * The command that runs instead of the user's while debugging, null when nobody does: a VS Code tunnel into the
 * first pod while the others stay up for it to look at, or a Jupyter server on the Ray head. Jupyter listens inside the
 * head's pod only, and asks for no token: whoever reaches it there came through the control plane, or could as well run
 * programs in the pod.
 *
 * @param firstPod shell condition that is true in the first pod only; null: only one pod runs the command
 */
export function debugCommand(debug: Plan['debug'], firstPod: string | null): string | null {
  if (debug.vscode) {
    const { path, provider } = debug.vscode;
    const tunnel = `exec ${quoteForShell(path)} tunnel --accept-server-license-terms --provider ${quoteForShell(provider)}`;
    if (firstPod === null) return tunnel;
    return `if ${firstPod}; then ${tunnel}; fi; while :; do sleep 3600; done`;
  }
  if (debug.jupyter) {
    const base = `${linkPath('$AICHOR_EXPERIMENT_ID', 'jupyter')}/`;
    return `exec timeout ${DEBUG_SECONDS} ${quoteForShell(debug.jupyter.path)} server --ip=127.0.0.1 --port=${JUPYTER_PORT} --ServerApp.port_retries=0 --ServerApp.base_url="${base}" --ServerApp.token= --ServerApp.allow_remote_access=True --no-browser --allow-root`;
  }
  return null;
}

import { isAbsent } from '../../../../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../../../../errors.ts';
import type { LoadedConfig } from './kube-config.ts';

/** What may be a credential: nothing of it belongs into a message. */
const SECRETIVE = /[\w+=~-]{24,}/g;

/**
 * Why there are no credentials, for users. What a plugin printed to stderr is told (its last line), what it printed to
 * stdout never: that is where credentials stand.
 */
export function credentialFailure(error: unknown, { user, plugin }: LoadedConfig): AichorError {
  if (plugin === null) return ownFailure(error, user);
  const { command, installHint } = plugin;
  const whose = `which gives the credentials of ${user}`;
  if (isAbsent(error))
    return new AichorError('engine_unavailable', `${command}, ${whose}, is not there`, {
      hint:
        installHint ?? 'install it where the control plane finds it (PATH), or use a context that needs none',
    });
  if (error === 'late')
    return new AichorError('engine_unavailable', `${command}, ${whose}, does not answer`, {
      hint: 'run kubectl with this context: if it asks something, log in there first',
    });
  const said = error instanceof SyntaxError ? 'what it printed is no ExecCredential' : lastLine(error);
  return new AichorError('engine_unavailable', `${command}, ${whose}, failed: ${said}`, {
    hint: 'run kubectl with this context: it most often asks to log in again',
  });
}

function ownFailure(error: unknown, user: string | null): AichorError {
  const code = systemErrorCode(error);
  const whose = user === null ? "the pod's service account" : `user ${user} of the kubeconfig`;
  const why = code === undefined ? lastLine(error) : `a file that it names cannot be read (${code})`;
  return new AichorError('engine_unavailable', `no credentials of ${whose}: ${why}`, {
    hint: 'log in to the cluster again, so that the kubeconfig is renewed',
  });
}

function lastLine(error: unknown): string {
  const lines = error instanceof Error ? error.message.trim().split('\n') : [];
  const last = (lines.at(-1) ?? '').trim().replaceAll(SECRETIVE, '…').slice(0, 300);
  return last === '' ? 'it did not say why' : last;
}

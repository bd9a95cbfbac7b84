import { isAichorError } from '../../errors.ts';
import { isClusterError, type ClusterError } from './cluster-error.ts';

/** What keeps an engine from being used, and the cure. */
export interface Trouble {
  message: string;
  hint: string;
}

/** What an error says about reaching a cluster. Throws anything that is neither the cluster's nor the user's. */
export function troubleOf(error: unknown): Trouble {
  if (isAichorError(error))
    return { message: error.message, hint: error.hint ?? 'aichor engines check tells more' };
  if (isClusterError(error) && isAichorError(error.cause)) return troubleOf(error.cause);
  if (isClusterError(error)) return { message: error.message, hint: cureOf(error) };
  throw error;
}

function cureOf({ status }: ClusterError): string {
  if (status === 0)
    return 'check that the cluster runs, and that the control plane reaches it (VPN, proxy, firewall)';
  if (status === 401)
    return 'log in to the cluster again, or give new credentials: aichor engines add NAME --replace';
  if (status === 403) return 'a cluster admin can grant it; aichor engines check says what is needed';
  return 'try again; if it stays, ask who runs the cluster';
}

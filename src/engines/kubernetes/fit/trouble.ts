import { isAichorError } from '../../../errors.ts';
import { isClusterError, type ClusterError } from '../api/cluster-error.ts';

/** What keeps an engine from being used, and the cure. */
export interface FitTrouble {
  message: string;
  hint: string;
}

/** What an error says about reaching a cluster. Throws anything that is neither the cluster's nor the user's. */
export function troubleOf(error: unknown): FitTrouble {
  if (isAichorError(error))
    return { message: error.message, hint: error.hint ?? 'aichor engines check tells more' };
  if (isClusterError(error) && isAichorError(error.cause)) return troubleOf(error.cause);
  if (isClusterError(error)) return { message: error.message, hint: cureOf(error) };
  throw error;
}

/** What a server's certificate can be refused for. */
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function cureOf({ status, reason }: ClusterError): string {
  if (UNTRUSTED.has(reason))
    return 'it is not the server that the kubeconfig trusts: correct its certificate-authority, or leave out the proxy between (NO_PROXY)';
  if (status === 0)
    return 'check that the cluster runs, and that the control plane reaches it (VPN, proxy, firewall)';
  if (status === 401)
    return 'log in to the cluster again, or give new credentials: aichor engines add NAME --replace';
  if (status === 403) return 'a cluster admin can grant it; aichor engines check says what is needed';
  return 'try again; if it stays, ask who runs the cluster';
}

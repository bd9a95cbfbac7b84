import type { PodSecurityContext, SecurityContext } from 'kubernetes-types/core/v1.js';
import type { Rendering } from '../rendering.ts';

/**
 * What the Pod Security level `restricted` asks of pods and containers, where the engine's settings say that its
 * namespace enforces it. The user has to be one with a number other than 0: of the image, or `runAsUser` of the manifest.
 */
export function restrictedPod({ settings }: Pick<Rendering, 'settings'>): PodSecurityContext {
  if (settings.pod_security !== 'restricted') return {};
  return { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
}

/** Nothing where nothing is asked for, so that a container says no more than it has to. */
export function containerSecurity(
  { settings }: Pick<Rendering, 'settings'>,
  added: readonly string[] = [],
): { securityContext?: SecurityContext } {
  const add = added.length > 0 ? { add: [...added] } : {};
  if (settings.pod_security === 'restricted') {
    const capabilities = { drop: ['ALL'], ...add };
    return { securityContext: { allowPrivilegeEscalation: false, capabilities } };
  }
  return added.length > 0 ? { securityContext: { capabilities: add } } : {};
}

import { objectName } from '../../../operators/object-name.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';

/**
 * Where Ray's history server (of KubeRay 1.7) shows what its collectors have kept of the experiment's Ray job: of its latest cluster,
 * which the server finds by the job. Null: none is set.
 */
export function rayHistoryLink(
  { ray_history_url: base, namespace }: Pick<KubernetesSettings, 'ray_history_url' | 'namespace'>,
  experimentId: string,
): string | null {
  if (base === null || namespace === null) return null;
  const url = new URL(base);
  const path = ['enter_cluster', namespace, 'rayjob', objectName(experimentId)].map(encodeURIComponent);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.join('/')}`;
  return url.href;
}

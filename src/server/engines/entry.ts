import type { SettingsInput } from '../../render/kubernetes/settings-schema.ts';

/** How a cluster is reached, and as whom. Credentials themselves stand in the file only. */
export type ClusterConnection =
  /** `reference`: a kubeconfig of the user's own; `stored`: one that the control plane keeps. */
  { kind: 'reference' | 'stored'; file: string; context: string } | { kind: 'in-cluster' };

/** A configured engine, as it is kept. */
export interface EngineEntry {
  name: string;
  connection: ClusterConnection;
  namespace: string;
  /** What differs from the defaults. */
  settings: SettingsInput;
}

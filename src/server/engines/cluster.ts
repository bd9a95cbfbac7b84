import type { Engine, EngineFinding } from '../../engines/engine.ts';
import type { SettingsInput } from '../../render/kubernetes/settings/settings-schema.ts';

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

/** What the control plane needs of Kubernetes. The composition root gives the real one, loaded when it is needed. */
export interface Kubernetes {
  /** Connects when it is used for the first time. */
  engine(entry: EngineEntry): Engine;
  /** Address of the API server. Throws AichorError `engine_unavailable` when the kubeconfig cannot be read. */
  server(entry: EngineEntry): Promise<string>;
  /** Everything it needs, looked at now; the first finding is whether the API server can be reached. Never throws. */
  check(entry: EngineEntry): Promise<EngineFinding[]>;
  /** Of the pod that this program runs in. Throws AichorError `engine_unavailable` when it does not run in one. */
  ownNamespace(): Promise<string>;
}

/** How a cluster is reached: a context of a kubeconfig, or as a pod of the cluster itself. */
export type ClusterAccess =
  | {
      kind: 'kubeconfig';
      /** Absolute path. */
      file: string;
      /** Null: the file's current context. */
      context: string | null;
      /** Null: the context's, else `default`. */
      namespace: string | null;
    }
  | {
      kind: 'in-cluster';
      /** Null: the pod's own. */
      namespace: string | null;
    };

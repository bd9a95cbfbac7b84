/** What the rest of the program asks of a kind of engine without knowing which one it is. */
interface EngineKindTraits {
  /** CPUs and memory are shared there, not reserved: asking for more than there is is a notice, never an error. */
  sharesMachine: boolean;
  /** An environment of Python on this machine can be named instead of building one. */
  takesPythonEnv: boolean;
  /** Inputs and outputs are folders, which it can serve as buckets, too. */
  servesBuckets: boolean;
  /** Pods can be processes or containers there. */
  choosesContainers: boolean;
  /** What it lacks for a plan is found on its nodes, by the control plane; else its capacity says it. */
  fitsByNodes: boolean;
  /** Its pods may have variables that only it knows, such as those of their project's secret. */
  hasOwnVariables: boolean;
}

/** Kinds of engines, by the word that `engines list` and `engines.json` have for them. How to add one: docs/adding.md. */
export const ENGINE_KINDS = {
  local: {
    sharesMachine: true,
    takesPythonEnv: true,
    servesBuckets: true,
    choosesContainers: true,
    fitsByNodes: false,
    hasOwnVariables: false,
  },
  kubernetes: {
    sharesMachine: false,
    takesPythonEnv: false,
    servesBuckets: false,
    choosesContainers: false,
    fitsByNodes: true,
    hasOwnVariables: true,
  },
} as const satisfies Record<string, EngineKindTraits>;

export type EngineKind = keyof typeof ENGINE_KINDS;
export const ENGINE_KIND_NAMES = Object.keys(ENGINE_KINDS) as [EngineKind, ...EngineKind[]];

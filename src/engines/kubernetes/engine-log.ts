/** Where the engine writes what its operators may want to know. Values of secrets are never given to it. */
export interface EngineLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

interface Building {
  env?: NodeJS.ProcessEnv;
  say(text: string): void;
}

export function buildParts(names: readonly string[], building: Building): Promise<Record<string, string>>;
export function builtParts(
  names: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<Record<string, string> | null>;
